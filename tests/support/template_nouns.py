"""Hypothesis strategies for templates, as wild as their lines may be."""

from __future__ import annotations

from hypothesis import strategies as st

from daemon.provisioning.templates.template import Block, Line, Section, Template, line_faults, made_of
from daemon.provisioning.templates.xml_form import FILE_NAMES, FOLDER

_CHARACTERS = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\uffff\ufffe")
_FRAGMENTS = st.sampled_from(
    ["]]>", "<![CDATA[", "&amp;", "<x>", "%ITCS_mac%", "100%", ";", "=", "[device]", "@name=", "ü"]
)
_texts = st.lists(_FRAGMENTS | st.text(_CHARACTERS, max_size=8), max_size=4).map("".join)
_one_line = _texts.map(lambda text: " ".join(text.split()))
_written = st.one_of(
    st.just(""),
    _texts.map(lambda text: f"; {text}".strip()),
    st.builds("{}={}".format, st.sampled_from(["a/b", "voip/line/0/id", "x"]), _texts).map(str.strip),
    _one_line.map(lambda text: f"include x{text}"),
    st.sampled_from(["zzz0_daylight_cfg=ENABLE", "zzz1_tenant_cfg", "zzz2_site_cfg", "zzz3_user_cfg"]),
).filter(lambda text: not line_faults("x", [Line(1, text)]))


def _block(section: Section, texts: list[str], name: str) -> Block:
    return Block(section, tuple(Line(1, text) for text in texts), name or FILE_NAMES[section], FOLDER)


def _blocks(section: Section) -> st.SearchStrategy[Block]:
    return st.builds(_block, st.just(section), st.lists(_written, max_size=6), st.sampled_from(["", "my file.cfg"]))


templates: st.SearchStrategy[Template] = st.builds(
    made_of,
    st.just("acme/420HD"),
    _one_line.filter(lambda text: "%ITCS_" not in text),
    _one_line,
    st.tuples(_blocks(Section.GLOBAL), _blocks(Section.DEVICE), _blocks(Section.GLOBAL)).map(list),
)
