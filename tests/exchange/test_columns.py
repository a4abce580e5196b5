from __future__ import annotations

import pytest

from daemon.exchange.columns import read_header


def fields(header: str) -> tuple[dict[str, int], list[dict[str, int]]]:
    layout = read_header(header.split(","), "users.csv", 1)
    assert layout.faults == []
    return layout.user, layout.devices


def test_the_vendors_table_has_the_users_name_first_and_the_devices_second() -> None:
    user, devices = fields(
        "Name,Password,Display Name,Tenant,Display Name,Serial,MAC Address,Phone Model,"
        "Language,VLAN Mode,VLAN ID,VLAN Priority"
    )
    assert user == {"name": 0, "password": 1, "display_name": 2, "tenant": 3}
    assert devices == [
        {"display_name": 4, "serial": 5, "mac": 6, "model": 7}
        | {"%Language": 8, "%VLANMode": 9, "%VLANID": 10, "%VLANPriority": 11}
    ]


@pytest.mark.parametrize(
    "header",
    [
        "Name,Device 1 MAC Address,Device 1 VLAN ID,Device 2 MAC Address,Device 2 VLAN ID",
        "Name,Device 1 MAC Address,VLAN ID,Device 2 MAC Address,VLAN ID",
        "name,mac_address,vlan_id,MACADDRESS,Vlan Id",
    ],
)
def test_devices_are_told_apart_by_their_number_or_by_the_same_column_again(header: str) -> None:
    assert fields(header) == ({"name": 0}, [{"mac": 1, "%VLANID": 2}, {"mac": 3, "%VLANID": 4}])


@pytest.mark.parametrize(
    ("header", "user", "device"),
    [
        ("MAC,Brand,Model,Extension,Line", {"number": 3}, {"mac": 0, "model": 2}),
        (
            "mac,displayname,username,secret,server,brand,product,model",
            {"display_name": 1, "name": 2, "password": 3},
            {"mac": 0, "server": 4, "model": 6},
        ),
        (
            "device_address,device_label,device_vendor,display_name,user_id,password",
            {"display_name": 3, "number": 4, "password": 5},
            {"mac": 0, "display_name": 1},
        ),
        (
            "mac_address,serial_number,device_model,site_name,room_name",
            {},
            {"mac": 0, "serial": 1, "model": 2, "site": 3},
        ),
    ],
)
def test_other_tools_columns_are_known(header: str, user: dict[str, int], device: dict[str, int]) -> None:
    layout = read_header(header.split(","), "users.csv", 1)
    assert (layout.user, layout.devices[0]) == (user, device)


def test_what_is_not_used_is_said() -> None:
    layout = read_header(["mac", "Brand"], "users.csv", 1)
    assert [str(warning) for warning in layout.warnings] == [
        "users.csv:1 Brand: is not used (nothing we keep follows from it)"
    ]


@pytest.mark.parametrize(
    ("header", "wrong"),
    [
        ("Name,Passwort", "users.csv:1 Passwort: is a column nobody knows (did you mean Password?)"),
        ("Name,Name", "users.csv:1 Name: stands twice (keep one of them)"),
        ("Name,Device 1 MAC,Device 1 MAC", "users.csv:1 Device 1 MAC: stands twice (keep one of them)"),
        (
            "mac,up.backlight",
            (
                "users.csv:1 up.backlight: is a column nobody knows"
                " (a setting of the phone is a placeholder: call it %ITCS_<name>%)"
            ),
        ),
        ("Tenant", "users.csv:1 header: names neither users nor devices (it needs a column Name or MAC Address)"),
    ],
)
def test_a_column_that_will_not_do_is_a_fault(header: str, wrong: str) -> None:
    assert [str(fault) for fault in read_header(header.split(","), "users.csv", 1).faults] == [wrong]


def test_placeholders_have_columns_of_their_own() -> None:
    assert fields("mac,%ITCS_Tone%,Device 2 MAC,Device 2 %ITCS_Tone%")[1] == [
        {"mac": 0, "%Tone": 1},
        {"mac": 2, "%Tone": 3},
    ]
