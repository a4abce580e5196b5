"""The vendor's XML layout, and which template is due to whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import ConfigError
from daemon.provisioning.templates import MAX_BYTES, Template, load_templates, parse_template

DATA = Path(__file__).parent.parent / "data" / "templates"


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


def chosen(own: dict[str, bytes], tenant: str, model: str) -> Template:
    shipped = {"generic.xml": xml("generic"), "420HD.xml": xml("shipped 420HD")}
    return load_templates(shipped, own).find(tenant, model)


def test_the_most_specific_template_wins() -> None:
    own = {"acme/420HD.xml": xml("acme's 420HD"), "420HD.xml": xml("our 420HD")}
    assert chosen(own, "acme", "420HD").description == "acme's 420HD"
    assert chosen(own, "globex", "420HD").description == "our 420HD"
    assert chosen({}, "acme", "420HD").description == "shipped 420HD"
    assert chosen(own, "acme", "450HD").description == "generic"
    assert chosen({"generic.xml": xml("our generic")}, "acme", "450HD").description == "our generic"


def test_an_operators_generic_template_does_not_hide_a_shipped_model() -> None:
    assert chosen({"generic.xml": xml("our generic")}, "acme", "420HD").description == "shipped 420HD"


def test_models_and_tenants_are_found_without_regard_to_case() -> None:
    assert chosen({"Acme/420hd.xml": xml("acme's")}, "acme", "420HD").description == "acme's"


def test_every_broken_template_of_a_folder_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        load_templates({"generic.xml": xml("g")}, {"a.xml": b"<", "t/b.xml": b"<html/>"})
    assert [fault.file for fault in caught.value.faults] == ["a.xml", "t/b.xml"]


def test_without_a_generic_template_nothing_starts() -> None:
    with pytest.raises(ConfigError, match="generic"):
        load_templates({}, {})
