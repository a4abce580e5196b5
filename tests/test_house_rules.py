"""The rules of this house, checked on the source itself. Each failure says why its rule exists."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "daemon").rglob("*.py"))

# Where each module stands; the longest prefix counts. Imports point downwards, or stay on the rung.
RUNGS = {
    "daemon": 4,
    "daemon.cli": 4,
    "daemon.app": 4,
    "daemon.running": 4,
    "daemon.serving": 4,
    "daemon.supervisor": 4,
    "daemon.simulate": 4,  # a world of its own: it talks to the daemon over sockets and imports little of it
    "daemon.http": 3,
    "daemon.observe": 3,
    "daemon.scheduler.driver": 3,
    "daemon.scheduler.clock": 3,
    "daemon.scheduler.crew": 3,
    "daemon.scheduler.slices": 3,
    "daemon.sip.connected": 3,
    "daemon.sip.connection": 3,
    "daemon.sip.connections": 3,
    "daemon.sip.endpoint": 3,
    "daemon.sip.intake": 3,
    "daemon.sip.locator": 3,
    "daemon.sip.mmsg": 3,
    "daemon.sip.pinger": 3,
    "daemon.sip.prober": 3,
    "daemon.sip.resolver": 3,
    "daemon.sip.flow": 3,
    "daemon.sip.flows": 3,
    "daemon.sip.listener": 3,
    "daemon.sip.tls": 3,
    "daemon.integrations": 3,
    "daemon.outputs": 3,
    "daemon.snmp.agent.agent": 3,
    "daemon.snmp.sending.association": 3,
    "daemon.snmp.v3.start": 3,
    "daemon.snmp.receiver.receiver": 3,
    "daemon.snmp.sending.sender": 3,
    "daemon.store": 3,
    "daemon.switchboard": 2,
    "daemon.fleet.fleet": 2,
    "daemon.config": 2,
    "daemon.fleet": 1,
    "daemon.http.admission": 1,
    "daemon.http.limits": 1,
    "daemon.http.peer_certificate": 1,
    "daemon.http.plain": 1,
    "daemon.http.operators.sessions": 1,
    "daemon.http.operators.throttle": 1,
    "daemon.http.phones.alerts": 1,
    "daemon.http.phones.guessers": 1,
    "daemon.http.phones.keepalive": 1,
    "daemon.http.phones.lenient_json": 1,
    "daemon.http.phones.logins": 1,
    "daemon.http.phones.ranges": 1,
    "daemon.integrations.ami_contacts": 1,
    "daemon.integrations.ami_protocol": 1,
    "daemon.integrations.ami_session": 1,
    "daemon.integrations.sightings": 1,
    "daemon.integrations.usrloc": 1,
    "daemon.outputs.letter": 1,
    "daemon.outputs.payloads": 1,
    "daemon.outputs.syslog_message": 1,
    "daemon.outputs.wording": 1,
    "daemon.authentication": 1,
    "daemon.provisioning": 1,
    "daemon.sip": 1,
    "daemon.snmp": 1,
    "daemon.store.alarm_rows": 1,
    "daemon.store.call_rows": 1,
    "daemon.store.file_rows": 1,
    "daemon.store.group": 1,
    "daemon.store.operation_rows": 1,
    "daemon.store.queue": 1,
    "daemon.store.routing": 1,
    "daemon.store.rows": 1,
    "daemon.store.schema": 1,
    "daemon.store.statements": 1,
    "daemon.store.texts": 1,
    "daemon.__version__": 0,
    "daemon.config.entries": 1,
    "daemon.config.faults": 1,
    "daemon.config.positions": 1,
    "daemon.config.shape": 1,
    "daemon.exchange": 1,
    "daemon.config.alarm_settings": 0,
    "daemon.config.block": 0,
    "daemon.config.contact_settings": 0,
    "daemon.config.durations": 0,
    "daemon.config.file_settings": 0,
    "daemon.config.http_settings": 0,
    "daemon.config.import_settings": 0,
    "daemon.config.licence_settings": 0,
    "daemon.config.listen": 0,
    "daemon.config.operation_settings": 0,
    "daemon.config.overload_settings": 0,
    "daemon.config.output_settings": 0,
    "daemon.config.route_settings": 0,
    "daemon.config.settings": 0,
    "daemon.config.snmp_settings": 0,
    "daemon.errors": 0,
    "daemon.fleet.acts": 0,
    "daemon.fleet.calls": 0,
    "daemon.fleet.commands": 0,
    "daemon.fleet.store_commands": 0,
    "daemon.fleet.delivery": 0,
    "daemon.fleet.device": 0,
    "daemon.fleet.events": 0,
    "daemon.fleet.model": 0,
    "daemon.fleet.notifications": 0,
    "daemon.fleet.operations.operation": 0,
    "daemon.fleet.outbox_queue": 0,
    "daemon.fleet.phone_command": 0,
    "daemon.fleet.records": 0,
    "daemon.fleet.round_trips": 0,
    "daemon.fleet.target": 0,
    "daemon.scheduler": 0,
}
# The driver that a switchboard owns and pokes lives beside what only edges may have.
ACROSS = {
    ("daemon.switchboard", "daemon.scheduler.clock"),
    ("daemon.switchboard", "daemon.scheduler.driver"),
}
PROTOCOLS = ("daemon.sip", "daemon.snmp", "daemon.http", "daemon.integrations", "daemon.outputs", "daemon.simulate")
BEHIND_THE_CROSSING = ("daemon.fleet.fleet", "daemon.fleet.parts", "daemon.store", "daemon.switchboard")

# Awkward libraries have few importers, so that replacing one touches few files.
IMPORTERS = {
    "apprise": {"daemon.outputs.apprise_program"},
    "alembic": {"daemon.store.database", "daemon.store.migrations"},
    "asyncio": set(),
    "dns": {"daemon.sip.resolver"},
    "cryptography": {
        "daemon.observe.certificates",
        "daemon.provisioning.sealing",
        "daemon.snmp.v3.usm",
        "daemon.store.files",
    },
    "h11": {"daemon.http.asgi", "daemon.http.connection", "daemon.http.wire", "daemon.simulate.http_side"},
    "pysnmp": set(),
    "sqlalchemy": {"daemon.store"},
    "trio_asyncio": {"daemon.store.database"},
    "yaml": {"daemon.config.export", "daemon.config.positions", "daemon.cli.demo_setup", "daemon.cli.preview"},
}
CLOCKS = {("time", "time"), ("time", "monotonic"), ("time", "perf_counter"), ("time", "sleep"), ("datetime", "now")}
MAY_READ_CLOCKS = {"daemon.scheduler.clock"}
MAY_CATCH_ANYTHING = {
    "daemon.http.connection",
    "daemon.outputs.outputs",
    "daemon.sip.connections",
    "daemon.sip.intake",
    "daemon.snmp.agent.agent",
    "daemon.snmp.sending.association",
    "daemon.snmp.receiver.receiver",
    "daemon.store.database",
}
NO_NAMES = {"utils", "helpers", "common", "base", "misc", "manager"}

LINES_PER_FILE, LINES_PER_FUNCTION = 400, 50
LONG_ON_PURPOSE = {"daemon.app.run_daemon"}  # the composition root is the story of a start
# Shapes without behaviour, and modules that a test of another name exercises whole.
WITHOUT_A_MIRROR = {
    "daemon.__main__": "starts the command line",
    "daemon.config.import_settings": "shapes",
    "daemon.fleet.acts": "shapes",
    "daemon.fleet.calls": "shapes",
    "daemon.fleet.commands": "shapes",
    "daemon.fleet.store_commands": "shapes",
    "daemon.fleet.delivery": "shapes",
    "daemon.fleet.events": "shapes",
    "daemon.fleet.notifications": "shapes",
    "daemon.fleet.operations.operation": "shapes",
    "daemon.fleet.outbox_queue": "shapes",
    "daemon.fleet.parts": "shapes",
    "daemon.fleet.phone_command": "shapes",
    "daemon.fleet.records": "shapes",
    "daemon.fleet.target": "shapes",
    "daemon.http.operators.output_desk": "shapes",
    "daemon.outputs.push_outcome": "shapes",
    "daemon.outputs.way": "shapes",
    "daemon.provisioning.served": "shapes",
    "daemon.simulate.acts": "shapes",
}


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
PACKAGES = {_name(path) for path in SOURCES if path.name == "__init__.py"}
MODULES = sorted(TREES.keys() - PACKAGES)


def _within(module: str, places: set[str] | tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def _rung(module: str) -> int:
    return RUNGS[max((prefix for prefix in RUNGS if _within(module, (prefix,))), key=len)]


def _imports(module: str) -> Iterator[str]:
    """Modules that `module` imports; `from package import module` names the module."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in TREES or inner in RUNGS else node.module


