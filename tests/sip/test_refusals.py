from __future__ import annotations

import pytest

from daemon.sip.message import Request
from daemon.sip.parser import parse
from daemon.sip.refusals import Refusal, refusal_of
from tests.support.sip_messages import request


def judged(datagram: bytes) -> Refusal | None:
    message = parse(datagram)
    assert isinstance(message, Request)
    return refusal_of(message)


def test_a_good_request_meets_no_objection() -> None:
    assert judged(request()) is None
    assert judged(request(max_forwards="0")) is None
    assert judged(request(max_forwards=None, content_length=None)) is None  # phones of RFC 2543's time


@pytest.mark.parametrize(
    ("datagram", "status", "reason"),
    [
        (request().replace(b"SIP/2.0\r\nvia", b"SIP/7.0\r\nvia"), 505, "version"),
        (request(from_=None), 400, "from"),
        (request(to=None), 400, "to"),
        (request(call_id=None), 400, "call-id"),
        (request(cseq=None), 400, "cseq"),
        (request() .replace(b"cseq:", b"cseq: 1 OPTIONS\r\ncseq:"), 400, "cseq"),
        (request(cseq="1 INVITE"), 400, "cseq-method"),
        (request(cseq="36893488147419103232 OPTIONS"), 400, "cseq"),
        (request(to='"Mr. X <sip:x@y>'), 400, "name-addr"),
        (request(content_length="9999"), 400, "body-too-short"),
        (request(content_length="-999"), 400, "content-length"),
        (request(max_forwards="256"), 400, "max-forwards"),
        (request("INVITE"), 405, "method"),
        (request("NEWMETHOD"), 501, "unknown-method"),
        (request("options"), 501, "unknown-method"),  # methods are case-sensitive
        (request(uri="nobodyKnowsThisScheme:x"), 416, "uri-scheme"),
        (request(uri="<sip:x@y>"), 400, "uri"),
        (request(uri="sip:x@y; lr"), 400, "uri"),
        (request(require="nothingSupportsThis, nor-this"), 420, "require"),
    ],
)  # fmt: skip
def test_each_objection_has_its_status_and_reason(datagram: bytes, status: int, reason: str) -> None:
    refusal = judged(datagram)
    assert refusal
    assert (refusal.status, refusal.reason) == (status, reason)


def test_the_first_objection_in_the_rfcs_order_decides() -> None:
    refusal = judged(request("INVITE", uri="tel:1", require="x", cseq=None))
    assert refusal
    assert refusal.status == 400


def test_a_refusal_says_what_would_be_accepted() -> None:
    method, extension = judged(request("INVITE")), judged(request(require="path, 100rel"))
    assert method
    assert extension
    assert method.headers == (("allow", "OPTIONS, REGISTER, PUBLISH"),)
    assert extension.headers == (("unsupported", "100rel"),)
