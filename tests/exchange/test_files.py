from __future__ import annotations

from daemon.exchange.bundle import pack
from daemon.exchange.files import lines_to_pack, read_file
from daemon.fleet.model import Mac
from daemon.fleet.records import Document
from tests.support.builders import MAC, NOW, OTHER_MAC

TABLE = f"Name,MAC\nalice,{MAC}\n"
THEIRS = "personal_settings/functional_key/0/speed_dial_number=2042\n"


def sealed(text: str) -> str:
    return f"sealed {text}"


def test_a_table_alone_is_read_as_one() -> None:
    reading = read_file(TABLE.encode(), "users.csv", sealed, most_lines=10)
    assert [device.mac for device in reading.inventory.devices] == [MAC]
    assert reading.inventory.drafts == ()


def test_an_archive_brings_what_users_set_on_their_phones_and_nothing_else() -> None:
    data = pack(TABLE, {MAC: f"{THEIRS}voip/line/0/auth_password=x\n", OTHER_MAC: THEIRS})
    reading = read_file(data, "users.zip", sealed, most_lines=10)
    (draft,) = reading.inventory.drafts
    assert (draft.path, draft.body) == (f"user/{MAC}", f"sealed {THEIRS}")
    assert [str(warning) for warning in reading.warnings] == [f"{OTHER_MAC}.cfg:1 zip: is of no device in the table"]
    assert reading.without(frozenset({2})).inventory.drafts == ()


def test_an_archive_with_a_fault_is_not_read_further() -> None:
    reading = read_file(b"PK\x03\x04", "users.zip", sealed, most_lines=10)
    assert (len(reading.faults), reading.rows) == (1, 0)


def test_what_is_packed_is_what_there_is() -> None:
    kept = Document(f"user/{MAC}", 2, "sealed text", NOW, MAC)
    gone = Document(f"user/{OTHER_MAC}", 2, "", NOW, MAC)
    documents = {kept.path: kept, gone.path: gone}
    macs = [MAC, OTHER_MAC, Mac("00908f000009")]
    assert list(lines_to_pack(macs, documents, lambda body: body.removeprefix("sealed "))) == [(MAC, "text")]
