from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from daemon.config.durations import format_duration
from daemon.config.entries import (
    WrittenConnection,
    WrittenDevice,
    WrittenNumber,
    WrittenServer,
    WrittenTenant,
    WrittenUser,
)
from daemon.config.inventory import LISTS
from daemon.config.loader import load_settings
from daemon.config.positions import Table, place_of, read_yaml
from daemon.config.reload import RESTART_ONLY, flatten
from daemon.config.settings import Connector, KeepAlive, Qualify, Settings, Sip
from daemon.config.shape import shape_of
from daemon.config.snmp_settings import Manager, Snmp
from daemon.errors import Fault

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "etc" / "ringkeeper.yml"
MANUAL = ROOT / "docs" / "configuration.md"

# What the example shows with another value than the default, because the default would show nothing.
EXAMPLES = {
    "inventory",
    "http.phones.listen",
    "http.operators.listen",
    "sip.listen",
    "sip.domain",
    "snmp.users",
    "snmp.managers",
    "snmp.agent.access",
    "outputs",
    "connectors",
}

# What says all by its name, or is explained at the phones' listener, which has the same keys.
SELF_EXPLAINING = {
    "max_connections",
    "idle_timeout",
    "request_timeout",
    "expire_after",
    "host",
    "port",
    "version",
    "community",
    "name",
}


LISTED = ("managers", "users", "access", "connectors")  # keys whose value is a list of blocks


def keys_of(block: type[BaseModel], prefix: str = "") -> list[str]:
    """Every key an operator can write, the keys of list entries among them."""
    keys = []
    for name, field in block.model_fields.items():
        keys.append(f"{prefix}{name}")
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                keys += keys_of(part, f"{prefix}{name}.")
        for form in shape_of(block).choices.get(name, {}).values():
            keys += keys_of(form, f"{prefix}{name}.")
    return [*dict.fromkeys(keys)]


def keys_in(table: Table, prefix: str = "") -> list[str]:
    keys = []
    for name, value in table.items():
        if name.startswith("<"):
            continue  # the manual's placeholder for a key of the operator's own
        keys.append(f"{prefix}{name}")
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, Table):
                keys += keys_in(inner, f"{prefix}{name}.")
    return [*dict.fromkeys(keys)]  # the entries of a list have some keys in common


def example() -> str:
    """The example with its commented-out blocks in force: "#" without a space after it."""
    return re.sub(r"(?m)^((?:  ){0,2})#(?! \S)", r"\1", EXAMPLE.read_text())


@pytest.fixture
def shown(tmp_path: Path) -> Settings:
    path = tmp_path / "ringkeeper.yml"
    path.write_text(example())
    return load_settings(path)


def test_the_example_as_it_is_tells_nobody_of_alarms() -> None:
    assert load_settings(EXAMPLE).snmp.managers == ()


def test_the_example_shows_every_key_once() -> None:
    table = read_yaml(example(), "ringkeeper.yml", [])
    assert sorted(keys_in(table)) == sorted(keys_of(Settings))


def test_the_example_shows_the_defaults(shown: Settings) -> None:
    values, defaults = dict(flatten(shown)), dict(flatten(Settings()))
    assert {key for key in values if values[key] != defaults[key]} == EXAMPLES


def test_what_is_no_default_is_marked_as_an_example() -> None:
    marked = [line.strip().partition(":")[0] for line in example().splitlines() if "# example" in line]
    assert sorted(marked) == sorted(key.rpartition(".")[2] for key in EXAMPLES)


def test_the_managers_of_the_example_are_otherwise_by_default(shown: Settings) -> None:
    [manager] = shown.snmp.managers
    assert manager == Manager(host=manager.host)


def test_the_connector_of_the_example_is_otherwise_by_default(shown: Settings) -> None:
    [connector] = shown.connectors
    required = {"server", "kind", "host", "user", "secret"}
    assert connector == Connector(**connector.model_dump(include=required))


def test_the_manual_says_the_defaults_of_a_connector() -> None:
    said = {name: default_in_manual(f"connectors.{name}") for name in Connector.model_fields}
    required = {"server", "kind", "host", "url", "user"}
    assert {name for name in said if "required" in said[name]} == required
    given = {name: value for name, value in said.items() if name not in required and value != "none"}
    known: dict[str, object] = {"server": "pbx-a", "kind": "asterisk", "host": "a", "user": "b"}
    assert Connector.model_validate(known | given) == Connector.model_validate(known)


@pytest.mark.parametrize(
    "changed",
    [
        {"host": ""},
        {"user": ""},
        {"kind": "kamailio"},
        {"kind": "kamailio", "url": "http://user:secret@192.0.2.6/RPC"},
        {"kind": "kamailio", "url": "ftp://192.0.2.6/RPC"},
        {"kind": "opensips"},
        {"user": "x\r\nSecret: y"},
    ],
)
def test_a_connector_that_leads_nowhere_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Connector.model_validate({"server": "pbx-a", "kind": "asterisk", "host": "a", "user": "b"} | changed)


def test_a_server_is_asked_by_one_connector() -> None:
    one = {"server": "pbx-a", "kind": "kamailio", "url": "http://192.0.2.6:8060/RPC"}
    assert len(Settings.model_validate({"connectors": [one, one | {"server": "pbx-b"}]}).connectors) == 2
    with pytest.raises(ValidationError, match="same server"):
        Settings.model_validate({"connectors": [one, one]})


