from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.exchange.reading import MOST_FAULTS, Reading, read_table
from daemon.fleet.model import Mac
from daemon.fleet.records import LAID_OVER, User

ONE, TWO = Mac("00908f000001"), Mac("00908f000002")


def sealed(text: str) -> str:
    return f"sealed {text}"


def read(text: str | bytes, most_lines: int = 100, tenant: str = "") -> Reading:
    data = text.encode() if isinstance(text, str) else text
    return read_table(data, "users.csv", sealed, most_lines=most_lines, tenant=tenant)


def faults(text: str) -> list[str]:
    return [str(fault) for fault in read(text).faults]


def test_a_row_is_a_user_with_devices() -> None:
    reading = read(
        "Name,Password,Display Name,Tenant,Device 1 Display Name,MAC Address,Serial Number,IP Phone Model,Language,"
        "VLAN Mode,VLAN ID,VLAN Priority,Device 2 MAC Address\n"
        f"2041,0123,Alice A.,acme,Desk,00:90:8F:00:00:01,S1,420HD,German,cdplldp,12,5,{TWO}\n"
    )
    assert reading.faults == ()
    assert reading.inventory.users == (User("2041", "acme", "Alice A.", "2041", "sealed 0123"),)
    first, second = reading.inventory.devices
    assert (first.mac, first.user, first.tenant, first.number) == (ONE, "2041", "acme", "2041")
    assert (first.display_name, first.serial, first.model, first.sip_password) == ("Desk", "S1", "420HD", "sealed 0123")
    assert dict(first.placeholders) == {
        "Language": "German",
        "VLANMode": "CDP_LLDP",
        "VLANID": "12",
        "VLANPriority": "5",
    }
    assert (second.mac, second.user, second.number) == (TWO, "2041", "")
    assert LAID_OVER in reading.inventory.device_fields[ONE]
    assert reading.inventory.device_fields[TWO] == {"user", "tenant", "sip_password"}
    assert reading.lines == {"user acme/2041": 2, f"device {ONE}": 2, f"device {TWO}": 2}


def test_an_empty_cell_says_nothing() -> None:
    reading = read(f"Name,Display Name,Tenant,MAC,Model\nalice,,acme,{ONE},\n")
    assert reading.inventory.device_fields[ONE] == {"user", "tenant"}
    assert reading.inventory.users == ()  # its device names it, and nothing else is said


@pytest.mark.parametrize(
    ("header", "row", "number"),
    [
        ("Name,MAC", "alice", ""),
        ("Name,MAC", "+4930123", "+4930123"),
        ("Name,Number,MAC", "alice,2041", "2041"),
        ("Name,Number,MAC", "2041,", ""),
        ("Name,Number,MAC,Device 1 Number", "alice,2041", ""),
    ],
)
def test_the_number_is_its_columns_or_a_name_that_can_be_dialled(header: str, row: str, number: str) -> None:
    (device,) = read(f"{header}\n{row},{ONE}\n").inventory.devices
    assert device.number == number


def test_who_names_no_tenant_is_of_the_one_that_was_asked_for() -> None:
    inventory = read(f"Name,Password,MAC\nalice,x,{ONE}\n", tenant="acme").inventory
    assert (inventory.users[0].tenant, inventory.devices[0].tenant) == ("acme", "acme")


def test_every_bad_line_is_named_with_its_column() -> None:
    found = faults(
        "Name,Number,MAC,VLAN ID,VLAN Mode\n"
        "alice,20 41,nonsense,1,Manual\n"
        f"bob,,{ONE},5000,Guess\n"
        "carol,,,7,\n"
        ",77,,,\n"
        f"dave,,{TWO},,,more\n"
    )
    assert [fault.partition(": ")[0] for fault in found] == [
        "users.csv:2 Number",
        "users.csv:2 MAC",
        "users.csv:3 VLAN ID",
        "users.csv:3 VLAN Mode",
        "users.csv:4 MAC",
        "users.csv:5 Name",
        "users.csv:6 syntax",
    ]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (f"Name,MAC\na,{ONE}\nb,{ONE}\n", f"users.csv:3 MAC: device {ONE} stands in line 2 already (keep one of them)"),
        (
            "Name,Display Name\na,A\na,B\n",
            "users.csv:3 Name: user 'a' stands in line 2 already (keep one of the two lines)",
        ),
        (
            f"Name,Display Name,MAC\na,A,{ONE}\na,B,{TWO}\n",
            "users.csv:3 Name: user 'a' stands in line 2 already (let both say the same of the user)",
        ),
        (
            f"Number,MAC\n1,{ONE}\n1,{TWO}\n",
            "users.csv:3 Number: number 1 is that of line 2 already (keep one of them)",
        ),
    ],
)
def test_what_stands_twice_is_named_with_both_lines(text: str, wrong: str) -> None:
    assert faults(text) == [wrong]


def test_a_user_may_have_a_line_for_each_device() -> None:
    reading = read(f"Name,Display Name,MAC\na,A,{ONE}\na,A,{TWO}\n")
    assert (len(reading.inventory.users), len(reading.inventory.devices), reading.faults) == (1, 2, ())


def test_a_long_table_is_refused_and_says_which_setting() -> None:
    reading = read("Name\n" + "".join(f"u{n}\n" for n in range(101)))
    assert [fault.line for fault in reading.faults] == [102]
    assert "imports.max_lines" in str(reading.faults[0])


def test_a_hundred_faults_are_told_and_the_others_counted() -> None:
    reading = read("MAC\n" + "bad\n" * (MOST_FAULTS + 20), most_lines=1000)
    assert (len(reading.faults), reading.more_faults) == (MOST_FAULTS, 20)


def test_the_good_lines_are_there_without_the_bad_ones() -> None:
    reading = read(f"Name,Password,MAC\na,x,{ONE}\nb,y,nonsense\nc,z,{TWO}\n")
    assert [user.name for user in reading.inventory.users] == ["a", "c"]
    rest = reading.without(frozenset({4}))
    assert [user.name for user in rest.inventory.users] == ["a"]
    assert [device.mac for device in rest.inventory.devices] == [ONE]


def test_progress_is_told_now_and_then() -> None:
    told: list[int] = []
    read_table(
        ("Name\n" + "".join(f"u{n}\n" for n in range(1100))).encode(), "f", sealed, most_lines=2000, told=told.append
    )
    assert told == [500, 1000]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xff\xfe\x00", b'"', b"Name\n\x00", b"PK\x03\x04"])
def test_what_is_no_table_is_a_fault(data: bytes) -> None:
    assert len(read(data).faults) == 1 or read(data).rows == 1


HEADER = st.lists(
    st.sampled_from(["Name", "Password", "Display Name", "MAC", "Device 2 MAC", "VLAN ID", "%ITCS_A%", "Tenant", "?"]),
    max_size=6,
).map(",".join)


@settings(max_examples=100, deadline=None)
@given(HEADER, st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)))
def test_whatever_comes_in_a_reading_comes_out(header: str, data: bytes) -> None:
    read(header.encode() + b"\n" + data)
    read(data)
