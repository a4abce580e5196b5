from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from daemon.config.settings import Sip
from daemon.fleet.events import QualityReported
from daemon.fleet.model import Contact, DeviceRecord, Tenant
from daemon.sip.message import Request, Source
from daemon.sip.parser import parse
from daemon.sip.publish import Publications
from daemon.sip.responses import Reply, Responder
from tests.support.sip_messages import ALICE, BOB, Phonebook, request

BODIES = Path(__file__).parents[1] / "data" / "vq"
REPORT = (BODIES / "rfc.vq").read_bytes()
AT_ACME, FAR_AWAY = Source("10.1.2.7", 5060), Source("198.51.100.9", 5060)
MAX = 4_000_000_000


class Collector:
    """Publications with Alice (2041) and Bob (2042) as phones of acme, whose network is 10.1.0.0/16."""

    def __init__(self, **settings: int) -> None:
        self.phonebook = Phonebook()
        for name, network in (("acme", "10.1.0.0/16"), ("globex", "10.2.0.0/16")):
            self.phonebook.tenants[name] = Tenant(name, subnet=ip_network(network))
        for mac, number in ((ALICE, "2041"), (BOB, "2042")):
            self.phonebook.devices[mac].record = DeviceRecord(mac, tenant="acme", number=number)
        self.publications = Publications(Sip(**settings), self.phonebook, Responder(b"k" * 32, "Ringkeeper"))

    def hears(self, body: bytes = REPORT, source: Source = AT_ACME, now: float = 0.0, **headers: str | None) -> Reply:
        """A PUBLISH as a phone writes it."""
        usual: dict[str, str | None] = {"event": "vq-rtcpxr", "content_type": "application/vq-rtcpxr"}
        usual |= {"content_length": str(len(body))} | headers
        message = parse(request("PUBLISH", "sip:collector@pbx.example.net", **usual) + body)
        assert isinstance(message, Request)
        return self.publications.handle(message, source, now)


def reported(reply: Reply) -> QualityReported:
    assert reply.response.status == 200, reply.refused
    (event,) = reply.events
    assert isinstance(event, QualityReported)
    return event


def refused(reply: Reply) -> tuple[int, str]:
    assert not reply.events
    return reply.response.status, reply.refused


def test_a_report_is_taken_with_a_tag_and_an_expiry() -> None:
    reply = Collector().hears(expires="600")
    event = reported(reply)
    assert (event.mac, event.source, event.report.call_id) == (ALICE, "10.1.2.7", "7c1e40aa@198.51.100.21")
    assert (reply.response.first("expires"), bool(reply.response.first("sip-etag"))) == ("600", True)


@pytest.mark.parametrize(
    ("headers", "body", "status", "reason", "hint"),
    [
        ({"event": "presence"}, REPORT, 489, "event", ("allow-events", "vq-rtcpxr")),
        ({"event": None}, REPORT, 489, "event", ("allow-events", "vq-rtcpxr")),
        ({"content_type": "application/pidf+xml"}, REPORT, 415, "content-type", ("accept", "application/vq-rtcpxr")),
        ({"content_encoding": "gzip"}, REPORT, 415, "content-type", ("accept-encoding", "identity")),
        ({"expires": "5"}, REPORT, 423, "too-brief", ("min-expires", "60")),
        ({"sip_if_match": "dx200xyz"}, REPORT, 412, "publish-tag", ("server", "Ringkeeper")),
        ({"sip_if_match": "99.0123456789abcdef"}, b"", 412, "publish-tag", ("server", "Ringkeeper")),
        ({}, b"", 400, "publish-empty", ("server", "Ringkeeper")),
        ({}, b"hello", 400, "vq-kind", ("server", "Ringkeeper")),
        ({}, b"VQSessionReport\r\n" + b"x: y\r\n" * 300, 413, "vq-too-large", ("server", "Ringkeeper")),
    ],
)
def test_each_refusal_says_what_would_be_accepted(
    headers: dict[str, Any], body: bytes, status: int, reason: str, hint: tuple[str, str]
) -> None:
    reply = Collector().hears(body, **headers)
    assert refused(reply) == (status, reason)
    assert hint in reply.response.headers


