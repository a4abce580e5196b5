from __future__ import annotations

import math
from random import Random

import pytest
import trio
import trio.testing

from daemon.config.settings import Dns
from daemon.errors import BadMessage
from daemon.fleet.commands import Answer as Told
from daemon.fleet.commands import LocateTarget
from daemon.fleet.events import Event, TargetLocated, TargetNotLocated
from daemon.scheduler.clock import Clock
from daemon.sip import locator as module
from daemon.sip.locate import Naptr, Srv
from daemon.sip.locator import Locator
from daemon.sip.resolver import Answer, Kind, LookUpFailed, Record, Resolver

Zone = dict[tuple[str, str], tuple[Record, ...]]

SRV: Zone = {
    ("_sip._tcp.example.net", "SRV"): (Srv(20, 0, 5062, "sbc-b.example.net"), Srv(10, 0, 5061, "sbc-a.example.net")),
    ("sbc-a.example.net", "A"): ("10.9.0.1",),
    ("sbc-b.example.net", "A"): ("10.9.0.2",),
    ("sbc-b.example.net", "AAAA"): ("2001:db8::2",),
}


def locator(zone: Zone, *, slow: float = 0.0, broken: tuple[str, ...] = (), ttl: float = 300) -> Locator:
    async def question(name: str, kind: Kind) -> Answer:
        await trio.sleep(slow)
        if kind in broken:
            raise LookUpFailed(f"no DNS server answered about {name}")
        return Answer(zone.get((name, kind), ()), ttl)

    return Locator(Resolver(Dns(), Clock(), question), Random(1).random)


async def places(found: Locator, text: str) -> list[tuple[str, int, str]]:
    return [(each.host, each.port, each.transport) for each in (await found.find(text)).contacts]


async def test_srv_records_lead_to_addresses_in_order_of_priority() -> None:
    found = locator(SRV)
    assert await places(found, "sip:example.net;transport=tcp") == [
        ("10.9.0.1", 5061, "tcp"),
        ("10.9.0.2", 5062, "tcp"),
        ("2001:db8::2", 5062, "tcp"),
    ]
    contact = (await found.find("sip:example.net;transport=tcp")).contacts[0]
    assert contact.uri == "sip:example.net;transport=tcp"


async def test_without_a_transport_the_first_service_that_exists_is_taken() -> None:
    assert (await places(locator(SRV), "sip:example.net"))[0] == ("10.9.0.1", 5061, "tcp")


async def test_naptr_goes_before_the_usual_order() -> None:
    zone: Zone = {
        **SRV,
        ("_sip._udp.example.net", "SRV"): (Srv(0, 0, 5060, "sbc-b.example.net"),),
        ("example.net", "NAPTR"): (Naptr(1, 1, "s", "SIP+D2T", "_sip._tcp.example.net"),),
    }
    assert (await places(locator(zone), "sip:example.net"))[0] == ("10.9.0.1", 5061, "tcp")


@pytest.mark.parametrize("text", ["sip:sbc-b.example.net", "sip:sbc-b.example.net:5060;transport=udp"])
async def test_a_name_without_srv_or_with_a_port_leads_to_its_own_addresses(text: str) -> None:
    assert await places(locator(SRV), text) == [("10.9.0.2", 5060, "udp"), ("2001:db8::2", 5060, "udp")]


async def test_an_address_is_found_without_dns_and_for_ever() -> None:
    found = await locator({}, broken=("A", "SRV", "NAPTR")).find("sip:10.1.2.3:5070")
    assert (found.contacts[0].host, found.ttl) == ("10.1.2.3", math.inf)


async def test_it_is_to_be_looked_up_again_when_the_shortest_answer_ends() -> None:
    assert (await locator(SRV, ttl=77).find("sip:example.net")).ttl == 77


@pytest.mark.parametrize(
    ("zone", "broken", "why"),
    [
        ({}, (), "example.net has no address"),
        (SRV, ("A", "AAAA"), "no DNS server answered"),
        ({("_sip._tcp.example.net", "SRV"): (Srv(0, 0, 0, ""),)}, (), "offers no SIP over tcp"),
    ],
)
async def test_a_name_that_leads_nowhere_says_why(zone: Zone, broken: tuple[str, ...], why: str) -> None:
    with pytest.raises(LookUpFailed, match=why):
        await locator(zone, broken=broken).find("sip:example.net;transport=tcp")


async def test_what_dns_cannot_be_asked_is_not_asked() -> None:
    with pytest.raises(LookUpFailed, match="not a name"):
        await locator({}).find("sip:a..b")
    with pytest.raises(BadMessage):
        await locator({}).find("sip:example.net;transport=sctp")


async def test_a_name_with_many_addresses_keeps_the_first_few(monkeypatch: pytest.MonkeyPatch) -> None:
    zone: Zone = {("many.example", "A"): tuple(f"10.9.1.{last}" for last in range(100))}
    assert len(await places(locator(zone), "sip:many.example")) == module.MAX_ADDRESSES


async def test_a_look_up_that_drags_on_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    began = trio.current_time()
    with pytest.raises(LookUpFailed, match="took too long"):
        await locator(SRV, slow=10).find("sip:example.net")
    assert trio.current_time() - began == module.QUESTIONS * Dns().timeout


class Taken:
    """A delivery nobody waits for."""

    answer: Told | None = None

    async def stored(self) -> None:
        """At once."""


async def told(found: Locator, *orders: LocateTarget) -> list[Event]:
    """What the fleet hears of these orders."""
    events: list[Event] = []
    all_told = trio.Event()

    def deliver(event: Event) -> Taken:
        events.append(event)
        if len(events) == len(orders):
            all_told.set()
        return Taken()

    for order in orders:
        found.submit(order)
    async with trio.open_nursery() as nursery:
        await nursery.start(found.run, deliver)
        with trio.fail_after(60):
            await all_told.wait()
        nursery.cancel_scope.cancel()
    return events


async def test_orders_come_back_as_events_whatever_their_names_do() -> None:
    found = locator(SRV)
    events = await told(
        found,
        LocateTarget("connection/a", "sip:example.net"),
        LocateTarget("connection/b", "sip:nobody.example.net"),
        LocateTarget("connection/c", "not a uri"),
    )
    by_key = {event.key: event for event in events if isinstance(event, TargetLocated | TargetNotLocated)}
    assert isinstance(by_key["connection/a"], TargetLocated)
    assert isinstance(by_key["connection/b"], TargetNotLocated)
    assert by_key["connection/b"].ttl == Dns().min_ttl
    assert isinstance(by_key["connection/c"], TargetNotLocated)
    assert (found.statistics().located, found.statistics().failed) == (1, 2)


async def test_slow_names_do_not_hold_up_the_others(autojump_clock: trio.testing.MockClock) -> None:
    found = locator({("fast.example", "A"): ("10.9.0.1",)}, slow=0.5)
    began = trio.current_time()
    orders = [LocateTarget(f"connection/{number}", "sip:fast.example:5060") for number in range(4)]
    await told(found, *orders)
    assert trio.current_time() - began < 1.5


async def test_orders_beyond_the_room_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    found = locator(SRV)
    for number in range(5):
        found.submit(LocateTarget(f"connection/{number}", "sip:example.net"))
    assert (found.statistics().dropped, found.statistics().waiting) == (3, 2)