def test_the_secret_of_a_connector_is_not_shown() -> None:
    connector = Connector(server="a", kind="asterisk", host="a", user="b", secret=SecretStr("hush"))
    assert "hush" not in f"{connector!r} {connector.model_dump_json()}"


def test_every_key_of_the_example_says_why() -> None:
    lines = [line for line in example().splitlines() if re.match(r"[\w\s-]+: *\S", line) and " # " not in line]
    assert {line.split(":")[0].strip(" -") for line in lines} <= SELF_EXPLAINING


WRITTEN: tuple[type[BaseModel], ...] = (
    WrittenTenant,
    WrittenServer,
    WrittenUser,
    WrittenDevice,
    WrittenNumber,
    WrittenConnection,
)


def manual(heading: str = "") -> tuple[Table, list[str]]:
    """The YAML of the manual as one table (the inventory's apart) and its lines, which the table's places count."""
    settings, _, inventory = MANUAL.read_text().partition("## The inventory")
    text = "".join(re.findall(r"```yaml\n(.*?)```", inventory if heading else settings, re.DOTALL))
    faults: list[Fault] = []
    table = read_yaml(text, "configuration.md", faults)
    assert faults == []
    return table, text.splitlines()


def default_in_manual(key: str) -> str:
    table, lines = manual()
    path = tuple(part for name in key.split(".") for part in ((name, 0) if name in LISTED else (name,)))
    path = path[:-1] if path[-1] == 0 else path
    line = lines[place_of(table, path, ("", 1))[1] - 1]
    found = re.search(r"# (?:default )?(.*?)(?:\. |\.?$)", line)
    return found[1] if found else ""


def written(said: str) -> object:
    """A default as the manual words it, as YAML would give it."""
    return None if said == "none" else said[1:-1].split(", ") if said[0] == "[" else said


def test_the_manual_shows_every_key_once() -> None:
    assert sorted(keys_in(manual()[0])) == sorted(keys_of(Settings))


def test_the_manual_shows_every_key_of_the_inventory() -> None:
    shown = keys_in(manual("inventory")[0])
    for name, block in zip(LISTS, WRITTEN, strict=True):
        assert sorted(key for key in shown if key.startswith(f"{name}.")) == sorted(keys_of(block, f"{name}."))


@pytest.mark.parametrize("key", sorted(dict(flatten(Settings()))))
def test_the_manual_says_the_default(key: str) -> None:
    said = default_in_manual(key)
    value = written(said)
    for name in reversed(key.split(".")):
        value = {name: value}
    defaults = dict(flatten(Settings()))
    assert defaults[key] in (None, "", (), {}) if said == "none" else defaults == dict(flatten(Settings(**value)))  # type: ignore[arg-type]


def test_the_manual_says_the_defaults_of_a_manager() -> None:
    said = {name: default_in_manual(f"snmp.managers.{name}") for name in Manager.model_fields}
    assert said.pop("host") == "required"
    given = {name: written(default) for name, default in said.items() if default != "none"}
    assert Manager.model_validate({"host": "a", **given}) == Manager(host="a")


def test_the_manual_says_the_defaults_of_every_output() -> None:
    table, lines = manual()
    forms = shape_of(Settings).choices["outputs"]
    entries = dict(enumerate(table["outputs"]))
    assert [entry["kind"] for entry in entries.values()] == [*forms]
    for index, entry in entries.items():
        for key in entry:
            line = lines[place_of(table, ("outputs", index, key), ("", 1))[1] - 1]
            said = line.partition("# ")[2].removeprefix("default ").partition(".")[0]
            field = forms[entry["kind"]].model_fields[key]
            assert said == ("required" if field.is_required() else shown_as(field.default)), line


def shown_as(default: object) -> str:
    if isinstance(default, float):
        return format_duration(default)
    return f"[{', '.join(default)}]" if isinstance(default, tuple) and default else str(default or "none")


def test_the_manual_and_the_plan_agree_on_what_takes_a_restart() -> None:
    table, lines = manual()
    marked = [
        key for key in keys_in(table) if "Restart." in lines[place_of(table, tuple(key.split(".")), ("", 1))[1] - 1]
    ]
    assert sorted(marked) == sorted(RESTART_ONLY)


@pytest.mark.parametrize(
    ("block", "values"),
    [
        (Sip, {"min_expires": 100, "max_expires": 99}),
        (Qualify, {"lagged_after": "4s", "timeout": "4s"}),
        (KeepAlive, {"period": "2h", "disconnected_after": "2h"}),
        (Snmp, {"managers": [{"host": "a"}, {"host": "a", "kind": "trap"}]}),
    ],
)
def test_values_that_contradict_each_other_are_refused(block: type[BaseModel], values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        block.model_validate(values)


def test_settings_never_change_after_reading() -> None:
    with pytest.raises(ValidationError):
        Settings().sip.domain = "elsewhere"  # type: ignore[misc]


def test_two_managers_differ_by_host_port_or_profile() -> None:
    Snmp(managers=(Manager(host="a"), Manager(host="a", profile="audiocodes"), Manager(host="a", port=1162)))
