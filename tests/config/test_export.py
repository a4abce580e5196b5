from __future__ import annotations

from ipaddress import ip_network

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config.export import export_inventory
from daemon.config.inventory import parse_inventory
from daemon.fleet.model import ConnectionKind, ConnectionRecord, DeviceRecord, Mac, Server, Site, Tenant
from daemon.fleet.records import Inventory, NumberEntry, NumberStatus, User
from daemon.provisioning.placeholders.lookup import looks_secret

TENANT = Tenant(
    "acme",
    description="Acme: a & b # c",
    subnet=ip_network("10.1.0.0/16"),
    default=True,
    sites=(Site("hq", ip_network("10.1.2.0/24"), {"Language": "Deutsch"}, "Europe/Berlin"), Site("yes")),
    placeholders={"Pin": "\x01sealed:0123"},
    authentication="always",
    interval=30.0,
    lagged_after=0.5,
    rungs=("secret", "addresses"),
    addresses=(ip_network("198.51.100.0/28"), ip_network("2001:db8::/64")),
    unprotected="refused",
    timezone="America/New_York",
)
SERVER = Server("pbx-a", "sip:[2001:db8::1]:5070")
DEVICE = DeviceRecord(
    mac=Mac("00908f4867af"),
    model="420HD",
    tenant="acme",
    site="hq",
    user="null",
    display_name="Zoë “Z” O'Brien",
    number="0041",
    server="pbx-a",
    qualify=False,
    lagged_after=0.5,
    contact="sip:0041@10.1.2.7:5060",
    sip_password="sealed:~",
    placeholders={"Tone": "- loud"},
    approved=False,
    template="special",
    firmware="420HD_2.2.16.img",
    serial="12345678",
    nickname="Lobby",
)
NUMBER = NumberEntry("+49", NumberStatus.COOLING, "Device", "AudioCodes", None, "gone: tired", 1772615702.25)


CONNECTION = ConnectionRecord(
    "trunk-a",
    "sip:sbc.example.net;transport=tcp",
    ConnectionKind.SBC,
    "acme",
    "hq",
    qualify=False,
    interval=30.0,
    lagged_after=0.5,
)


USER = User("null", "acme", "Zoë", "0041", "sealed:~")


def sealed(password: str) -> str:
    return f"sealed:{password}"


def opened(text: str) -> str:
    return text.removeprefix("sealed:")


def test_what_is_exported_is_imported_without_change() -> None:
    text = export_inventory([TENANT], [SERVER], [DEVICE], [NUMBER], [CONNECTION], users=[USER], open_secret=opened)
    inventory = parse_inventory(text, "export.yml", sealed)
    assert (inventory.tenants, inventory.servers) == ((TENANT,), (SERVER,))
    assert (inventory.devices, inventory.numbers) == ((DEVICE,), (NUMBER,))
    assert inventory.connections == (CONNECTION,)
    assert inventory.users == (USER,)


def test_passwords_stay_out_unless_they_may_be_opened() -> None:
    text = export_inventory([], [], [DEVICE], [])
    assert "password" not in text
    assert "sip_password" not in parse_inventory(text, "export.yml", sealed).device_fields[DEVICE.mac]


def test_secrets_among_placeholders_stay_out_as_well() -> None:
    assert "0123" in export_inventory([TENANT], [], [], [], open_secret=opened)
    text = export_inventory([TENANT], [], [], [])
    assert "0123" not in text
    assert "Deutsch" in text


def test_only_what_differs_from_a_default_is_written() -> None:
    assert export_inventory([], [], [DeviceRecord(Mac("00908f4867af"))], []) == "devices:\n- mac: 00908f4867af\n"


def test_an_empty_fleet_is_an_empty_file() -> None:
    assert export_inventory([], [], [], []) == ""
    assert parse_inventory("", "export.yml", sealed) == Inventory()


# A name that tells of a secret, as PSK does, has its value left out: the test of secrets is above.
PLAIN_NAMES = st.from_regex(r"[A-Za-z0-9_]{1,8}", fullmatch=True).filter(lambda name: not looks_secret(name))
LINES = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=30)


@settings(max_examples=75, deadline=None)
@given(LINES, LINES, st.dictionaries(PLAIN_NAMES, LINES, max_size=2))
def test_any_line_of_text_survives(user: str, name: str, placeholders: dict[str, str]) -> None:
    device = DeviceRecord(Mac("00908f4867af"), user=user, display_name=name, placeholders=placeholders)
    text = export_inventory([], [], [device], [])
    assert parse_inventory(text, "export.yml", sealed).devices == (device,)
