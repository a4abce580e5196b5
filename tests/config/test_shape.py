from __future__ import annotations

from daemon.config.entries import WrittenDevice
from daemon.config.http_settings import Http
from daemon.config.output_settings import MailOutput
from daemon.config.settings import Provisioning, Settings
from daemon.config.shape import block_at, shape_of, written_path
from daemon.config.snmp_settings import Manager, Receiver, Snmp, SnmpUser


def test_blocks_lists_paths_and_secrets_are_told_apart() -> None:
    assert shape_of(Settings).blocks["http"] is Http
    assert shape_of(Settings).paths == {"state_dir", "inventory"}
    assert shape_of(Provisioning).paths == {"templates", "firmware"}
    assert shape_of(Snmp).lists == {"managers": Manager, "users": SnmpUser}
    assert shape_of(Manager).twins == {"community_file": "community"}
    assert shape_of(SnmpUser).twins == {"password_file": "password", "privacy_password_file": "privacy_password"}
    assert shape_of(Receiver).twins == {}  # a list of secrets has no file
    assert shape_of(WrittenDevice).twins == {"sip_password_file": "sip_password"}


def test_a_twin_counts_as_a_known_key() -> None:
    assert {"community", "community_file"} <= shape_of(Manager).keys


def test_a_block_is_found_by_its_path() -> None:
    assert block_at(Settings, ("snmp", "managers", 3)) is Manager
    assert block_at(Settings, ()) is Settings
    assert block_at(Settings, ("database", "x")) is None


def test_the_entries_of_a_list_may_be_of_several_forms() -> None:
    assert shape_of(Settings).choices["outputs"]["mail"] is MailOutput
    assert block_at(Settings, ("outputs", 0, "mail")) is MailOutput
    assert block_at(Settings, ("outputs", 0)) is None


def test_a_path_in_a_file_does_not_name_the_form() -> None:
    assert written_path(Settings, ("outputs", 1, "mail", "host")) == ("outputs", 1, "host")
    assert written_path(Settings, ("snmp", "managers", 1, "host")) == ("snmp", "managers", 1, "host")
