from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.provisioning.user_lines import MAX_BYTES, MAX_LINES, left_path, read_upload, user_lines
from daemon.provisioning.vendors.vendor import FileRole, Role
from tests.support.builders import MAC

DEVICE = FileRole(Role.DEVICE, MAC)
OVERRIDES = FileRole(Role.OVERRIDES, MAC)
DUMP = b"""\xef\xbb\xbf; written by the phone\r
include http://elsewhere.example/evil.cfg\r
system/type=420HD\r
voip/line/0/auth_password=hush\r
voip/signalling/sip/proxy_address=evil.example\r
personal_settings/language=GERMAN\r
personal_settings/functional_key/0/type=SPEED_DIAL\r
personal_settings/functional_key/0/speed_dial_number = 2042\r
personal_settings/functional_key/0/speed_dial_number=2043\r
personal_settings/functional_key/1/key_label=%ITCS_Line1AuthPassword%\r
personal_settings/screen/url=http://evil.example/\r
voip/audio/gain/ringer_signal_level=-12\r
provisioning/configuration/url=http://evil.example/\r
"""
KEPT = (
    "personal_settings/functional_key/0/type=SPEED_DIAL",
    "personal_settings/functional_key/0/speed_dial_number=2043",
    "voip/audio/gain/ringer_signal_level=-12",
)


def test_of_a_phones_settings_only_its_users_are_kept() -> None:
    found = read_upload(DEVICE, "audiocodes", DUMP)
    assert user_lines(found.text) == KEPT
    assert found.kept == 3


def test_a_kept_document_is_looked_at_again_before_it_is_used() -> None:
    assert user_lines("voip/line/0/auth_password=x\n" + "\n".join(KEPT)) == KEPT


def test_another_makers_file_is_kept_in_its_own_form() -> None:
    text = b"#!version:1.0.0.1\nlinekey.3.value = 2042\naccount.1.sip_server.1.address = evil\nlinekey.3.type=13\n"
    assert read_upload(OVERRIDES, "yealink", text).text == "linekey.3.value = 2042\nlinekey.3.type = 13\n"
    poly = b'<OVERRIDES up.idleTimeout="60" reg.1.server.1.address="evil" np.normal.x="&xxe;"/>'
    found = read_upload(OVERRIDES, "poly", b"<PHONE_CONFIG>" + poly + b"</PHONE_CONFIG>")
    assert '<OVERRIDES up.idleTimeout="60"/>' in found.text
    assert (found.kept, found.dropped) == (1, 2)


def test_contacts_are_kept_whole_but_bring_no_entities() -> None:
    contacts = FileRole(Role.DIRECTORY, MAC)
    assert read_upload(contacts, "poly", b"<directory/>").text == "<directory/>"
    with pytest.raises(BadMessage):
        read_upload(contacts, "poly", b"<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><d>&x;</d>")


def test_a_phone_that_was_reset_has_nothing_to_keep() -> None:
    assert read_upload(DEVICE, "audiocodes", b"system/type=420HD\n").text == ""
    assert read_upload(OVERRIDES, "poly", b"<PHONE_CONFIG><OVERRIDES/></PHONE_CONFIG>").text == ""


@pytest.mark.parametrize("body", [b"x" * (MAX_BYTES + 1), b"\xff\xfe", b"a=b\0"])
def test_what_cannot_be_a_phones_file_is_refused(body: bytes) -> None:
    with pytest.raises(BadMessage) as caught:
        read_upload(DEVICE, "audiocodes", body)
    assert caught.value.reason == "user_lines"


def test_so_many_lines_and_no_more() -> None:
    text = "".join(f"personal_settings/k/{index}=1\n" for index in range(MAX_LINES + 5)).encode()
    assert read_upload(DEVICE, "audiocodes", text).kept == MAX_LINES


def test_every_file_of_a_phone_has_a_place_of_its_own() -> None:
    assert left_path(MAC, f"{MAC.upper()}.CFG") == f"user/{MAC}"
    assert left_path(MAC, f"{MAC}-local.cfg") == f"user/{MAC}/local.cfg"


@settings(max_examples=100)
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode(errors="replace")))
def test_whatever_comes_in_only_lines_of_the_users_come_out(body: bytes) -> None:
    for role, vendor in ((DEVICE, "audiocodes"), (OVERRIDES, "yealink"), (OVERRIDES, "poly")):
        try:
            found = read_upload(role, vendor, b"personal_settings/x=" + body)
        except BadMessage:
            continue
        assert found.text.count("\n") == found.kept or vendor == "poly"
        assert "\r" not in found.text
