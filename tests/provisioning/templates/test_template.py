"""Lines, markers, and what is put in at them."""

from __future__ import annotations

import pytest

from daemon.provisioning.templates.template import (
    Block,
    Line,
    Marker,
    Section,
    Template,
    line_faults,
    made_of,
    read_lines,
    with_insertions,
)

WANTED = {marker: (Line(1, f"key={marker.name}", marker.name),) for marker in Marker}


def template(shared: str, own: str) -> Template:
    def block(section: Section, text: str) -> Block:
        return Block(section, read_lines(text.replace("|", "\n")), "x.cfg", "")

    return made_of("420HD", "t", "d", [block(Section.GLOBAL, shared), block(Section.DEVICE, own)])


def filled(made: Template) -> tuple[list[str], list[str]]:
    whole = with_insertions(made, WANTED)
    return [line.text for line in whole.shared], [line.text for line in whole.own]


def test_comments_and_empty_lines_stay_in_the_block_and_out_of_the_files() -> None:
    made = template("; why||a=1|zzz0_daylight_cfg=ENABLE", "b=2")
    assert [line.text for line in made.blocks[0].lines] == ["; why", "", "a=1", "zzz0_daylight_cfg=ENABLE"]
    assert [line.text for line in made.shared] == ["a=1"]
    assert [line.marker for line in made.markers] == [Marker.DAYLIGHT]


def test_each_marker_gets_its_lines_where_it_stands() -> None:
    made = template("a=1|zzz0_daylight_cfg=ENABLE|b=2|zzz1_tenant_cfg", "c=3|zzz2_site_cfg|zzz3_user_cfg|d=4")
    assert filled(made) == (["a=1", "key=DAYLIGHT", "b=2", "key=TENANT"], ["c=3", "key=SITE", "key=USER", "d=4"])


def test_without_markers_everything_stands_at_the_end_in_order_of_precedence() -> None:
    shared, own = filled(template("a=1", "b=2"))
    assert shared == ["a=1"]
    assert own == ["b=2", "key=TENANT", "key=SITE", "key=USER"]


def test_a_missing_marker_stands_before_the_next_so_that_precedence_holds() -> None:
    shared, own = filled(template("a=1|zzz0_daylight_cfg|b=2", "c=3|zzz2_site_cfg|d=4"))
    assert shared == ["a=1", "key=DAYLIGHT", "b=2"]
    assert own == ["c=3", "key=TENANT", "key=SITE", "d=4", "key=USER"]


def test_what_a_site_or_user_wants_never_stands_in_the_file_that_all_share() -> None:
    shared, own = filled(template("a=1|zzz0_daylight_cfg|zzz1_tenant_cfg|zzz2_site_cfg|zzz3_user_cfg", "c=3"))
    assert shared == ["a=1", "key=DAYLIGHT", "key=TENANT"]
    assert own == ["key=SITE", "key=USER", "c=3"]


def test_a_marker_that_is_switched_off_takes_nothing_in() -> None:
    shared, _ = filled(template("a=1|zzz0_daylight_cfg=DISABLE|zzz1_tenant_cfg", "c=3"))
    assert shared == ["a=1", "key=TENANT"]


def test_without_insertions_a_template_stays_the_same_object() -> None:
    made = template("a=1|zzz0_daylight_cfg", "b=2")
    assert with_insertions(made, {Marker.TENANT: ()}) is made


def test_an_inserted_line_tells_where_it_came_from() -> None:
    own = with_insertions(template("a=1", "b=2"), WANTED).own
    assert [(line.origin, line.number) for line in own] == [
        ("", 1), ("TENANT", 1), ("SITE", 1), ("USER", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a=1\r=2", "holds a line break"),
        ("; \u2028", "holds a line break"),
        ("a=\ud800", "holds a line break"),
        ("a=\uffff", "holds a line break"),
        ("no setting", "neither key=value"),
        ("[global]", "neither key=value"),
        ("a=%ITCS_Open", "is not closed"),
    ],
)
def test_lines_that_no_phone_could_take_are_named(text: str, wrong: str) -> None:
    [fault] = line_faults("420HD", [Line(7, text)])
    assert fault.line == 7
    assert wrong in fault.wrong


@pytest.mark.parametrize("text", ["", "; any thing", "a/b=1", "a=\ttab", "include x.cfg", "zzz1_tenant_cfg", "a=100%"])
def test_other_lines_are_fine(text: str) -> None:
    assert line_faults("420HD", [Line(1, text)]) == []
