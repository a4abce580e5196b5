"""The documents say what the program does: generated parts, names, links and commands are held against the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from daemon import __version__
from daemon.cli.main import ringkeeper
from daemon.config.reload import flatten
from daemon.config.settings import Settings
from daemon.fleet.alarms.catalogue import OWN_ALARMS
from daemon.fleet.alarms.phone_kinds import PHONE_ALARMS
from daemon.http.operators.app import API, API_PARTS
from tests.support.scripts import script

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
OPERATIONS = ROOT / "docs" / "operations.md"
ALARMS = ROOT / "docs" / "alarms.md"

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"(?:^|`|bin/)ringkeeper ([a-z][a-z-]*)((?: [^\n`#;|]*)?)", re.MULTILINE)
_MAKE = re.compile(r"(?:^|`)make ([a-z]+)", re.MULTILINE)
_SETTING = re.compile(r"`([a-z_]+(?:\.[a-z_]+)+)(?:: [^`]*)?`")
_OPTION = re.compile(r"(--[a-z-]+)")


draw_docs = script("draw_docs")


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", sorted({document for document, _ in draw_docs.PARTS}))
def test_generated_parts_are_what_the_code_says(document: str) -> None:
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    assert draw_docs.drawn(document, text) == text, "run scripts/draw_docs.py"


def test_a_document_without_its_marker_is_a_fault() -> None:
    with pytest.raises(ValueError, match="alarms"):
        draw_docs.drawn("alarms.md", "no markers here")


def test_a_diagram_draws_once_what_is_the_same_from_everywhere() -> None:
    lines = draw_docs.presence_diagram().splitlines()
    assert "    ANYWHERE --> OFFLINE: reported offline (signed out)" in lines
    assert not any("signed out" in line for line in lines if "ANYWHERE" not in line)


@pytest.mark.parametrize("kind", [*OWN_ALARMS, *PHONE_ALARMS.values()], ids=lambda kind: kind.name)
def test_every_alarm_is_documented_with_what_to_do(kind: object) -> None:
    text = ALARMS.read_text(encoding="utf-8")
    name, action, ends = (getattr(kind, field) for field in ("name", "action", "ends"))
    assert f"\n### {name}\n" in text
    assert f"| What to do | {action} |" in text
    assert f"| Ends when | {ends} |" in text


def test_every_metric_is_documented_with_its_meaning() -> None:
    text = OPERATIONS.read_text(encoding="utf-8")
    metrics = list(draw_docs.every_metric())
    assert len(metrics) > 40
    for metric in metrics:
        assert metric.documentation
        assert f"| `{draw_docs.full_name(metric)}` |" in text


def test_alert_rules_use_metrics_that_exist() -> None:
    text = OPERATIONS.read_text(encoding="utf-8")
    exported = {draw_docs.full_name(metric) for metric in draw_docs.every_metric()}
    assert set(re.findall(r"\bringkeeper_[a-z_]+", text)) <= exported


def test_the_newest_entry_of_the_changelog_is_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[([^\]]+)\] - \d{4}-\d\d-\d\d$", text, re.MULTILINE)
    assert versions[0] == __version__


@pytest.mark.parametrize("document", DOCUMENTS, ids=_named)
def test_links_lead_somewhere(document: Path) -> None:
    for target in _LINK.findall(_FENCE.sub("", document.read_text(encoding="utf-8"))):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        assert path.exists(), f"{target}: there is no such file"
        assert not anchor or anchor in set(_anchors(path)), f"{target}: there is no such heading"


def _anchors(path: Path) -> Iterator[str]:
    """Headings as GitHub names them."""
    for heading in re.findall(r"^#+ (.+)$", _FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE):
        yield re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=_named)
def test_commands_and_their_options_exist(document: Path) -> None:
    known = _commands()
    for command, rest in _COMMAND.findall(document.read_text(encoding="utf-8")):
        first = rest.split()[:1]
        name = f"{command} {first[0]}" if first and f"{command} {first[0]}" in known else command
        assert name in known, f"ringkeeper {command}: no such command"
        assert set(_OPTION.findall(rest)) <= known[name], f"ringkeeper {name}{rest}: no such option"


def _commands() -> dict[str, set[str]]:
    """Every command of the command line with its options."""
    found: dict[str, set[str]] = {}
    root = typer.main.get_group(ringkeeper)
    for name, command in root.commands.items():
        for inner, known in {"": command, **getattr(command, "commands", {})}.items():
            found[f"{name} {inner}".strip()] = {option for parameter in known.params for option in parameter.opts}
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=_named)
def test_make_targets_exist(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in _MAKE.findall(document.read_text(encoding="utf-8")):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}: no such target"


@pytest.mark.parametrize("document", DOCUMENTS, ids=_named)
def test_settings_that_are_named_exist(document: Path) -> None:
    """`qualify.misses` in a sentence is a key of the configuration; a key that was renamed must be so here, too."""
    keys = {key for key, _ in flatten(Settings())}
    blocks = {key.partition(".")[0] for key in keys if "." in key}
    for key in _SETTING.findall(document.read_text(encoding="utf-8")):
        if key.partition(".")[0] in blocks:
            assert key in keys, f"{key}: no such setting"


def test_every_path_of_the_api_is_documented() -> None:
    text = (ROOT / "docs" / "protocols.md").read_text(encoding="utf-8")
    paths = {f"{API}{getattr(route, 'path', '')}" for part in API_PARTS for route in part.router.routes}
    assert len(paths) > 10
    for path in paths:
        assert f"`{path}`" in text
