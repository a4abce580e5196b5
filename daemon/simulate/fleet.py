"""A simulated fleet, alive: carries out what its phones want on real sockets and tells them what came of it.

Nothing here grows a task per phone: one driver wakes whichever phone is due, one task serves SIP for all, and an
HTTP visit is a task only while it lasts, `VISITS_AT_ONCE` at most on the network. Visits of one phone keep their
order. Not here: how a phone behaves (`phone`), what will happen when (`plan`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import trio

from daemon.scheduler.clock import Clock
from daemon.scheduler.deadlines import Deadlines
from daemon.scheduler.driver import Driver
from daemon.simulate.acts import (
    Act,
    FetchFiles,
    HangUp,
    SendAlert,
    SendCallReport,
    SendRegister,
    SendReport,
    SendSettings,
)
from daemon.simulate.http_side import HttpTrouble
from daemon.simulate.orders import order_of
from daemon.simulate.phone import Phone
from daemon.simulate.phone_settings import LINE_PASSWORD
from daemon.simulate.plan import FleetPlan, Outage
from daemon.simulate.sip_side import SipSide
from daemon.simulate.sip_text import (
    Address,
    SipText,
    answer_to,
    granted_expires,
    number_in,
    publish,
    read_sip,
    register,
    speaker,
)
from daemon.simulate.visits import Found, Visits

# Connections open at the same moment; beyond it visits queue, as they would behind a site's uplink.
VISITS_AT_ONCE = 128

_Work = tuple[int, Act]


@dataclass(frozen=True, slots=True)
class SimulatedFleetStatistics:
    """What the phones see: states by count, acts by count since the start, troubles by reason."""

    phones: int
    powered: int
    by_status: dict[str, int]  # what powered phones say of themselves
    with_password: int  # phones that were given their SIP password
    fetches: int
    reports: int
    alerts: int
    registers: int
    pings_answered: int
    pings_ignored: int
    reboots: int
    datagrams_received: int
    datagrams_sent: int
    troubles: dict[str, int]
    call_reports: int = 0
    dialled: int = 0  # TCP connections opened, or tried
    cut_off: int = 0  # TCP connections that ended by themselves
    check_syncs: int = 0  # taken, once each
    flashed: int = 0  # phones that took another firmware
    user_files: int = 0  # settings of users that were sent


class SimulatedFleet:
    """The phones of a plan against a daemon at `http_url` and `sip_address`; `run` brings them to life.

    Phones that use TCP come to the same address.
    """

    def __init__(self, plan: FleetPlan, http_url: str, sip_address: Address) -> None:
        self._plan = plan
        self._sip_address = sip_address
        self._visits = Visits(http_url)
        self._clock = Clock()
        start = self._clock.now()
        self._phones = [Phone(planned, plan.tempo, start) for planned in plan.phones]
        self._orders = [trio.Lock() for _ in self._phones]  # one visit of a phone at a time, first come first served
        self._limit = trio.CapacityLimiter(VISITS_AT_ONCE)
        self._due: Deadlines[int] = Deadlines()
        self._outages: Deadlines[tuple[Outage, bool]] = Deadlines()
        self._driver = Driver(self, self._clock, self._perform)
        self._counts: Counter[str] = Counter()
        self._troubles: Counter[str] = Counter()
        self._told: dict[int, str] = {}  # by which check-sync each phone was told something last
        self._sip: SipSide | None = None
        self._nursery: trio.Nursery | None = None
        for index in range(len(self._phones)):
            self._plan_next(index)
        for outage in plan.outages:
            begin = start + outage.at * plan.tempo.script_pace
            self._outages.set((outage, False), begin)
            self._outages.set((outage, True), begin + outage.lasts * plan.tempo.script_pace)

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until cancelled; reports once every phone has its socket."""
        over_tcp = {index for index, phone in enumerate(self._phones) if phone.identity.transport == "tcp"}
        sip = SipSide((phone.identity.address for phone in self._phones), self._clock, over_tcp)
        try:
            async with trio.open_nursery() as nursery:
                self._sip, self._nursery = sip, nursery
                nursery.start_soon(sip.run, self._hear, self._lose)
                nursery.start_soon(self._driver.run)
                task_status.started()
        finally:
            self._sip = self._nursery = None
            sip.close()

    def silence_site(self, name: str) -> int:
        """Cut a site's power; how many phones stand there."""
        return self._at_site(name, powered=False)

    def revive_site(self, name: str) -> int:
        """Give a site its power back: its phones boot; how many phones stand there."""
        return self._at_site(name, powered=True)

    def statistics(self) -> SimulatedFleetStatistics:
        """The phones' side of the story up to now."""
        powered = [phone for phone in self._phones if phone.powered]
        sip = self._sip.statistics() if self._sip else None
        return SimulatedFleetStatistics(
            phones=len(self._phones),
            powered=len(powered),
            by_status=dict(Counter(phone.status for phone in powered)),
            with_password=sum(bool(phone.kept.get(LINE_PASSWORD)) for phone in self._phones),
            fetches=self._counts["fetches"],
            reports=self._counts["reports"],
            alerts=self._counts["alerts"],
            registers=self._counts["registers"],
            pings_answered=self._counts["pings answered"],
            pings_ignored=self._counts["pings ignored"],
            reboots=sum(max(0, phone.boots - 1) for phone in self._phones),
            datagrams_received=sip.received if sip else 0,
            datagrams_sent=sip.sent if sip else 0,
            troubles=dict(self._troubles),
            call_reports=self._counts["call reports"],
            dialled=sip.dialled if sip else 0,
            cut_off=sip.lost if sip else 0,
            check_syncs=self._counts["check-syncs"],
            flashed=self._counts["flashed"],
            user_files=self._counts["user files"],
        )

    # The driver's machine.

    def next_deadline(self) -> float:
        """When the next phone, or the power of a site, is due."""
        return min(self._due.next_deadline(), self._outages.next_deadline())

    def expire(self, now: float) -> list[_Work]:
        """Time has passed: what the phones that are due want done."""
        for outage, over in self._outages.expire(now):
            (self.revive_site if over else self.silence_site)(outage.site)
        work: list[_Work] = []
        for index in self._due.expire(now):
            work += [(index, act) for act in self._phones[index].expire(now)]
            self._plan_next(index)
        return work

    # The phones' acts.

    def _perform(self, work: Iterable[_Work]) -> None:
        for index, act in work:
            match act:
                case SendRegister() | SendCallReport() | HangUp():
                    self._speak(index, act)
                case _ if self._nursery:
                    self._nursery.start_soon(self._visit, index, act)

    def _take(self, index: int, acts: list[Act]) -> None:
        """A phone has heard something: carry out what it wants now, and look when it is due next."""
        self._plan_next(index)
        self._driver.poke()
        self._perform([(index, act) for act in acts])

    async def _visit(self, index: int, act: Act) -> None:
        phone = self._phones[index]
        async with self._orders[index], self._limit:
            try:
                acts = await self._carry_out(phone, act)
            except HttpTrouble as trouble:
                self._troubles[trouble.reason] += 1
                acts = []
                if isinstance(act, FetchFiles) and act.starting:
                    phone.boot_failed(self._clock.now())
        self._take(index, acts)

    async def _carry_out(self, phone: Phone, act: Act) -> list[Act]:
        match act:
            case FetchFiles(starting):
                found = await self._visits.fetch_files(phone)
                return self._took(phone, found, starting=starting)
            case SendReport(status):
                requests = await self._visits.report(phone, status)
                self._counts["reports"] += 1
                return phone.reported(status, requests, self._clock.now())
            case SendAlert():
                await self._visits.alert(phone, act, self._clock.now())
                self._counts["alerts"] += 1
            case SendSettings():
                await self._visits.send_settings(phone, act)
                self._counts["user files"] += 1
        return []

    def _took(self, phone: Phone, found: Found, *, starting: bool) -> list[Act]:
        """It has fetched what there was for it."""
        now = self._clock.now()
        if found.firmware:
            self._counts["flashed"] += 1
            phone.flashed(found.firmware, now)
            return []
        self._counts["fetches"] += 1
        return phone.booted(found.settings, now) if starting else phone.refreshed(found.settings, now)

    def _speak(self, index: int, act: SendRegister | SendCallReport | HangUp) -> None:
        """What it wants done by SIP, which is done at once."""
        sip, phone = self._sip, self._phones[index].identity
        match act:
            case _ if sip is None:
                return
            case SendRegister():
                self._counts["registers"] += 1
                sip.dial(index, self._sip_address)
                sip.send(index, register(act, phone, sip.port(index)), self._sip_address)
            case SendCallReport():
                self._counts["call reports"] += 1
                sip.send(index, publish(act, phone, sip.port(index)), self._sip_address)
            case HangUp():
                sip.hang_up(index)

    def _lose(self, index: int) -> None:
        self._phones[index].connection_lost(self._clock.now())
        self._take(index, [])

    def _hear(self, index: int, data: bytes, source: Address) -> None:
        message = read_sip(data)
        if message is None or self._sip is None:
            return
        if message.code:
            self._hear_reply(index, self._sip, message)
        else:
            self._answer(index, self._sip, message, source)

    def _hear_reply(self, index: int, sip: SipSide, reply: SipText) -> None:
        phone = self._phones[index]
        if reply.answers != "REGISTER":
            if reply.code >= 300:
                self._troubles[f"{reply.answers} answered {reply.code}"] += 1
            return
        granted = granted_expires(reply, phone.identity, sip.port(index))
        minimum = number_in(reply, "min-expires")
        challenges = tuple(reply.all("www-authenticate"))
        if reply.code >= 300 and not challenges:  # to be asked for a password is no trouble
            self._troubles[f"REGISTER answered {reply.code}"] += 1
        now = self._clock.now()
        self._take(index, phone.register_answered(reply.cseq, reply.code, granted, minimum, now, challenges))

    def _answer(self, index: int, sip: SipSide, request: SipText, source: Address) -> None:
        phone = self._phones[index]
        delay = phone.answer_delay()
        if request.method == "OPTIONS":
            self._counts["pings ignored" if delay is None else "pings answered"] += 1
        if delay is None:
            return
        answer = answer_to(request, speaker(phone.identity), source)
        if answer is not None:
            sip.send(index, answer, source, delay)
        order, came = order_of(request), f"{request.first('call-id')} {request.cseq}"
        if order is not None and self._told.get(index) != came:  # else it was sent again
            self._told[index] = came
            self._counts["check-syncs"] += 1
            self._take(index, phone.told(order, self._clock.now()))

    def _at_site(self, name: str, *, powered: bool) -> int:
        concerned = [index for index, phone in enumerate(self._phones) if phone.identity.site == name]
        for index in concerned:
            if powered:
                self._phones[index].power_up(self._clock.now())
            else:
                self._phones[index].cut_power()
            self._plan_next(index)
        self._driver.poke()
        return len(concerned)

    def _plan_next(self, index: int) -> None:
        self._due.set(index, self._phones[index].next_deadline())
