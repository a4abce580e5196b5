from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from daemon.cli.client import Declined, accepted, connection, socket_path
from daemon.errors import RingkeeperError
from tests.support.command_line import write_config


def test_when_the_daemon_is_not_running_it_says_how_to_start_it(tmp_path: Path) -> None:
    with (
        pytest.raises(RingkeeperError, match="systemctl start ringkeeper"),
        connection(write_config(tmp_path)) as client,
    ):
        client.get("/")


def test_without_a_unix_socket_in_the_configuration_it_says_what_to_add(tmp_path: Path) -> None:
    config = tmp_path / "ringkeeper.yml"
    config.write_text("http: {operators: {listen: ['http://127.0.0.1:8090']}}\n")

    with pytest.raises(RingkeeperError, match="unix:///run"):
        socket_path(config)


def test_a_problem_is_told_with_all_its_reasons() -> None:
    problem = {"detail": "the rules forbid it", "errors": [{"wrong": "it is in use"}]}

    with pytest.raises(Declined, match="the rules forbid it\n  it is in use"):
        accepted(httpx.Response(409, json=problem))


def test_an_answer_that_is_no_problem_document_is_told_as_it_can_be() -> None:
    with pytest.raises(Declined, match="Bad Gateway"):
        accepted(httpx.Response(502, text="<html>"))


def test_a_good_answer_passes() -> None:
    assert accepted(httpx.Response(200, text="fine")).text == "fine"
