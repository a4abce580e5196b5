from __future__ import annotations

import json

import h11
import pytest

from daemon.http.asgi import Endpoints, declared_length, problem, scope_of
from tests.support.http_peer import PHONE


def request(target: str = "/", **headers: str) -> h11.Request:
    named = [(name.replace("_", "-"), value) for name, value in {"host": "x", **headers}.items()]
    return h11.Request(method="GET", target=target, headers=named)


def test_a_scope_has_the_decoded_path_and_both_ends() -> None:
    scope = scope_of(request("/ipp/tenant/caf%C3%A9/a.cfg?x=%20"), PHONE)
    assert (scope["path"], scope["query_string"]) == ("/ipp/tenant/café/a.cfg", b"x=%20")
    assert (scope["client"], scope["server"]) == (("10.1.0.9", 40000), ("10.1.0.1", 8081))


def test_a_peer_over_a_unix_socket_has_no_address() -> None:
    scope = scope_of(request(), Endpoints(client=None, server=("/run/x.sock", None)))
    assert (scope["client"], scope["state"]) == (None, {"unix": True, "certificate": None})


@pytest.mark.parametrize(("length", "expected"), [("17", 17), ("0", 0), (None, 0)])
def test_the_declared_length_is_read(length: str | None, expected: int) -> None:
    headers = {"content_length": length} if length else {}
    assert declared_length(scope_of(request(**headers), PHONE)["headers"]) == expected


def test_a_problem_document_says_the_status() -> None:
    assert json.loads(problem(413))["status"] == 413


def test_chunks_overrule_a_declared_length() -> None:
    both = request(content_length="17", transfer_encoding="chunked")
    assert declared_length(scope_of(both, PHONE)["headers"]) == 0
