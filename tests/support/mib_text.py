"""RINGKEEPER-MIB as it is shipped: its text, and what stands in its clauses."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MIB = ROOT / "etc" / "RINGKEEPER-MIB.txt"
BASE_MODULES = ROOT / "tests" / "snmp" / "mibs"
TEXT = MIB.read_text()


def clauses(macro: str) -> dict[str, tuple[str, int]]:
    """Descriptor -> what stands in its clause, and its last arc, in the order of the module."""
    found = re.findall(rf"^(\w+) {macro}\n(.*?)\n    ::= {{ \w+ (\d+) }}", TEXT, re.DOTALL | re.MULTILINE)
    return {name: (body, int(arc)) for name, body, arc in found}


def enumeration(convention: str) -> dict[str, int]:
    """The names and numbers of a textual convention."""
    found = re.search(
        rf"^{convention} ::= TEXTUAL-CONVENTION.*?SYNTAX INTEGER {{(.*?)}}", TEXT, re.DOTALL | re.MULTILINE
    )
    assert found
    return {name: int(number) for name, number in re.findall(r"(\w+)\((\d+)\)", found[1])}
