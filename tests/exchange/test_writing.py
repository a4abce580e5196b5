from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.exchange.reading import read_table
from daemon.exchange.writing import users_table
from daemon.fleet.acts import InventoryApplied
from daemon.fleet.model import DeviceRecord, Mac, Tenant
from daemon.fleet.records import Inventory, User
from daemon.fleet.store_commands import SaveDevice, SaveUser
from daemon.provisioning.sealing import seal_values
from tests.support.builders import MAC, OTHER_MAC
from tests.support.playbook import Playbook


def sealed(text: str) -> str:
    return f"sealed:{text}"


def opened(text: str) -> str:
    return text.removeprefix("sealed:")


ALICE = User("alice", "acme", "=Alice", "2041", "sealed:0123")
PHONE = DeviceRecord(
    MAC,
    model="420HD",
    tenant="acme",
    user="alice",
    display_name="+Desk",
    number="+4930",
    sip_password="sealed:own",
    placeholders=seal_values({"VLANID": "12", "AdminPassword": "root", "Tone": "-loud"}, sealed),
    serial="S1",
    nickname="@lobby",
)


def fleet(users: list[User], devices: list[DeviceRecord]) -> Playbook:
    play = Playbook()
    play.hears(
        InventoryApplied(
            Inventory(tenants=(Tenant("acme"), Tenant("globex")), users=tuple(users), devices=tuple(devices)), "test"
        )
    )
    return play


def changed_by(play: Playbook, text: str) -> list[object]:
    """What an import of this table would write."""
    reading = read_table(text.encode(), "users.csv", sealed, most_lines=1000)
    assert reading.faults == ()
    orders = play.hears(InventoryApplied(reading.inventory, "test"))
    assert play.fleet.intake is None
    return [order for order in orders if isinstance(order, SaveDevice | SaveUser)]


def test_the_vendors_columns_come_first_and_no_password() -> None:
    head, line = users_table([ALICE], [PHONE]).splitlines()
    assert head.startswith(
        "Name,Display Name,Tenant,Number,Device 1 Display Name,Device 1 MAC Address,Device 1 Serial Number,"
        "Device 1 IP Phone Model,Device 1 Language,Device 1 VLAN Mode,Device 1 VLAN ID,Device 1 VLAN Priority,"
        "Device 1 Number,Device 1 Nickname,Device 1 %ITCS_Tone%"
    )
    assert line == "alice,'=Alice,acme,2041,'+Desk,00908f4867af,S1,420HD,,,12,,'+4930,'@lobby,'-loud"


def test_passwords_are_there_on_explicit_right_alone() -> None:
    text = users_table([ALICE], [PHONE], open_secret=opened)
    assert [word for word in ("0123", "own", "root") if word not in text] == []
    assert "sealed" not in text


def test_a_fifth_device_begins_another_row_of_the_user() -> None:
    phones = [replace(PHONE, mac=Mac(f"00908f00000{n}"), number=str(n), user="alice") for n in range(5)]
    lines = users_table([ALICE], phones).splitlines()
    assert [line.split(",")[0] for line in lines] == ["Name", "alice", "alice"]
    assert changed_by(fleet([ALICE], phones), "\n".join(lines)) == []


def test_what_was_exported_fills_another_fleet() -> None:
    play = fleet([], [])
    changed_by(play, users_table([ALICE], [PHONE], open_secret=opened))
    assert play.fleet.users == {ALICE.key: ALICE}
    assert replace(play.device().record, armed_until=0.0, defined_at=0.0) == PHONE


LINE = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=6)
BAIT = st.one_of(LINE, st.builds(str.__add__, st.sampled_from("=+-@'"), LINE))
NAME = st.sampled_from(["alice", "2041", "=bob", "'=carol"])
USERS = st.lists(
    st.builds(User, NAME, st.sampled_from(["", "acme"]), BAIT, st.sampled_from(["", "1", "+2"]), st.just("")),
    unique_by=lambda user: user.key,
    max_size=3,
)
PASSWORD = st.one_of(st.just(""), BAIT.filter(bool).map(sealed))


@st.composite
def devices(draw: st.DrawFn) -> list[DeviceRecord]:
    """Some phones, each with a number of its own or none."""
    return [
        DeviceRecord(
            mac,
            tenant=draw(st.sampled_from(["", "acme", "globex"])),
            user=draw(st.one_of(st.just(""), NAME)),
            display_name=draw(BAIT),
            number=draw(st.sampled_from(["", number])),
            nickname=draw(BAIT),
            placeholders=seal_values({name: draw(BAIT) for name in ("Tone", "AdminPassword")}, sealed),
            sip_password=draw(PASSWORD),
        )
        for mac, number in ((MAC, "+7"), (OTHER_MAC, "8"), (Mac("00908f000009"), "9"))
    ]


@settings(max_examples=60, deadline=None)
@given(USERS, devices(), st.booleans())
def test_an_export_is_imported_without_change(users: list[User], phones: list[DeviceRecord], secrets: bool) -> None:
    play = fleet(users, phones)
    known = [device.record for device in play.fleet.devices()]
    text = users_table(list(play.fleet.users.values()), known, open_secret=opened if secrets else None)
    assert changed_by(play, text) == []
