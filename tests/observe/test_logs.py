from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from daemon.config.settings import Log
from daemon.observe import logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_its_fields_in_front() -> None:
    stream = io.StringIO()
    logs.configure(Log(), stream)
    structlog.get_logger("sip").info("moved", mac="00908f4867af", event_name="device_moved", rtt_ms=3)
    [line] = lines(stream)
    assert list(line) == ["ts", "level", "msg", "component", "event", "mac", "rtt_ms"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("ts"))
    assert line == {
        "level": "info",
        "msg": "moved",
        "component": "sip",
        "event": "device_moved",
        "mac": "00908f4867af",
        "rtt_ms": 3,
    }


def test_fields_nobody_gave_are_left_out() -> None:
    stream = io.StringIO()
    logs.configure(Log(), stream)
    structlog.get_logger().warning("plain")
    assert list(lines(stream)[0]) == ["ts", "level", "msg"]


def test_a_logger_made_before_obeys_what_is_configured_after() -> None:
    early = structlog.get_logger("early")
    stream = io.StringIO()
    logs.configure(Log(level="warning"), stream)
    early.info("not this")
    early.warning("but this")
    logs.apply(Log(level="debug"))
    early.debug("and this")
    assert [line["msg"] for line in lines(stream)] == ["but this", "and this"]


def test_secrets_given_by_mistake_stay_out() -> None:
    stream = io.StringIO()
    logs.configure(Log(), stream)
    structlog.get_logger("a").info("x", sip_password="p", Token="t", client_secret="s", community="c", user="u")
    assert list(lines(stream)[0]) == ["ts", "level", "msg", "component", "user"]


def test_a_peers_line_breaks_do_not_make_lines() -> None:
    for log in (Log(), Log(format="console")):
        stream = io.StringIO()
        logs.configure(log, stream)
        structlog.get_logger("a").info("x", user_agent="evil\n2026-01-01 [info] all is well\x1b[2J")
        assert stream.getvalue().count("\n") == 1
        assert "\x1b" not in stream.getvalue()


def test_an_exception_is_told_in_one_line() -> None:
    stream = io.StringIO()
    logs.configure(Log(), stream)
    try:
        int("broken")
    except ValueError:
        structlog.get_logger("a").exception("failed")
    assert lines(stream)[0]["level"] == "error"
    assert "ValueError: invalid literal" in lines(stream)[0]["exception"]


def test_console_lines_name_message_and_component() -> None:
    stream = io.StringIO()
    logs.configure(Log(format="console"), stream)
    structlog.get_logger("sip").info("moved", mac="00908f4867af")
    assert re.search(r"info.*moved.*component='?sip.*mac='?00908f4867af", stream.getvalue())


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError("no space left on device")


def test_a_full_disk_does_not_stop_whoever_logs() -> None:
    logs.configure(Log(), Full())
    structlog.get_logger("a").error("nobody hears this")
