"""What every vendor owes: whoever adds one is told here what is missing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.errors import ConfigError
from daemon.fleet.model import Mac
from daemon.provisioning.placeholders.computed import DEFAULTS
from daemon.provisioning.placeholders.lookup import PLACEHOLDER, Family, Layer, Lookup, expand
from daemon.provisioning.templates.shelf import Template, parse_template
from daemon.provisioning.vendors.registry import VENDORS
from daemon.provisioning.vendors.syntax import Include, Setting, read_line
from daemon.provisioning.vendors.vendor import WRITTEN, Channel, Effect, PhoneCommand, Resync, Role, Vendor
from daemon.store.files import read_shipped_templates

every_vendor = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
HOSTILE = ["1\nb=2", "1\r\nb=2", '1"/><b c="2', "<!--", "]]>", "&amp;", "&#10;", "a\u2028b", "'", '"', "#x", ";x", ""]
LINES = st.lists(
    st.builds(
        Setting,
        st.sampled_from(["a", "reg.1.label", "account.1.label", "voip/line/0/id"]) | st.text(max_size=12),
        st.sampled_from(HOSTILE) | st.text(max_size=30),
    )
    | st.builds(Include, st.text(max_size=20)),
    max_size=6,
)


def shipped(name: str) -> Template:
    return parse_template(name, read_shipped_templates()[f"{name}.xml"])


def names(template: Template) -> set[str]:
    return {name for line in template.shared + template.own for name in PLACEHOLDER.findall(line.text)}


def of_vendor(vendor: Vendor) -> Mac:
    return Mac(f"{vendor.ouis[0]}0a0b0c")


@every_vendor
def test_its_tables_are_in_shape(vendor: Vendor) -> None:
    assert vendor.name == vendor.name.lower()
    assert all(len(oui) == 6 and oui == oui.lower() and int(oui, 16) for oui in vendor.ouis)
    assert vendor.ouis
    assert set(vendor.url_options) <= set(vendor.dhcp_options)
    assert all(name == name.upper() and name.isalnum() for name in vendor.models)
    assert all(command.path.startswith("/") for command in vendor.commands.values())
    assert all(entry.why for entry in vendor.effects)


@every_vendor
def test_it_knows_its_own_device_file_again(vendor: Vendor) -> None:
    mac = of_vendor(vendor)
    file = vendor.file_role(vendor.device_file_name(mac))
    assert file is not None
    assert (file.role, file.mac) == (Role.DEVICE, mac)
    assert vendor.makes(mac)


@every_vendor
def test_its_shipped_template_is_written_in_its_syntax_whatever_the_values(vendor: Vendor) -> None:
    template = shipped(vendor.template)
    asked = names(template)
    values = Lookup([Layer(Family.DEVICE, dict.fromkeys(asked, "O'Hara <\"&> ;#=%"))])
    lines = [expand(line.text, values).text for line in template.shared + template.own if not line.is_include]
    assert vendor.render(map(read_line, lines))


@every_vendor
def test_its_shipped_template_asks_for_what_every_template_may(vendor: Vendor) -> None:
    assert names(shipped(vendor.template)) <= names(shipped("generic")) | DEFAULTS.keys()


@every_vendor
def test_without_settings_its_file_is_still_one_it_can_read(vendor: Vendor) -> None:
    assert isinstance(vendor.render([]), bytes)


@every_vendor
@given(lines=LINES)
@example(lines=[Setting(key, value) for value in HOSTILE for key in ("a", "a" + value)])
@settings(max_examples=50)
def test_a_file_is_written_or_refused_and_the_same_each_time(
    vendor: Vendor, lines: Sequence[Setting | Include]
) -> None:
    try:
        body = vendor.render(lines)
    except ConfigError:
        return
    assert body == vendor.render(lines)
    assert body.decode() or not lines


@every_vendor
@given(text=st.text(max_size=300))
@example("(" * 100_000)
@example("FileTransport Poly" * 10_000)
@example("Yealink SIP-T46S" + " 1" * 50_000)
@example("0" * 12 + ".cfg")
@settings(max_examples=50)
def test_whatever_a_phone_sends_is_answered(vendor: Vendor, text: str) -> None:
    said, file = vendor.read_user_agent(text), vendor.file_role(text)
    assert said is None or said.model == "" or said.model.isalnum()
    assert file is None or file.mac != "0" * 12


def test_the_event_of_a_check_sync_says_whether_to_restart_if_the_phone_heeds_that() -> None:
    assert Resync().header(reboot=True) == "check-sync;reboot=true"
    assert Resync().header(reboot=False) == "check-sync;reboot=false"
    assert Resync(restart="", fetch="", chooses=False).header(reboot=True) == "check-sync"


def test_a_key_that_no_table_holds_has_an_unknown_effect_and_says_so() -> None:
    for vendor in VENDORS:
        assert vendor.effect("zzz/none").effect is Effect.UNKNOWN
        assert not vendor.effect("zzz/none").confirmed


def test_a_command_is_a_guess_until_somebody_confirms_it() -> None:
    assert PhoneCommand("x", "POST", "/x") == PhoneCommand("x", "POST", "/x", {}, Channel.KEEP_ALIVE, confirmed=False)


def test_a_phone_writes_back_what_is_its_own_and_never_its_settings() -> None:
    assert not WRITTEN & {Role.DEVICE, Role.SHARED, Role.MASTER, Role.FIRST, Role.FIRMWARE}
