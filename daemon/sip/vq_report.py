"""Bodies of application/vq-rtcpxr (RFC 6035) to a `QualityReport`. Total: one report, or `BadMessage`.

Phones break the RFC's grammar in every place it has: no space after a colon, a space after an equals sign, unquoted
spaces in a codec's name, lines in any order, the names of an older draft. So a body is read by the names of its lines
and parameters, wherever they stand, and what is unknown is passed over. A number that means "not available" (127, 255,
65535, a block of zeros) or lies outside its scale is no measurement. Linear in the length of the body. Not here: who
may report (`publish`), what a value means (`daemon.fleet.quality`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from daemon.errors import BadMessage
from daemon.fleet.calls import AlertLevel, QualityAlert, QualityReport, ReportKind, VoiceMetrics
from daemon.fleet.model import mac_or_none
from daemon.sip.grammar import parse_name_addr

MAX_BODY = 65_535  # bytes; real ones are under 2,000
MAX_LINES = 200  # real ones have under 40
KEPT_TEXT = 4096  # characters of the body that are kept with the call: twice the longest seen
_LONGEST = 200  # characters of an identity or a codec: what fits on a page

_FIRST = re.compile(r"VQ(Session|Interval|Alert)Report[ \t]*:?(.*)", re.IGNORECASE)
_LINE = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,31})[ \t]*:[ \t]*(.*)")
# A parameter begins at a name with an equals sign; its value ends where the next one begins, whatever is in between.
_PARAMETER = re.compile(r'(?:^|(?<=[\s;]))([A-Za-z][A-Za-z0-9]{0,31})=(?:\s{0,8}"([^"]{0,1000})")?')
_NUMBER = re.compile(r"([+-]?[0-9]{1,9}(?:[.,][0-9]{1,9})?)(?: ?(?:%|ms))?", re.ASCII)
# A wrapped line goes on indented; an indented line with a name of its own is a line (some indent whole blocks).
_FOLD = re.compile(r"\r?\n[ \t]+(?=\S)(?![A-Za-z][A-Za-z0-9-]{0,31}[ \t]*:)")

# What phones write where they have nothing to say (RFC 3611 section 4.7, and what was seen).
SENTINELS = frozenset({127.0, 255.0, 65535.0})
_EARLIEST = 946_684_800.0  # the year 2000: before it a phone's clock was not set

# Line -> the parameters of it that are measurements.
_MEASURED = {
    "packetloss": ("NLR", "JDR"),
    "burstgaploss": ("BLD", "BD", "GLD", "GD"),
    "delay": ("RTD", "ESD", "OWD", "SOWD", "IAJ", "MAJ"),
    "qualityest": ("RLQ", "RCQ", "MOSLQ", "MOSCQ"),
}
_BLOCKS = {"localmetrics": "local", "metrics": "local", "remotemetrics": "remote"}
_SPELLING = {level.value.lower(): level for level in AlertLevel}

Parameters = Mapping[str, str]


@dataclass(slots=True)
class _Block:
    """Local or remote metrics while they are read: the parameters of each line, by lower-case name of the line."""

    lines: dict[str, Parameters] = field(default_factory=dict)

    def number(self, line: str, name: str) -> float | None:
        """A value as it stands; None for what is no number or a sentinel."""
        match = _NUMBER.fullmatch(self.lines.get(line, {}).get(name, ""))
        value = float(match[1].replace(",", ".")) if match else None
        return None if value in SENTINELS else value

    def within(self, line: str, name: str, least: float, most: float) -> float | None:
        """The same, if it lies on its scale."""
        value = self.number(line, name)
        return value if value is not None and least <= value <= most else None

    @property
    def measured(self) -> bool:
        """Whether anything but zeros was measured; a block of zeros is what some write who measure nothing."""
        return any(self.number(line, name) for line, names in _MEASURED.items() for name in names)


def parse_report(body: bytes) -> QualityReport:
    """One body -> one report; `BadMessage` ("vq-too-large", "vq-kind", "vq-call") for what is none."""
    if len(body) > MAX_BODY:
        raise BadMessage("vq-too-large", f"{len(body)} bytes", 413)
    text = body.decode("utf-8", "replace")
    first, *lines = _lines(text)
    kind, rest = _kind(first)
    headers, blocks = _sorted_out(lines)
    local, remote = blocks["local"], blocks["remote"]
    times = _parameters(headers.get("timestamps", ""))
    started_at, ended_at = _time(times.get("START", "")), _time(times.get("STOP", ""))
    return QualityReport(
        kind=kind,
        call_id=_call_id(headers),
        local=_party(headers.get("localid") or headers.get("fromid", "")),
        remote=_party(headers.get("remoteid") or headers.get("toid", "")),
        local_mac=mac_or_none(headers.get("localmac", "")),
        started_at=started_at,
        ended_at=ended_at,
        local_metrics=_metrics(local, local) if local.measured else None,
        remote_metrics=_metrics(remote, local) if remote.measured else None,
        alert=_alert(_parameters(rest), started_at) if kind is ReportKind.ALERT else None,
        text=printable(text, KEPT_TEXT, keep="\n"),
    )


def printable(text: str, most: int, keep: str = "") -> str:
    """Text from the net that is kept and shown: bounded, without controls."""
    return "".join(char for char in text[:most] if char.isprintable() or char in keep)


def _lines(text: str) -> list[str]:
    """The lines that say something, folded ones joined (RFC 6035 wraps its examples so); never none."""
    lines = [line.strip() for line in _FOLD.sub(" ", text.strip()).splitlines()]
    if len(lines) > MAX_LINES:
        raise BadMessage("vq-too-large", f"{len(lines)} lines", 413)
    return [line for line in lines if line] or [""]


def _kind(first: str) -> tuple[ReportKind, str]:
    match = _FIRST.match(first)
    if match is None:
        raise BadMessage("vq-kind", f"no report begins with {first[:40]!r}")
    return ReportKind(match[1].lower()), match[2]


def _sorted_out(lines: Iterable[str]) -> tuple[dict[str, str], dict[str, _Block]]:
    """Lines about the call by lower-case name, the first of two; lines with metrics into the block they stand in.

    The times of a block count for the call, since some phones write none elsewhere.
    """
    headers: dict[str, str] = {}
    blocks = {"local": _Block(), "remote": _Block()}
    into = "local"
    for name, value in _named(lines):
        if name in _BLOCKS:
            into = _BLOCKS[name]
        elif name in _MEASURED or name == "sessiondesc":
            blocks[into].lines.setdefault(name, _parameters(value))
        else:
            headers.setdefault(name, value)
    return headers, blocks


def _named(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if match := _LINE.fullmatch(line):
            yield match[1].lower(), match[2]


def _parameters(text: str) -> Parameters:
    """`A=1 B = is not one C=two words D="quoted"` -> values by upper-case name, the first of two."""
    marks = list(_PARAMETER.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    values: dict[str, str] = {}
    for mark, end in zip(marks, ends, strict=False):
        value = text[mark.end() : end].strip(" \t;") if mark[2] is None else mark[2]
        values.setdefault(mark[1].upper(), value)
    return values


def _metrics(block: _Block, session: _Block) -> VoiceMetrics:
    """Zero is a good loss, but no MOS, no R of a call somebody heard, and no round trip of a real network."""
    described = block.lines.get("sessiondesc") or session.lines.get("sessiondesc", {})
    return VoiceMetrics(
        codec=printable(described.get("PD", ""), 40),
        mos_lq=block.within("qualityest", "MOSLQ", 1, 5),
        mos_cq=block.within("qualityest", "MOSCQ", 1, 5),
        r_lq=block.within("qualityest", "RLQ", 0.1, 120),
        r_cq=block.within("qualityest", "RCQ", 0.1, 120),
        loss=block.within("packetloss", "NLR", 0, 100),
        discarded=block.within("packetloss", "JDR", 0, 100),
        jitter_ms=block.within("delay", "IAJ", 0, 65534),
        round_trip_ms=block.within("delay", "RTD", 0.1, 65534),
    )


def _alert(said: Parameters, at: float | None) -> QualityAlert:
    """An unknown severity counts as a warning: somebody wanted to be heard."""
    level = _SPELLING.get(said.get("SEVERITY", "").lower(), AlertLevel.WARNING)
    direction = "remote" if said.get("DIR", "").lower() == "remote" else "local"
    return QualityAlert(printable(said.get("TYPE", ""), 10) or "unnamed", level, direction, at)


def _call_id(headers: Mapping[str, str]) -> str:
    """The call's, which is not that of the PUBLISH; a dialog identifier begins with it."""
    call_id = headers.get("callid", "") or headers.get("dialogid", "").partition(";")[0].strip()
    if not call_id:
        raise BadMessage("vq-call", "no CallID")
    return printable(call_id, _LONGEST)


def _party(text: str) -> str:
    """The URI of an identity, without display name and parameters; what is no address is kept as it stands."""
    try:
        return printable(parse_name_addr(text).uri, _LONGEST)
    except BadMessage:
        return printable(text, _LONGEST)


def _time(text: str) -> float | None:
    """RFC 3339 -> seconds; a time without a zone is UTC. None for 0 and for a clock that was never set."""
    try:
        moment = datetime.fromisoformat(text.strip().upper())
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return at if at >= _EARLIEST else None