def test_a_tag_is_good_until_it_expires_and_nothing_is_remembered_for_it() -> None:
    collector = Collector()
    tag = collector.hears(expires="600").response.first("sip-etag")
    assert collector.hears(b"", now=599.0, sip_if_match=tag).response.status == 200
    assert collector.hears(REPORT, now=599.0, sip_if_match=tag, expires="0").response.status == 200
    assert refused(collector.hears(b"", now=601.0, sip_if_match=tag)) == (412, "publish-tag")
    assert refused(collector.hears(b"", sip_if_match=tag + "0")) == (412, "publish-tag")
    assert refused(collector.hears(b"", sip_if_match=f"{MAX}{tag}")) == (412, "publish-tag")


def test_the_device_is_found_by_mac_then_publisher_then_party_then_address() -> None:
    collector = Collector()
    by_mac = REPORT.replace(b"00908f112233", BOB.encode())
    stranger = {"from_": "<sip:sbc@pbx.example.net>;tag=1"}
    assert reported(collector.hears(by_mac)).mac == BOB
    assert reported(collector.hears(REPORT, from_="<sip:2042@pbx.example.net>;tag=1")).mac == BOB
    assert reported(collector.hears(REPORT, from_="<sip:sbc@pbx.example.net>;tag=1")).mac == ALICE
    unknown = REPORT.replace(b"2041", b"2099")
    assert reported(collector.hears(unknown, from_=stranger["from_"])).mac is None
    collector.phonebook.settle(BOB, Contact("sip:2042@10.1.2.7", *AT_ACME[:2], expires_at=99.0))
    assert reported(collector.hears(unknown, from_=stranger["from_"])).mac == BOB


@pytest.mark.parametrize(
    "source", [FAR_AWAY, Source("10.2.0.9", 5060), Source("::1", 5060)], ids=["nobody", "another tenant", "IPv6"]
)
def test_anybody_could_fake_bad_calls_so_strangers_are_turned_away(source: Source) -> None:
    assert refused(Collector().hears(source=source)) == (403, "publish-of-stranger")


def test_a_strangers_body_is_not_even_read() -> None:
    assert refused(Collector().hears(b"no report", source=FAR_AWAY)) == (403, "publish-of-stranger")


def test_a_phone_is_believed_where_it_is_registered_whatever_port_it_sends_from() -> None:
    collector = Collector()
    collector.phonebook.settle(ALICE, Contact("sip:2041@x", FAR_AWAY.host, 5062, expires_at=99.0))
    assert reported(collector.hears(source=FAR_AWAY)).mac == ALICE
    bobs = REPORT.replace(b"00908f112233", BOB.encode())
    assert refused(collector.hears(bobs, source=FAR_AWAY)) == (403, "publish-of-stranger")


def test_an_unapproved_phone_is_not_believed() -> None:
    collector = Collector()
    collector.phonebook.devices[ALICE].record = DeviceRecord(ALICE, tenant="acme", approved=False)
    assert refused(collector.hears()) == (403, "publish-of-stranger")


def test_whoever_reports_too_much_is_told_when_to_come_back() -> None:
    collector = Collector(quality_reports_per_minute=2)
    statuses = [collector.hears().response.status for _ in range(3)]
    assert statuses == [200, 200, 503]
    assert refused(collector.hears()) == (503, "publish-rate")
    assert collector.hears().response.first("retry-after") == "60"
    assert collector.hears(source=Source("10.1.9.9", 5060)).response.status == 200
    assert collector.hears(now=31.0).response.status == 200
    collector.publications.apply(Sip(quality_reports_per_minute=100))
    assert [collector.hears(now=60.0).response.status for _ in range(9)] == [200] * 9


def test_an_old_phone_that_was_called_is_still_the_local_party() -> None:
    body = (BODIES / "snom.vq").read_bytes()
    report = reported(Collector().hears(body, from_="<sip:2042@pbx.example.net>;tag=1")).report
    assert (report.local, report.remote) == ("sip:2042@pbx.example.net;user=phone", "sip:2041@pbx.example.net")


def test_identities_without_a_scheme_are_understood() -> None:
    body = REPORT.replace(b'"Desk 2041" <sip:2041@pbx.example.net>', b"2041@pbx.example.net")
    assert reported(Collector().hears(body, from_="<sip:anonymous@anonymous.invalid>;tag=1")).mac == ALICE


def test_a_body_without_a_type_is_known_by_its_first_word() -> None:
    assert reported(Collector().hears(content_type=None)).mac == ALICE
