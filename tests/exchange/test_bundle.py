from __future__ import annotations

import io
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.exchange.bundle import MOST_ENTRIES, is_bundle, pack, unpack
from daemon.provisioning.user_lines import MAX_BYTES
from tests.support.builders import MAC


def zipped(*entries: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


TABLE = ("users.csv", b"Name\n")


def test_what_was_packed_is_unpacked_and_the_same_every_time() -> None:
    data = pack("Name\n", {MAC: "a=1\n"})
    assert data == pack("Name\n", {MAC: "a=1\n"})
    found = unpack(data, "users.zip")
    assert (found.table, found.lines, found.faults, found.warnings) == (b"Name\n", {MAC: b"a=1\n"}, [], [])
    assert is_bundle(data)
    assert not is_bundle(b"Name\n")


def test_one_folder_around_it_all_is_no_harm() -> None:
    found = unpack(zipped(("export/users.csv", b"Name\n"), ("export/00-90-8F-48-67-AF.CFG", b"a=1")), "users.zip")
    assert (found.table, list(found.lines), found.faults) == (b"Name\n", [MAC], [])


@pytest.mark.parametrize("name", ["../users.csv", "/etc/users.csv", "a/../../x.cfg", "..\\x.cfg", "C:\\x.cfg"])
def test_names_that_lead_out_of_it_are_faults(name: str) -> None:
    assert "leads out of the archive" in str(unpack(zipped(TABLE, (name, b"x")), "users.zip").faults[0])


def test_what_is_nested_or_strange_stays_closed_and_is_named() -> None:
    found = unpack(zipped(TABLE, ("more.zip", zipped(TABLE)), ("readme.txt", b"x"), ("__MACOSX/x.csv", b"")), "u.zip")
    assert found.faults == []
    assert [warning.file for warning in found.warnings] == ["more.zip", "readme.txt", "__MACOSX/x.csv"]


def test_a_bomb_is_not_unpacked() -> None:
    bomb = zipped(("users.csv", bytes(5_000_000)))
    assert len(bomb) < 10_000
    found = unpack(bomb, "users.zip", most_bytes=1_000_000)
    assert "unpacks to more than is taken" in str(found.faults[0])
    assert found.table == b""
    lines = unpack(zipped(TABLE, (f"{MAC}.cfg", bytes(MAX_BYTES + 1))), "users.zip")
    assert "at most 65536 bytes" in str(lines.faults[0])
    many = zipped(TABLE, *((f"00908f0000{n:02x}.cfg", bytes(60_000)) for n in range(20)))
    assert unpack(many, "users.zip", most_bytes=1_000_000).faults != []


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_could_only_be_unpacked_as_a_whole_is_not(method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("users.csv", bytes(20_000_000))
    tracemalloc.start()
    found = unpack(out.getvalue(), "users.zip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "pack it by deflate" in str(found.faults[0])
    assert peak < 1_000_000


def test_a_directory_of_too_many_entries_is_not_even_read() -> None:
    entry = zipped(("x", b""))
    directory = entry[entry.index(b"PK\x01\x02") : entry.index(b"PK\x05\x06")]
    crowded = entry.replace(directory, directory * (MOST_ENTRIES + 1))
    tracemalloc.start()
    found = unpack(crowded, "users.zip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [fault.wrong for fault in found.faults] == [f"has {MOST_ENTRIES + 1} entries"]
    assert peak < 1_000_000


def test_a_header_that_lies_about_the_size_is_not_believed() -> None:
    data = zipped(("users.csv", bytes(100_000)))
    small = (100_000).to_bytes(4, "little")
    found = unpack(data.replace(small, (10).to_bytes(4, "little")), "users.zip", most_bytes=1000)
    assert found.faults != []
    assert len(found.table) <= 1000


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (zipped(), "holds no table"),
        (zipped(TABLE, ("other.csv", b"")), "holds 2 tables"),
        (b"PK\x03\x04 and no more", "cannot be read"),
        (zipped(TABLE, (f"{MAC}.cfg", b""), (f"a/{MAC.upper()}.cfg", b"")), "is there twice"),
    ],
)
def test_what_will_not_do_is_said(data: bytes, wrong: str) -> None:
    assert wrong in str(unpack(data, "users.zip").faults[0])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 200), st.binary(min_size=1, max_size=4))
def test_whatever_is_broken_in_it_nothing_is_raised(at: int, junk: bytes) -> None:
    data = zipped(TABLE, (f"{MAC}.cfg", b"a=1\n"))
    unpack(data[:at] + junk + data[at + len(junk) :], "users.zip")
    unpack(data[:at], "users.zip")
