from __future__ import annotations

from daemon.config.entries import WrittenDevice
from daemon.config.http_settings import Http
from daemon.config.settings import Provisioning, Settings
from daemon.config.shape import block_at, shape_of
from daemon.config.snmp_settings import Manager, Snmp, SnmpUser


def test_blocks_lists_paths_and_secrets_are_told_apart() -> None:
    assert shape_of(Settings).blocks["http"] is Http
    assert shape_of(Settings).paths == {"state_dir", "inventory"}
    assert shape_of(Provisioning).paths == {"templates", "firmware"}
    assert shape_of(Snmp).lists == {"managers": Manager, "users": SnmpUser}
    assert shape_of(Manager).twins == {"community_file": "community"}
    assert shape_of(WrittenDevice).twins == {"sip_password_file": "sip_password"}


def test_a_twin_counts_as_a_known_key() -> None:
    assert {"community", "community_file"} <= shape_of(Manager).keys


def test_a_block_is_found_by_its_path() -> None:
    assert block_at(Settings, ("snmp", "managers", 3)) is Manager
    assert block_at(Settings, ()) is Settings
    assert block_at(Settings, ("database", "x")) is None
