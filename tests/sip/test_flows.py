"""By which of several sockets a packet leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from daemon.config.listen import Listen
from daemon.fleet.model import Contact
from daemon.fleet.target import Target
from daemon.sip.flow import IPV4, IPV6, Flow
from daemon.sip.flows import Flows

GONE = "udp://192.0.2.1:5060"


@pytest.fixture
def opened() -> Iterator[list[Flow]]:
    """Two of IPv4, two of IPv6, in turn."""
    with ExitStack() as sockets:
        made = [Flow(Listen("udp", host, 0)) for host in ("127.0.0.1", "::1", "127.0.0.2", "::1")]
        for flow in made:
            sockets.enter_context(flow.socket)
        yield made


def target(host: str, listener: str = "") -> Target:
    made = Target("00908f000001", 0.0)
    made.contact = Contact("sip:1@phone", host, 5060, listener=listener)
    return made


def test_a_packet_leaves_by_the_listener_that_is_named_else_by_the_first_of_its_family(opened: list[Flow]) -> None:
    four, six, other_four, other_six = opened
    flows = Flows(opened)
    assert flows.leading_to("10.1.2.7", other_four.listener) is other_four
    assert flows.leading_to("2001:db8::7", other_six.listener) is other_six
    assert flows.leading_to("10.1.2.7") is flows.leading_to("10.1.2.7", GONE) is four
    assert flows.leading_to("2001:db8::7") is six
    assert flows.leading_to("10.1.2.7", six.listener) is four  # which leads nowhere for that address
    assert flows.leading_to("phone.example", four.listener) is None


def test_targets_are_shared_out_among_their_listeners_in_order(opened: list[Flow]) -> None:
    four, _, other, _ = opened
    targets = [
        target("10.1.2.1", other.listener),
        target("10.1.2.2", four.listener),
        target("10.1.2.3", GONE),
        target("10.1.2.4", other.listener),
        target("10.1.2.5"),
    ]
    shares = Flows(opened).share_out(IPV4, targets)
    assert shares == {other: [targets[0], targets[3]], four: [targets[1], targets[2], targets[4]]}


def test_where_there_is_one_listener_of_a_family_nobody_is_looked_at(opened: list[Flow]) -> None:
    targets = [target("10.1.2.1", GONE), target("10.1.2.2")]
    (share,) = Flows(opened[:2]).share_out(IPV4, targets).values()
    assert share is targets


def test_a_family_that_is_not_listened_on_gets_no_share(opened: list[Flow]) -> None:
    assert Flows(opened[:1]).share_out(IPV6, [target("::1")]) == {}
    assert Flows().leading_to("10.1.2.7") is None
