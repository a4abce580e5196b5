"""The vendor's XML layout, and which template is due to whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import ConfigError
from daemon.provisioning.templates.shelf import MAX_BYTES, load_templates, parse_template

DATA = Path(__file__).parents[2] / "data" / "templates"


def xml(description: str, shared: str = "a/b=1", own: str = "c/d=2") -> bytes:
    return (
        f"<ipphonetamplate><type>t</type><description>{description}</description>"
        f"<file_config><type>global_file</type><data>{shared}</data></file_config>"
        f"<file_config><type>file</type><data>{own}</data></file_config></ipphonetamplate>"
    ).encode()


def faults_of(name: str, raw: bytes) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_template(name, raw)
    return [str(fault) for fault in caught.value.faults]


def test_the_vendors_layout_is_read_with_its_line_numbers() -> None:
    template = parse_template("420HD.xml", (DATA / "vendor-layout.xml").read_bytes())
    assert template.type == "audiocodes_420HD"
    assert template.description.endswith("Zürich")
    assert [(line.number, line.key) for line in template.shared] == [
        (8, "personal_settings/language"),
        (9, "system/password"),
        (10, "system/ldap/name_filter"),
    ]
    assert [line.text for line in template.own if line.is_include] == [
        "include Audiocodes_420HD_global_GENERIC_empty.cfg"
    ]


def test_comments_are_left_out_and_markers_kept_apart() -> None:
    template = parse_template("420HD.xml", (DATA / "vendor-layout.xml").read_bytes())
    assert [line.text.partition("=")[0] for line in template.markers] == [
        "zzz0_daylight_cfg",
        "zzz1_tenant_cfg",
        "zzz3_user_cfg",
    ]
    assert not [line for line in template.shared if line.text.startswith(";")]


@pytest.mark.parametrize("name", ["bomb.xml", "outside-entity.xml"])
def test_declarations_are_refused_before_any_entity_is_read(name: str) -> None:
    [fault] = faults_of(name, (DATA / name).read_bytes())
    assert fault.startswith(f"{name}:2 DOCTYPE: declarations and entities are refused")


def test_every_faulty_line_is_named_with_its_place() -> None:
    faults = faults_of("420HD.xml", (DATA / "faulty-lines.xml").read_bytes())
    assert [fault.split(": ")[0] for fault in faults] == [
        "420HD.xml:7 no equals sign here",
        "420HD.xml:8 bad/key=%ITCS_Unclosed",
        "420HD.xml:14 encrypt_mode",
    ]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "no element found"),
        (b"not xml", "syntax error"),
        (b"<html/>", "the outermost element is not ipphonetamplate"),
        (b"<ipphonetamplate/>", "needs a block of type global_file and one of type file"),
        (b"<ipphonetamplate><file_config><type>odd</type></file_config></ipphonetamplate>", "neither global_file nor"),
        (b"<ipphonetamplate>" + b"<a>" * 50, "nested more than 8 deep"),
        (b"<?xml version='1.0' encoding='klingon'?><ipphonetamplate/>", "unknown encoding"),
        (b" " * (MAX_BYTES + 1), "larger than 512 KiB"),
        (xml("&lt;", shared="&nope;"), "undefined entity"),
    ],
)
def test_what_is_no_template_is_said_to_be_none(raw: bytes, said: str) -> None:
    assert said in " ".join(faults_of("x.xml", raw))


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: xml("d", shared=text))))
def test_any_bytes_are_a_template_or_a_named_fault(raw: bytes) -> None:
    try:
        template = parse_template("x.xml", raw)
    except ConfigError:
        return
    assert all("\n" not in line.text for line in template.shared + template.own)


def test_operators_templates_shadow_the_shipped_ones_in_any_case() -> None:
    shipped = {"generic.xml": xml("generic"), "420HD.xml": xml("shipped 420HD")}
    templates = load_templates(shipped, {"acme/420HD.xml": xml("acme's 420HD"), "420HD.xml": xml("our 420HD")})
    found = {name: templates.named(name) for name in ("Acme/420hd", "420HD", "generic", "450HD")}
    said = {name: template and template.description for name, template in found.items()}
    assert said == {"Acme/420hd": "acme's 420HD", "420HD": "our 420HD", "generic": "generic", "450HD": None}


def test_every_broken_template_of_a_folder_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        load_templates({"generic.xml": xml("g")}, {"a.xml": b"<", "t/b.xml": b"<html/>"})
    assert [fault.file for fault in caught.value.faults] == ["a.xml", "t/b.xml"]


def test_without_a_generic_template_nothing_starts() -> None:
    with pytest.raises(ConfigError, match="generic"):
        load_templates({}, {})


BASE = xml("base", "; SIP\nvoip/a=1\nvoip/b=2\n\n; clock\nsystem/c=3\nzzz0_daylight_cfg=ENABLE", "d/e=4\nzzz3_user_cfg")


def extending(base: str, shared: str = "", without: str = "") -> bytes:
    return (
        f"<ipphonetamplate><extends>{base}</extends><without>{without}</without><type>mine</type>"
        f"<file_config><type>global_file</type><data>{shared}</data></file_config></ipphonetamplate>"
    ).encode()


def test_a_shipped_template_says_only_what_is_different() -> None:
    shipped = {
        "generic.xml": BASE,
        "420HD.xml": extending("generic", "system/c=30\nnew/f=5"),
        "420HD_LYNC.xml": extending("420HD", without="voip/"),
    }
    templates = load_templates(shipped, {})
    model, lync = templates.named("420HD"), templates.named("420hd_lync")
    assert model is not None
    assert lync is not None
    assert [line.text for line in model.shared] == ["voip/a=1", "voip/b=2", "system/c=30", "new/f=5"]
    assert [line.text for line in model.own] == ["d/e=4"]
    assert (model.type, model.description, model.name) == ("mine", "base", "shipped/420HD.xml")
    assert [line.text for line in lync.blocks[0].lines] == [
        "",
        "; clock",
        "system/c=30",
        "new/f=5",
        "zzz0_daylight_cfg=ENABLE",
    ]
    assert [(line.origin, line.number) for line in model.shared][::3] == [("shipped/generic.xml", 2), ("", 2)]
    assert sorted(templates.names()) == ["420HD", "420HD_LYNC", "generic"]


@pytest.mark.parametrize(
    ("shipped", "own", "said"),
    [
        ({"a.xml": extending("b"), "b.xml": extending("a")}, {}, "extends itself by a circle"),
        ({"a.xml": extending("nobody")}, {}, "nobody: is extended, but not there"),
        ({}, {"420HD.xml": extending("generic")}, "420HD.xml:1 extends: only shipped templates may extend another"),
    ],
)
def test_circles_and_what_is_not_there_are_faults(shipped: dict[str, bytes], own: dict[str, bytes], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_templates({"generic.xml": BASE, **shipped}, own)
    assert said in str(caught.value)