def _calls(module: str) -> set[tuple[str, str]]:
    """Calls of the form `name.attribute(...)`."""
    calls = (node.func for node in ast.walk(TREES[module]) if isinstance(node, ast.Call))
    return {
        (call.value.id, call.attr)
        for call in calls
        if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name)
    }


def _mirror(module: str) -> Path:
    folder, _, name = module.removeprefix("daemon.").rpartition(".")
    return ROOT / "tests" / folder.replace(".", "/") / f"test_{name}.py"


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_imports_point_downwards() -> None:
    """A rule that knew of an edge could not be tested by calling it, and a cycle would follow."""
    upwards = {
        (module, other)
        for module in MODULES
        for other in _imports(module)
        if _within(other, ("daemon",)) and _rung(other) > _rung(module) and (module, other) not in ACROSS
    }
    assert not upwards


def test_protocol_folders_know_neither_each_other_nor_what_is_behind_the_crossing() -> None:
    """They meet only in events and commands; otherwise one protocol's change would be felt in another."""
    crossing = {
        (module, other)
        for own in PROTOCOLS
        for module in MODULES
        if _within(module, (own,))
        for other in _imports(module)
        if _within(other, (*(place for place in PROTOCOLS if place != own), *BEHIND_THE_CROSSING))
    }
    assert not crossing


