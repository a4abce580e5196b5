from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.integrations.sightings import Sighting
from daemon.integrations.usrloc import LONGEST_ELEMENT, DumpReader


def contact(address: str = "sip:2041@10.1.2.7:5060", **said: Any) -> dict[str, Any]:
    """A contact as Kamailio 5.6.3 writes it."""
    written = {
        "Address": address,
        "Expires": 3600,
        "Q": -1,
        "Call-ID": "2041-1",
        "CSeq": 1,
        "User-Agent": "AUDC",
        "Received": "[not set]",
        "Path": "[not set]",
        "State": "CS_NEW",
        "Socket": "udp:127.0.0.1:5060",
        "Instance": "[not set]",
        "Reg-Id": 0,
        "Last-Keepalive": 1_795_322_699,
        "KA-Roundtrip": 0,
        "Last-Modified": 1_795_322_699,
    }
    return {"Contact": written | {name.replace("_", "-"): value for name, value in said.items()}}


def aor(name: str, *contacts: Any) -> dict[str, Any]:
    return {"Info": {"AoR": name, "HashID": 880698769, "Contacts": list(contacts)}}


def dump(*aors: Any, indent: str | None = "\t") -> str:
    domain = {"Domain": "location", "Size": 1024, "AoRs": list(aors), "Stats": {"Records": len(aors), "Max-Slots": 1}}
    return json.dumps({"jsonrpc": "2.0", "result": {"Domains": [{"Domain": domain}]}, "id": 1}, indent=indent)


def read(text: str, domain: str = "", step: int = 0) -> list[Sighting]:
    reader, found = DumpReader(domain), []
    for at in range(0, len(text), step or len(text) or 1):
        found += reader.feed(text[at : at + (step or len(text))])
    reader.end()
    return found


def test_every_contact_of_every_user_is_seen() -> None:
    text = dump(aor("2041", contact(), contact("sip:2041@10.1.2.9")), aor("2042", contact("sip:2042@10.1.2.8")))
    assert [(one.user, one.uri) for one in read(text)] == [
        ("2041", "sip:2041@10.1.2.7:5060"),
        ("2041", "sip:2041@10.1.2.9"),
        ("2042", "sip:2042@10.1.2.8"),
    ]


def test_what_is_not_set_is_empty() -> None:
    [plain, nat] = read(
        dump(aor("2041", contact(), contact(Received="sip:198.51.100.7:40001", Path="<sip:10.0.0.9;lr>")))
    )
    assert (plain.received, plain.path, plain.freshness) == ("", "", 1_795_322_699.0)
    assert (nat.received, nat.path) == ("sip:198.51.100.7:40001", "<sip:10.0.0.9;lr>")


@pytest.mark.parametrize(("expires", "seen"), [(60, 1), ("permanent", 1), ("deleted", 0), ("expired", 0)])
def test_only_contacts_in_force_count(expires: object, seen: int) -> None:
    reader = DumpReader()
    assert len(reader.feed(dump(aor("2041", contact(Expires=expires))))) == seen
    assert reader.skipped["expired"] == 1 - seen


def test_with_domains_only_the_wanted_one_counts() -> None:
    text = dump(aor("2041@pbx.example.net", contact()), aor("2041@other.example.net", contact("sip:2041@10.9.9.9")))
    assert [one.uri for one in read(text, "PBX.example.net")] == ["sip:2041@10.1.2.7:5060"]
    assert [one.user for one in read(text)] == ["2041", "2041"]


def test_several_tables_are_read() -> None:
    one = json.loads(dump(aor("2041", contact())))
    one["result"]["Domains"] *= 2
    assert len(read(json.dumps(one))) == 2


@pytest.mark.parametrize("step", [1, 3, 17, 1000])
@pytest.mark.parametrize("indent", ["\t", None])
def test_it_does_not_matter_how_the_text_is_cut(step: int, indent: str | None) -> None:
    text = dump(aor('we"ird]}é', contact()), aor('"AoRs": [', contact('sip:"AoRs":[@x')), indent=indent)
    assert read(text, step=step) == read(text)
    assert len(read(text)) == 2


@pytest.mark.parametrize(
    "text", [dump(), dump(indent=None), '{"jsonrpc": "2.0", "result": {"Domains": []}, "id": 1}', dump() + "\n"]
)
def test_an_empty_table_is_a_dump_too(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    "entry", [{}, {"AoR": "2041"}, {"Info": 7}, aor("2041", 7), {"Info": {"AoR": 7, "Contacts": []}}]
)
def test_entries_of_another_shape_are_left_out_and_counted(entry: object) -> None:
    reader = DumpReader()
    assert reader.feed(dump(entry)) == []
    assert reader.skipped["shape"] == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "json"),
        ("<html>", "json"),
        ("[]", "rpc"),
        ("[" * 100_000, "json"),
        ('{"jsonrpc": "2.0", "error": {"code": 500, "message": "Method Not Found"}, "id": 1}', "rpc"),
        ('{"result": "ok"}', "rpc"),
        (dump(aor("2041", contact()))[:-200], "json"),
        (dump(aor("2041", contact()))[:300], "json"),
        ('{"AoRs": [1', "json"),
        ('{"AoRs": [' + "[" * 10, "json"),
        ('{"AoRs": [' + '{"a":' * 40_000, "json"),
        ('{"AoRs": [{"a": "' + "x" * LONGEST_ELEMENT, "element-too-long"),
    ],
)
def test_what_is_no_whole_dump_is_refused_by_its_reason(text: str, reason: str) -> None:
    with pytest.raises(BadMessage) as refused:
        read(text)
    assert refused.value.reason == reason


def test_an_error_is_told_in_kamailios_words() -> None:
    with pytest.raises(BadMessage, match="rpc: Method Not Found"):
        read('{"jsonrpc": "2.0", "error": {"code": 500, "message": "Method Not Found"}, "id": 1}')


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=4
)


@settings(max_examples=150)
@given(st.lists(st.dictionaries(st.sampled_from(["Info", "x"]), values, max_size=2), max_size=4), st.text(max_size=20))
def test_no_reply_can_do_more_than_be_refused(aors: list[Any], rubbish: str) -> None:
    for text in (dump(*aors), rubbish, '{"AoRs":[' + rubbish, dump(*aors)[: len(rubbish) * 9]):
        try:
            read(text, step=7)
        except BadMessage:
            continue
