"""Bodies as vendors write them, each a file beside what must be read in it; and whatever else comes is refused."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.fleet.calls import QualityReport, VoiceMetrics
from daemon.scheduler.timestamps import rfc3339
from daemon.sip.vq_report import KEPT_TEXT, MAX_BODY, MAX_LINES, parse_report

FOLDER = Path(__file__).parents[1] / "data" / "vq"
BODIES = sorted(FOLDER.glob("*.vq"))
EXAMPLE = (FOLDER / "rfc.vq").read_bytes()


def expected(path: Path) -> QualityReport:
    """What the file beside it says; what it leaves out is not measured."""
    said = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    for side in ("local_metrics", "remote_metrics"):
        said[side] = VoiceMetrics(**said[side]) if said[side] else None
    return QualityReport(**{"alert": None, **said}, text="")


def read(body: bytes) -> QualityReport:
    """A report with its times and its alert as the files write them."""
    report = parse_report(body)
    shown = {name: getattr(report, name) for name in QualityReport.__dataclass_fields__} | {"text": ""}
    shown |= {name: rfc3339(shown[name]) if shown[name] else None for name in ("started_at", "ended_at")}
    if alert := report.alert:
        shown["alert"] = [alert.metric, alert.level, alert.direction]
    return QualityReport(**shown)


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"], ids=["CRLF", "LF"])
@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.stem)
def test_each_vendors_body_is_read_as_it_was_meant(path: Path, line_end: bytes) -> None:
    assert read(path.read_bytes().replace(b"\n", line_end)) == expected(path)


def test_there_are_bodies_of_every_kind() -> None:
    assert len(BODIES) >= 10
    assert {parse_report(path.read_bytes()).kind for path in BODIES} == {"session", "interval", "alert"}


@pytest.mark.parametrize("sentinel", ["127", "255", "65535", "127.0", "", "n/a", "-1", "6", "1e3", "\u0661"])
def test_what_says_not_available_is_no_measurement(sentinel: str) -> None:
    body = EXAMPLE.decode().partition("RemoteMetrics")[0]
    for name in ("MOSLQ=3.9", "MOSCQ=3.7", "NLR=1.2", "RTD=63", "IAJ=7", "RLQ=84"):
        body = body.replace(name, f"{name.partition('=')[0]}={sentinel}")
    found = parse_report(body.encode()).local_metrics
    assert found is not None
    assert (found.mos_lq, found.mos_cq) == (None, None)
    assert (found.loss, found.round_trip_ms, found.jitter_ms, found.r_lq) in (
        (None, None, None, None),
        (6.0, 6.0, 6.0, 6.0),
    )


def test_a_loss_of_zero_in_a_block_that_measured_something_is_a_loss_of_zero() -> None:
    report = parse_report(b"VQSessionReport\nCallID:a\nPacketLoss:NLR=0.0 JDR=0.0\nDelay:IAJ=4\n")
    assert report.local_metrics == VoiceMetrics(loss=0.0, discarded=0.0, jitter_ms=4.0)


@pytest.mark.parametrize(
    "start", ["0", "", "yesterday", "1970-01-01T00:03:00Z", "9999-99-99T00:00:00Z", "0001-01-01T00:00:00+14:00"]
)
def test_a_clock_that_was_never_set_gives_no_time(start: str) -> None:
    assert parse_report(f"VQSessionReport\nCallID:a\nTimestamps:START={start} STOP=0".encode()).started_at is None


@pytest.mark.parametrize(
    ("body", "reason", "status"),
    [
        (b"", "vq-kind", 400),
        (b"v=0\r\no=- 1 1 IN IP4 192.0.2.1", "vq-kind", 400),
        (b"VQSessionReport: CallTerm\r\n", "vq-call", 400),
        (b"x" * (MAX_BODY + 1), "vq-too-large", 413),
        (EXAMPLE + b"x-Padding: 1\n" * MAX_LINES, "vq-too-large", 413),
    ],
)
def test_what_is_no_report_is_refused_with_its_reason(body: bytes, reason: str, status: int) -> None:
    with pytest.raises(BadMessage) as caught:
        parse_report(body)
    assert (caught.value.reason, caught.value.status) == (reason, status)


def test_the_text_is_kept_bounded_and_without_controls() -> None:
    text = parse_report(EXAMPLE + b"x-Note: \x1b[31m" + b"n" * KEPT_TEXT).text
    assert text.startswith("VQSessionReport: CallTerm\nCallID:")
    assert len(text) <= KEPT_TEXT
    assert "\x1b" not in text


words = st.sampled_from([
    "VQSessionReport", "VQAlertReport:", "CallID:a", "LocalMetrics:", "RemoteMetrics:", "Timestamps:", "START=", "=",
    "QualityEst:", "MOSLQ=", "4.1", "127", '"', " ", "\n", "\r\n", "\n ", ";", ":", "Type=NLR", "Delay:RTD=", "9" * 400,
    "2026-03-04T09:15:02Z", "PD=", "<", ">", "\0", "\u2028", "ÿ",
])  # fmt: skip


@settings(max_examples=150)
@given(st.binary(max_size=400) | st.lists(words, max_size=60).map(lambda parts: "".join(parts).encode()))
def test_whatever_comes_is_a_report_or_a_bad_message(noise: bytes) -> None:
    for body in (noise, b"VQSessionReport\nCallID:a\n" + noise, EXAMPLE[: len(noise)] + noise):
        with suppress(BadMessage):
            report = parse_report(body)
            assert report.call_id
            for metrics in (report.local_metrics, report.remote_metrics):
                assert metrics is None or 1 <= (metrics.mos_lq or 1) <= 5


@pytest.mark.parametrize("unit", ["A=", "A= ", ' A="', "\n ", "\n\t\t", " ", "a", ":", "A:", ";A=", "1,", '"', "<"])
def test_no_body_costs_more_than_its_length(unit: str) -> None:
    """Ten times as long may take some ten times as long; something quadratic would take a hundred times."""
    line = b"VQSessionReport\nCallID:a\nQualityEst:MOSLQ="
    short, long = (line + unit.encode() * (size // len(unit)) for size in (6_000, 60_000))
    assert _seconds(long) < 40 * _seconds(short) + 0.01


def _seconds(body: bytes) -> float:
    best = 1.0
    for _ in range(3):
        began = perf_counter()
        with suppress(BadMessage):
            parse_report(body)
        best = min(best, perf_counter() - began)
    return best
