"""RINGKEEPER-MIB's text and the code say the same, both ways; and it compiles."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from daemon.snmp import mib, oids
from daemon.snmp.agent.fleet_tables import fleet_columns, receiver_columns
from daemon.snmp.agent.scalars import Newest, count_columns, health_columns, notification_columns
from daemon.snmp.agent.snapshot import ALL, Snapshot
from daemon.snmp.ber import Oid
from tests.support.agent_peers import HEALTH, PlainFleet
from tests.support.mib_text import BASE_MODULES, MIB, TEXT, clauses, enumeration

ROOT_OID = oids.ringkeeper_mib(32473)
OBJECTS = clauses("OBJECT-TYPE")


def served() -> set[Oid]:
    """Every column that the agent has of this module."""
    snapshot = Snapshot(PlainFleet())
    snapshot.apply([ALL])
    listed = snapshot.listed(ALL)
    columns = [
        *fleet_columns(32473, listed, snapshot, PlainFleet()),
        *receiver_columns(32473, lambda: HEALTH.receivers),
        *count_columns(32473, listed),
        *health_columns(32473, lambda: HEALTH),
        *notification_columns(32473, Newest(), listed),
    ]
    return {column.oid for column in columns}


def named() -> dict[str, Oid]:
    """Every object of the code with its identifier, index columns too."""
    found = {each.name: oids.ringkeeper_instance(32473, each)[:-1] for each in oids.OBJECTS}
    for table in mib.TABLES:
        found |= {each.name: mib.column(32473, table, each) for each in table.columns}
    for group in mib.GROUPS:
        found |= {each.name: mib.scalar(32473, group, each) for each in group.scalars}
    return found


def test_tables_and_groups_stand_where_the_code_says() -> None:
    for table in mib.TABLES:
        assert OBJECTS[f"{table.name}Table"][1] == table.arc
        columns = re.findall(
            rf"^(\w+) OBJECT-TYPE\n(?:(?!^$).)*?::= {{ {table.name}Entry (\d+) }}", TEXT, re.MULTILINE | re.DOTALL
        )
        assert [(name, int(arc)) for name, arc in columns] == [(each.name, each.arc) for each in table.columns]
        index = re.search(r"INDEX { (.*?) }", OBJECTS[f"{table.name}Entry"][0])
        assert index
        assert index[1].split(", ") == [each.name for each in table.columns[: table.index]]
    for group in mib.GROUPS:
        assert f"\n{group.name} OBJECT IDENTIFIER ::= {{ rkObjects {group.arc} }}\n" in TEXT
        scalars = re.findall(
            rf"^(\w+) OBJECT-TYPE\n(?:(?!^$).)*?::= {{ {group.name} (\d+) }}", TEXT, re.MULTILINE | re.DOTALL
        )
        assert [(name, int(arc)) for name, arc in scalars] == [(each.name, each.arc) for each in group.scalars]


def test_what_may_be_read_is_served_and_nothing_else() -> None:
    readable = {name for name, (body, _) in OBJECTS.items() if "MAX-ACCESS read-only" in body}
    names = named()
    assert served() == {names[name] for name in readable}
    hidden = OBJECTS.keys() - readable
    indexes = {each.name for table in mib.TABLES for each in table.columns[: table.index]}
    assert hidden == indexes | {f"{table.name}{part}" for table in mib.TABLES for part in ("Table", "Entry")}


def test_texts_are_as_long_in_the_mib_as_in_the_code() -> None:
    limits = {each.name: each.limit for table in mib.TABLES for each in table.columns}
    limits |= {each.name: each.limit for group in mib.GROUPS for each in group.scalars}
    limits |= {each.name: each.limit for each in oids.OBJECTS}
    sizes = {
        name: int(size[1])
        for name, (body, _) in OBJECTS.items()
        if (size := re.search(r"SnmpAdminString \(SIZE \([01]\.\.(\d+)\)\)", body))
    }
    assert sizes == {name: limit for name, limit in limits.items() if limit}


def test_states_have_the_numbers_of_their_conventions() -> None:
    conventions: dict[str, Mapping[Any, int]] = {
        "RkReachability": mib.REACHABILITY,
        "RkPresence": mib.PRESENCE,
        "RkStatus": mib.STATUS,
        "RkTelling": mib.TELLING,
    }
    for convention, numbers in conventions.items():
        words = {name.lower(): number for name, number in enumeration(convention).items()}
        assert words == {state.value.replace("_", "").lower(): number for state, number in numbers.items()}


def test_every_object_and_notification_is_in_exactly_one_group() -> None:
    groups = re.findall(r"^\w+ (?:OBJECT|NOTIFICATION)-GROUP\n    \w+ {(.*?)}", TEXT, re.MULTILINE | re.DOTALL)
    members = [name for group in groups for name in re.findall(r"\w+", group)]
    readable = [name for name, (body, _) in OBJECTS.items() if "MAX-ACCESS read-only" in body]
    assert sorted(members) == sorted([*readable, *clauses("NOTIFICATION-TYPE")])


def test_the_daemon_says_of_itself_what_the_mib_registers() -> None:
    assert re.search(r"rkDaemon OBJECT-IDENTITY.*?::= { ringkeeperMIB 3 }", TEXT, re.DOTALL)
    assert mib.agent_identity(32473) == (*ROOT_OID, 3)


@pytest.mark.peer
def test_net_snmp_finds_every_object_where_the_code_has_it() -> None:
    program = shutil.which("snmptranslate")
    assert program, "snmptranslate is missing: install Debian's package snmp"
    names = named()
    command = [program, "-M", f"{BASE_MODULES}:{MIB.parent}", "-m", MIB.stem, "-On"]
    said = subprocess.run(
        [*command, *(f"{MIB.stem}::{name}" for name in names)], capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == [f".{'.'.join(map(str, oid))}" for oid in names.values()]


def test_pysmi_compiles_it_and_finds_the_same_objects(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("mibdump")
    sources = [f"--mib-source={folder.as_uri()}" for folder in (MIB.parent, BASE_MODULES)]
    command = [str(program), *sources, "--destination-format=json", f"--destination-directory={tmp_path}", MIB.stem]
    subprocess.run(command, capture_output=True, check=True)
    compiled = json.loads((tmp_path / f"{MIB.stem}.json").read_text())
    kinds = {"scalar", "column"}
    objects = {name: each["oid"] for name, each in compiled.items() if each.get("nodetype") in kinds}
    assert objects == {name: ".".join(map(str, oid)) for name, oid in named().items()}
    notifications = {name for name, each in compiled.items() if each.get("class") == "notificationtype"}
    assert notifications == set(clauses("NOTIFICATION-TYPE"))
