"""Our tree against the MIB text, the catalogue against both, and the number tables against the standards."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from daemon.fleet.alarms import catalogue, phone_kinds
from daemon.fleet.notifications import EventType, Severity
from daemon.snmp import oids
from tests.support.mib_text import BASE_MODULES, MIB, TEXT, clauses, enumeration


def test_what_notifications_carry_stands_in_the_mib_as_in_the_code() -> None:
    in_mib = [(name, arc) for name, (_, arc) in clauses("OBJECT-TYPE").items()]
    assert in_mib[: len(oids.OBJECTS)] == [(each.name, each.arc) for each in oids.OBJECTS]


def test_every_notification_of_the_mib_is_one_of_the_code_and_carries_its_objects_in_order() -> None:
    arcs = {**oids.OWN_NOTIFICATIONS, "heartbeat": oids.HEARTBEAT_ARC}
    for name, arc in oids.OWN_NOTIFICATIONS.items():
        arcs[f"{name}Raised"], arcs[f"{name}Cleared"] = oids.paired_arcs(arc)
    notifications = clauses("NOTIFICATION-TYPE")
    assert {name: arc for name, (_, arc) in notifications.items()} == arcs
    for name, (body, _) in notifications.items():
        carried = re.search(r"OBJECTS {(.*?)}", body, re.DOTALL)
        objects = oids.HEARTBEAT_OBJECTS if name == "heartbeat" else oids.OBJECTS
        assert carried
        assert re.findall(r"\w+", carried[1]) == [each.name for each in objects]


def test_the_enumerations_of_the_mib_are_the_tables_of_the_code() -> None:
    assert enumeration("RkItuSeverity") == {each.name.lower(): number for each, number in oids.ITU_SEVERITY.items()}
    assert sorted(enumeration("RkItuEventType").values()) == sorted(oids.IANA_EVENT_TYPE.values())
    assert sorted(enumeration("RkItuProbableCause").values()) == sorted(oids.IANA_PROBABLE_CAUSE.values())


def test_the_mib_is_rooted_where_the_code_says() -> None:
    enterprise = re.search(r"rkEnterprise +OBJECT IDENTIFIER ::= { enterprises (\d+) }", TEXT)
    assert enterprise
    assert oids.ringkeeper_mib(int(enterprise[1])) == (1, 3, 6, 1, 4, 1, 32473, 1)
    assert re.search(r"ringkeeperMIB MODULE-IDENTITY.*?::= { rkEnterprise 1 }", TEXT, re.DOTALL)


@pytest.mark.peer
def test_smilint_finds_nothing_to_say_about_the_mib(tmp_path: Path) -> None:
    said = subprocess.run(
        [_program("smilint", "smitools"), "-c", _smi_conf(tmp_path), "-l", "6", "-s", str(MIB)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout + said.stderr == ""
    assert said.returncode == 0


@pytest.mark.peer
def test_smilint_would_say_something(tmp_path: Path) -> None:
    broken = tmp_path / "RINGKEEPER-MIB"
    broken.write_text(TEXT.replace("SYNTAX RkItuSeverity", "SYNTAX RkSeverityOfNoOne"))
    said = subprocess.run(
        [_program("smilint", "smitools"), "-c", _smi_conf(tmp_path), "-l", "6", str(broken)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "RkSeverityOfNoOne" in said.stdout + said.stderr


@pytest.mark.peer
@pytest.mark.parametrize("name", [*(each.name for each in oids.OBJECTS), *oids.OWN_NOTIFICATIONS])
def test_net_snmp_resolves_every_name_of_the_mib(name: str) -> None:
    said = subprocess.run(
        [
            _program("snmptranslate", "snmp"),
            "-M",
            f"{BASE_MODULES}:{MIB.parent}",
            "-m",
            MIB.stem,
            "-On",
            f"{MIB.stem}::{name}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    instances = {each.name: oids.ringkeeper_instance(32473, each)[:-1] for each in oids.OBJECTS}
    expected = instances.get(name) or oids.ringkeeper_notification(32473, name)
    assert said.stdout.strip() == "." + ".".join(map(str, expected))


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise AssertionError(f"{name} is missing: install Debian's package {package}")
    return found


def _smi_conf(folder: Path) -> str:
    """Without it smilint would preload base modules that Debian does not ship."""
    conf = folder / "smi.conf"
    conf.write_text(f"path {BASE_MODULES}{os.linesep}")
    return str(conf)


def test_every_alarm_of_the_catalogue_has_an_identity_of_its_own() -> None:
    for kind in catalogue.OWN_ALARMS:
        assert oids.OWN_NOTIFICATIONS[kind.name] != oids.OWN_NOTIFICATIONS[oids.DEVICE_ALARM]
    for kind in phone_kinds.PHONE_ALARMS.values():
        assert kind.name in oids.AUDIOCODES_TRAPS


def test_alarms_without_a_notification_of_their_own_are_device_alarms() -> None:
    assert oids.ringkeeper_notification(99999, "storeFailure") == (1, 3, 6, 1, 4, 1, 99999, 1, 0, 3)
    assert oids.ringkeeper_notification(99999, "IPPhoneRegisterFailure") == (1, 3, 6, 1, 4, 1, 99999, 1, 0, 4)


def test_audiocodes_knows_its_own_traps_only() -> None:
    assert oids.audiocodes_trap("IPPhoneWebSuccessiveLoginFailure") == (1, 3, 6, 1, 4, 1, 5003, 9, 20, 3, 2, 0, 59)
    assert oids.audiocodes_trap("deviceUnreachable") is None


def test_every_table_covers_its_whole_scale_without_two_meanings_for_a_number() -> None:
    for table, scale in (
        (oids.ITU_SEVERITY, set(Severity)),
        (oids.AUDIOCODES_SEVERITY, set(Severity)),
        (oids.IANA_EVENT_TYPE, set(EventType)),
        (oids.AUDIOCODES_EVENT_TYPE, set(EventType)),
        (oids.IANA_PROBABLE_CAUSE, set(range(75))),
    ):
        assert set(table) == scale
        assert len(set(table.values())) == len(scale)


# One from each run and each run's ends, by name in both lists; IANA's spelling mended.
@pytest.mark.parametrize(
    ("name", "audiocodes", "iana"),
    [
        ("other", 0, 1024),
        ("adapterError", 1, 500),
        ("communicationsProtocolError", 5, 504),
        ("fireDetected", 18, 517),
        ("framingError", 20, 518),
        ("lossOfSignal", 29, 527),
        ("storageCapacityProblem", 49, 547),
        ("versionMismatch", 57, 555),
        ("authenticationFailure", 58, 600),
        ("informationOutOfSequence", 66, 608),
        ("intrusionDetection", 67, 126),
        ("keyExpired", 68, 609),
        ("unauthorizedAccessAttempt", 73, 614),
        ("unexpectedInformation", 74, 615),
    ],
)
def test_causes_have_the_numbers_of_both_lists(name: str, audiocodes: int, iana: int) -> None:
    assert oids.IANA_PROBABLE_CAUSE[audiocodes] == iana
    assert enumeration("RkItuProbableCause")[name] == iana
