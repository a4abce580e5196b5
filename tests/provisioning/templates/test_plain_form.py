"""Templates as plain text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import ConfigError
from daemon.provisioning.templates.plain_form import parse_text, write_text
from daemon.provisioning.templates.template import Template
from tests.support.template_nouns import templates

PLAIN = """\
type=audiocodes_420HD
description=A phone

[global]
; shared by all
a/b=1

[device]
@name=mine.cfg
include x.cfg
c/d=%ITCS_mac%
zzz3_user_cfg
"""


@settings(max_examples=80, deadline=None)
@given(templates)
def test_what_is_written_is_read_as_the_same_template(template: Template) -> None:
    assert parse_text(template.name, write_text(template)) == template


def test_the_plain_form_is_read_and_written_as_it_stands() -> None:
    template = parse_text("420HD", PLAIN)
    assert write_text(template) == PLAIN
    assert [(line.number, line.text) for line in template.shared] == [(6, "a/b=1")]
    assert template.blocks[1].file_name == "mine.cfg"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "needs a [global] and a [device] section"),
        ("[global]\na=1", "needs a [global] and a [device] section"),
        ("a=1\n[global]\n[device]", "x:1 a=1: stands in no section"),
        ("[global]\n@colour=red\n[device]", "x:2 @colour=red: is neither @name=… nor @folder=…"),
        ("[global]\nno setting\n[device]\n%ITCS_x", "x:2 no setting: neither key=value"),
        ("[globe]\n[global]\n[device]", "x:1 [globe]: neither key=value"),
        ("a=1\n" * 10_001, "more than 10000 lines"),
        ("a" * 600_000, "larger than 512 KiB"),
    ],
)
def test_what_is_no_template_is_said_to_be_none(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_text("x", text)
    assert said in str(caught.value)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200).map(lambda text: f"[global]\n{text}\n[device]\n"))
def test_any_text_is_a_template_or_a_named_fault(text: str) -> None:
    try:
        template = parse_text("x", text)
    except ConfigError:
        return
    assert parse_text("x", write_text(template)) == template
