from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.fleet.device import Device
from daemon.fleet.model import Tenant
from daemon.fleet.records import User
from daemon.provisioning.directory import (
    MAX_ENTRIES,
    Entry,
    company_directory,
    directory,
    directory_name,
    tenant_of_directory,
)
from tests.support.builders import ACME, MAC, NOW, OTHER_MAC, record


class People:
    """Acme, with a user, and two phones."""

    tenants: Mapping[str, Tenant] = {"acme": ACME, "two words": Tenant("two words")}
    users: Mapping[str, User] = {"acme/alice": User("alice", "acme", 'Alice "Al" Smith, CEO', "2041")}

    def devices(self) -> Collection[Device]:
        return [
            Device(record(MAC, display_name="Alice at her desk"), NOW),
            Device(record(OTHER_MAC, number="2042", display_name="Bob", user=""), NOW),
        ]


def test_users_come_before_their_phones_and_phones_without_users_are_there() -> None:
    found = company_directory("directory-acme.cfg", People())
    assert found == b'"Alice ""Al"" Smith, CEO",2041\nBob,2042\n'


def test_a_directory_is_named_after_its_tenant_whatever_that_is_called() -> None:
    assert directory_name("acme") == "directory-acme.cfg"
    assert directory_name("two words") != directory_name("two_words")
    assert tenant_of_directory(directory_name("two words").upper(), People.tenants) == "two words"
    assert company_directory("directory-nobody.cfg", People()) is None
    assert company_directory("420HD.img", People()) is None


def test_names_that_would_add_a_line_are_left_out() -> None:
    assert directory([Entry("Eve\nMallory", "1"), Entry("Bob", "2\r3"), Entry("", "4"), Entry("Al", "5")]) == b"Al,5\n"


def test_a_directory_ends_somewhere() -> None:
    many = directory(Entry(f"name {index:05}", str(index)) for index in range(MAX_ENTRIES + 10))
    assert len(many.splitlines()) == MAX_ENTRIES


@settings(max_examples=50)
@given(st.lists(st.builds(Entry, st.text(max_size=10), st.text(max_size=10)), max_size=10))
def test_every_line_reads_back_as_a_name_and_a_number(entries: list[Entry]) -> None:
    made = directory(entries)
    rows = list(csv.reader(io.StringIO(made.decode())))
    known = {(entry.name.strip(), entry.number.strip()) for entry in entries}
    assert all(tuple(row) in known for row in rows)
    assert made == directory(reversed(entries))