def test_only_edges_import_trio() -> None:
    """Below the edges nothing waits, which is what makes every step atomic."""
    below = {module for module in MODULES if _rung(module) < 3} - {one for one, _ in ACROSS}
    assert not {module for module in below if "trio" in {other.split(".")[0] for other in _imports(module)}}


@pytest.mark.parametrize("library", IMPORTERS)
def test_awkward_libraries_have_few_importers(library: str) -> None:
    """Each foreign face is met in one place, so its quirks are known in one place."""
    importers = {module for module in TREES if library in {other.split(".")[0] for other in _imports(module)}}
    assert not {module for module in importers if not _within(module, IMPORTERS[library])}


def test_nobody_else_reads_a_clock() -> None:
    """`now` is an argument; a clock read inside a rule cannot be turned by a test."""
    assert not {module for module in MODULES if _calls(module) & CLOCKS} - MAY_READ_CLOCKS


def test_imports_stand_at_the_top() -> None:
    """An import inside a function hides a cycle, and a cycle is a fault of layering."""
    inside = {
        module
        for module in MODULES
        for function in _functions(TREES[module])
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function))
    }
    assert not inside


def test_every_module_says_what_it_owns() -> None:
    """A newcomer reads the first line and knows whether to read on."""
    assert not {module for module, tree in TREES.items() if not ast.get_docstring(tree)}
    assert not {module for module in TREES if module.rsplit(".", 1)[-1] in NO_NAMES}, "named for nothing"


def test_every_module_has_its_test() -> None:
    """Where a behaviour is, there its test is, one guess away."""
    ours = [module for module in MODULES if not _within(module, ("daemon.store.migrations",))]
    assert not {_mirror(module) for module in ours if module not in WITHOUT_A_MIRROR and not _mirror(module).exists()}


def test_files_and_functions_stay_small() -> None:
    """What does not fit on a few screens holds more than one thing."""
    lines = {path: path.read_text(encoding="utf-8").count("\n") for path in SOURCES}
    assert not {str(path): count for path, count in lines.items() if count > LINES_PER_FILE}
    long = {
        f"{module}.{function.name}"
        for module, tree in TREES.items()
        for function in _functions(tree)
        if (function.end_lineno or 0) - function.lineno > LINES_PER_FUNCTION
    }
    assert not long - LONG_ON_PURPOSE


def test_only_named_guards_catch_everything() -> None:
    """A broad except anywhere else would hide a fault; these few keep one peer from hurting the others."""
    broad = {
        module
        for module in MODULES
        for handler in ast.walk(TREES[module])
        if isinstance(handler, ast.ExceptHandler)
        and (handler.type is None or ast.unparse(handler.type) in ("Exception", "BaseException"))
    }
    assert not broad - MAY_CATCH_ANYTHING
