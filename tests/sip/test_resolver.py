from __future__ import annotations

import pytest

from daemon.config.settings import Dns
from daemon.scheduler.clock import Clock
from daemon.sip import resolver as module
from daemon.sip.locate import Naptr, Srv
from daemon.sip.resolver import Answer, Kind, LookUpFailed, Resolver
from tests.support.builders import NOW
from tests.support.dns_server import open_dns

ZONE = {
    ("example.net", "NAPTR"): ['10 50 "s" "SIP+D2T" "" _sip._tcp.example.net.'],
    ("_sip._tcp.example.net", "SRV"): ["10 60 5060 SBC-A.example.net.", "20 0 5062 sbc-b.example.net."],
    ("sbc-a.example.net", "A"): ["10.9.0.1", "10.9.0.2"],
    ("sbc-a.example.net", "AAAA"): ["2001:db8::1"],
}


async def test_records_of_every_kind_become_our_nouns() -> None:
    async with open_dns(ZONE) as server:
        resolver = Resolver(Dns(servers=(server.address,)), Clock())
        naptr = await resolver.ask("example.net", "NAPTR")
        assert naptr.records == (Naptr(10, 50, "s", "SIP+D2T", "_sip._tcp.example.net"),)
        srv = await resolver.ask("_sip._tcp.example.net", "SRV")
        assert set(srv.records) == {Srv(10, 60, 5060, "sbc-a.example.net"), Srv(20, 0, 5062, "sbc-b.example.net")}
        assert set((await resolver.ask("sbc-a.example.net", "A")).records) == {"10.9.0.1", "10.9.0.2"}
        assert (await resolver.ask("sbc-a.example.net", "AAAA")).records == ("2001:db8::1",)
        assert srv.ttl == 120


async def test_a_name_that_is_not_there_is_no_failure_and_is_remembered() -> None:
    async with open_dns(ZONE) as server:
        resolver = Resolver(Dns(servers=(server.address,)), Clock())
        for _ in range(3):
            assert (await resolver.ask("nobody.example.net", "A")).records == ()
            assert (await resolver.ask("sbc-a.example.net", "SRV")).records == ()
        assert server.asked["nobody.example.net", "A"] == 1
        assert server.asked["sbc-a.example.net", "SRV"] == 1
        assert resolver.statistics().results == {"nothing": 2, "remembered": 4}


async def test_a_server_that_is_silent_is_a_failure_within_its_time() -> None:
    async with open_dns(ZONE) as server:
        server.silent = True
        resolver = Resolver(Dns(servers=(server.address,), timeout=0.2), Clock())
        for _ in range(2):
            with pytest.raises(LookUpFailed, match="no DNS server answered about sbc-a"):
                await resolver.ask("sbc-a.example.net", "A")
        assert resolver.statistics().results == {"failed": 1, "remembered": 1}


async def test_a_server_that_is_not_there_is_a_failure() -> None:
    resolver = Resolver(Dns(servers=("127.0.0.1:1",), timeout=0.2), Clock())
    with pytest.raises(LookUpFailed):
        await resolver.ask("sbc-a.example.net", "A")


class Counting:
    """DNS in a dict; what is not there fails."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self.asked = 0

    async def __call__(self, name: str, kind: Kind) -> Answer:
        self.asked += 1
        if name not in self.answers:
            raise LookUpFailed("broken")
        return self.answers[name]


class Turned(Clock):
    """A clock that the test turns."""

    def __init__(self) -> None:
        super().__init__(wall=NOW)
        self.at = NOW

    def now(self) -> float:
        return self.at


@pytest.mark.parametrize(("said", "kept"), [(1, 30), (100, 100), (1_000_000, 3600)])
async def test_an_answer_is_good_for_its_ttl_between_floor_and_ceiling(said: float, kept: float) -> None:
    clock, dns = Turned(), Counting(a=Answer(("10.9.0.1",), said))
    resolver = Resolver(Dns(), clock, dns)
    assert (await resolver.ask("a", "A")).ttl == kept
    clock.at = NOW + kept - 1
    await resolver.ask("a", "A")
    assert dns.asked == 1
    clock.at = NOW + kept + 1
    await resolver.ask("a", "A")
    assert dns.asked == 2


async def test_nothing_and_failures_are_remembered_for_the_floor() -> None:
    clock, dns = Turned(), Counting(none=Answer((), 9999))
    resolver = Resolver(Dns(), clock, dns)
    assert (await resolver.ask("none", "A")).ttl == 30
    with pytest.raises(LookUpFailed):
        await resolver.ask("broken", "A")
    clock.at = NOW + 31
    await resolver.ask("none", "A")
    with pytest.raises(LookUpFailed):
        await resolver.ask("broken", "A")
    assert dns.asked == 4


async def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_REMEMBERED", 3)
    dns = Counting(**{name: Answer((name,), 60) for name in "abcde"})
    resolver = Resolver(Dns(), Clock(), dns)
    for name in "abcde":
        await resolver.ask(name, "A")
    assert resolver.statistics().remembered == 3
    await resolver.ask("e", "A")
    await resolver.ask("a", "A")
    assert dns.asked == 6


async def test_a_reload_forgets_what_other_servers_said() -> None:
    dns = Counting(a=Answer(("10.9.0.1",), 60))
    resolver = Resolver(Dns(), Clock(), dns)
    await resolver.ask("a", "A")
    resolver.apply(Dns(max_ttl=45.0))
    assert (await resolver.ask("a", "A")).ttl == 45
