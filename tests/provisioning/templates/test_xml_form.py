"""The vendor's XML layout, read and written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from daemon.errors import ConfigError
from daemon.provisioning.templates.template import Template
from daemon.provisioning.templates.xml_form import (
    MAX_BYTES,
    as_file,
    as_text,
    parse_extension,
    parse_template,
    write_template,
)
from tests.support.template_nouns import templates

LAYOUT = (Path(__file__).parents[2] / "data" / "templates" / "vendor-layout.xml").read_bytes()


@settings(max_examples=80, deadline=None)
@given(templates)
def test_what_is_written_is_read_as_the_same_template(template: Template) -> None:
    assert parse_template(template.name, write_template(template)) == template


def test_an_end_mark_of_cdata_survives() -> None:
    read = parse_template("x", LAYOUT.replace(b"system/password=1234", b"a/b=x]]]]><![CDATA[>y"))
    assert [line.text for line in read.shared][1] == "a/b=x]]>y"
    assert b"]]]]><![CDATA[>y" in write_template(read)
    assert parse_template("x", write_template(read)) == read


def test_it_is_written_in_the_vendors_encoding_if_that_can_hold_it() -> None:
    read = parse_template("x", LAYOUT)
    raw = write_template(read)
    assert raw.startswith(b'<?xml version="1.0" encoding="ISO-8859-1"?>\n<ipphonetamplate>\n')
    assert "Zürich".encode("iso-8859-1") in raw
    assert as_file("<x>שלום</x>").startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n')


def test_text_for_the_disk_says_utf8_and_keeps_every_line_in_its_place() -> None:
    text = as_text("x", LAYOUT)
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<ipphonetamplate>')
    assert "Zürich" in text
    again = parse_template("x", text.encode())
    assert again == parse_template("x", LAYOUT)
    assert [line.number for line in again.shared] == [line.number for line in parse_template("x", LAYOUT).shared]
    assert as_file(text) == LAYOUT


@pytest.mark.parametrize("encoding", ["klingon", "punycode", "utf-7", "unicode_escape"])
def test_strange_encodings_are_refused(encoding: str) -> None:
    with pytest.raises(ConfigError, match=f"{encoding} is not supported"):
        as_text("x", f"<?xml version='1.0' encoding='{encoding}'?><x/>".encode())


@pytest.mark.parametrize("raw", [b"<?xml version='1.0' encoding='iso-8859-99'?><x/>", b"\xff\xfe<", b"<x>\xe9</x>"])
def test_bytes_that_are_not_what_they_say_are_a_fault(raw: bytes) -> None:
    with pytest.raises(ConfigError, match="is not"):
        as_text("x", raw)


def test_only_shipped_templates_extend_others() -> None:
    raw = b"<ipphonetamplate><extends>generic</extends><without>voip/ lync/</without></ipphonetamplate>"
    read = parse_extension("x", raw)
    assert (read.extends, read.without) == ("generic", ("voip/", "lync/"))
    with pytest.raises(ConfigError, match="only shipped templates may extend another"):
        parse_template("x", raw)


def test_too_many_lines_are_a_fault() -> None:
    raw = LAYOUT.replace(b"system/password=1234", b"a=1\n" * 10_001)
    assert len(raw) < MAX_BYTES
    with pytest.raises(ConfigError, match="more than 10000 lines"):
        parse_template("x", raw)
