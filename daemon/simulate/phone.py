"""One simulated desk phone: what it does next, and how it takes what it hears. Pure; `now` is an argument.

A phone is a few dates and switches, no task: `next_deadline` and `expire` drive it, and everything it wants done
comes out as acts. A boot fetches files, then reports "started", then registers, then reports "registered"; each
step follows the answer to the one before, so reports cannot overtake each other. Who is told to restart does so when
his call is over. Not here: sockets (`fleet`), what
happens to a phone when (`characters`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from random import Random

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
from daemon.simulate.calls import make_call, make_number
from daemon.simulate.characters import Character, Turn
from daemon.simulate.inventory import OTHER_DOMAIN, OWN_DOMAIN
from daemon.simulate.orders import Order, orders_in
from daemon.simulate.performance import Performance
from daemon.simulate.phone_settings import (
    CONFIGURATION_URL,
    KEEP_ALIVE_MINUTES,
    LINE_PASSWORD,
    LINE_USER,
    SIP_DOMAIN,
    SIP_PROXY,
    SPEED_DIALS,
)
from daemon.simulate.plan import PlannedPhone, Tempo
from daemon.simulate.registration import Outcome, Registration
from daemon.simulate.trouble import TROUBLES, Trouble

SPEED_DIAL_KEYS = 6  # beside the display
DEFAULT_KEEP_ALIVE = 3600.0  # the phone's own default, 60 minutes
NEVER = math.inf
_ACCOUNT = (LINE_USER, LINE_PASSWORD, SIP_DOMAIN, SIP_PROXY)


class Phone:
    """A phone of the plan, from its first boot on."""

    __slots__ = (
        "_boot_at",
        "_call_at",
        "_call_began_at",
        "_calls",
        "_dial_at",
        "_hushed",
        "_mute",
        "_performance",
        "_registration",
        "_report_at",
        "_restart_after_call",
        "_start",
        "_tempo",
        "_trouble",
        "boots",
        "dead",
        "identity",
        "kept",
        "planned",
        "powered",
        "rng",
        "signed_in",
        "slow",
    )

    def __init__(self, planned: PlannedPhone, tempo: Tempo, start: float) -> None:
        self.planned = planned
        self.identity = planned.identity
        self.rng = Random(planned.seed)
        self.kept: dict[str, str] = {}  # settings read from files; they survive power cuts
        self.boots = 0
        self.powered = False
        self.dead = False
        self.signed_in = True
        self.slow = False
        self._mute = False
        self._hushed = False
        self._tempo = tempo
        self._trouble: Trouble | None = None
        self._registration: Registration | None = None
        boxed = planned.character is Character.BOXED
        self._boot_at = NEVER if boxed else start + planned.boot_at
        self._report_at = NEVER
        self._call_at = NEVER  # when a call begins, or the present one ends
        self._call_began_at: float | None = None
        self._calls = 0
        self._restart_after_call = False
        self._dial_at = NEVER
        self._start = start
        self._performance = Performance(planned.script, start + planned.boot_at, tempo.script_pace)

    def next_deadline(self) -> float:
        """When it does something by itself; infinity if never."""
        register_at = self._registration.at if self._registration else NEVER
        return min(self._boot_at, self._report_at, self._call_at, self._dial_at, register_at, self._turn_at())

    def expire(self, now: float) -> list[Act]:
        """Time has passed: what the phone wants done."""
        acts: list[Act] = []
        while self._turn_at() <= now:
            acts += self.turn(self._performance.take(), now)
        if self._boot_at <= now:
            acts += self._boot()
        if self._report_at <= now:
            self._report_at = now + self._keep_alive_period()
            acts += self._report()
        if self._registration and self._registration.at <= now:
            acts += self._register(self._registration, now)
        if self._call_at <= now:
            acts += self._call(now)
        if self._dial_at <= now:
            acts += self._program_speed_dial(now)
        return acts

    # What it hears.

    def booted(self, settings: Mapping[str, str], now: float) -> list[Act]:
        """It has read its configuration; `settings` come over those it kept."""
        self.kept.update(settings)
        if not self.powered:
            return []
        self._report_at = now + self._keep_alive_period()
        self._dial_at = now + self.rng.uniform(0.1, 1.0) * self._tempo.speed_dial_every
        return [SendReport("started")]

    def refreshed(self, settings: Mapping[str, str], now: float) -> list[Act]:
        """It has read its configuration again while it runs; with another account it registers anew."""
        before = [self.kept.get(key) for key in _ACCOUNT]
        self.kept.update(settings)
        same = before == [self.kept.get(key) for key in _ACCOUNT]
        return [] if same or not self.powered else self._settle(now)

    def flashed(self, version: str, now: float) -> None:
        """It has taken another firmware, and starts anew with that."""
        self.identity = replace(self.identity, firmware=version)
        if self.powered:
            self._restart(now)

    def boot_failed(self, now: float) -> None:
        """No configuration could be had; it tries again as after power came."""
        if self.powered:
            self._boot_at = now + self._tempo.power_up + self.rng.random()

    def reported(self, status: str, requests: Iterable[object], now: float) -> list[Act]:
        """A keep-alive was answered 200, with these requests."""
        if not self.powered:
            return []
        acts = [act for order in orders_in(requests) for act in self.told(order, now)]
        if self.powered and status == "started" and self._registration is None:
            acts += self._settle(now)
        return acts

    def told(self, order: Order, now: float) -> list[Act]:
        """It is to do something; a stubborn one says yes to everything."""
        if not self.powered or self.planned.character is Character.STUBBORN:
            return []
        if order is Order.FETCH:
            return [FetchFiles(starting=False)]
        if order is Order.RESTART and self._call_began_at is not None:
            self._restart_after_call = True
        else:
            self._restart(now)
        return []

    def register_answered(  # noqa: PLR0917 - what an answer says, in its order
        self, cseq: int, code: int, granted: int, min_expires: int, now: float, challenges: tuple[str, ...] = ()
    ) -> list[Act]:
        """A final answer to REGISTER came."""
        if self._registration is None or self._mute:
            return []
        outcome = self._registration.answered(cseq, code, granted, min_expires, now, challenges)
        if outcome is Outcome.REGISTERED and math.isinf(self._call_at):
            self._call_at = now + self.rng.random() * self._tempo.call_every
        return self._report() if outcome in (Outcome.REGISTERED, Outcome.REFUSED) else []

    def connection_lost(self, now: float) -> None:
        """Its TCP connection ended, or never came about: it registers over a new one after a moment of its own."""
        if self._registration:
            self._registration.connection_lost(now + self.rng.uniform(0.5, 1.5) * self._tempo.reconnect)

    def answer_delay(self) -> float | None:
        """After how many seconds it answers a SIP request; None if it does not."""
        if not self.powered or self._mute:
            return None
        return self.rng.uniform(*self._tempo.late_by) if self.slow else 0.0

    # What is done to it.

    def cut_power(self) -> None:
        """It is dark at once, and tells nobody."""
        self.powered = False
        self._registration = None
        self._boot_at = self._report_at = self._call_at = self._dial_at = NEVER
        self._call_began_at, self._restart_after_call = None, False

    def power_up(self, now: float) -> None:
        """Power is back; it boots after a moment of its own. A dead or boxed phone stays as it is."""
        if not self.powered and not self.dead and self.planned.character is not Character.BOXED:
            self._boot_at = now + self.rng.uniform(0.0, self._tempo.power_up)

    @property
    def status(self) -> str:
        """What it says of itself in a keep-alive."""
        if not self.signed_in:
            return "offline"
        if self.planned.character is Character.UNREGISTERED:
            return "unregistered"
        if self._registration is None:
            return "started"
        if self._registration.active:
            return "registered"
        return "unregistered" if self._registration.refused else "started"

    # How it lives.

    def _boot(self) -> list[Act]:
        self.powered = True
        self.boots += 1
        self._registration = None
        self._boot_at = NEVER
        return [HangUp(), FetchFiles()] if self._uses_tcp else [FetchFiles()]

    def _restart(self, now: float) -> None:
        self.cut_power()
        self._boot_at = now + self._tempo.power_up

    def _settle(self, now: float) -> list[Act]:
        """It is up and knows its account: register, unless there is nobody to register."""
        if not self._user:
            return []
        if not self.signed_in or self.planned.character is Character.UNREGISTERED:
            return self._report()
        self._registration = self._new_registration()
        self._registration.begin(now)
        return self._register(self._registration, now)

    def _new_registration(self) -> Registration:
        stray = self.planned.character is Character.WRONG_SERVER
        own = self.kept.get(SIP_DOMAIN) or self.kept.get(SIP_PROXY) or OWN_DOMAIN
        call_id = f"{self.identity.mac}-{self.boots}-{self.rng.getrandbits(32):08x}@{self.identity.address}"
        return Registration(
            domain=OTHER_DOMAIN if stray else own,
            user=self._user,
            call_id=call_id,
            expires=self._tempo.register_expires,
            retry=self._tempo.register_retry,
            password=self.kept.get(LINE_PASSWORD, ""),
            reliable=self._uses_tcp,
        )

    def _register(self, registration: Registration, now: float) -> list[Act]:
        request: SendRegister = registration.send(now)
        return [] if self._mute else [request]

    def _call(self, now: float) -> list[Act]:
        """A call begins, or is over and is reported; without its line a phone can make none, and report none."""
        began_at, self._call_began_at = self._call_began_at, None
        ready = self._registration is not None and self._registration.active and not self._mute
        pace = self._tempo.call_every
        if began_at is None and ready:
            self._call_began_at = now
            self._call_at = now + self.rng.uniform(*self._tempo.call_share) * pace
            return []
        self._call_at = now + self.rng.uniform(0.5, 1.0) * pace
        acts = self._call_report(began_at, now) if began_at is not None and ready else []
        if self._restart_after_call:
            self._restart(now)
        return acts

    def _call_report(self, began_at: float, now: float) -> list[Act]:
        if self._registration is None:
            return []
        self._calls += 1
        line, elapsed = self.planned.poor_line, (now - self._start) / self._tempo.script_pace
        call = make_call(self.rng, began_at, now, poor=line is not None and line.on(elapsed))
        return [SendCallReport(call, self._registration.domain, self._registration.user, self._calls)]

    def _program_speed_dial(self, now: float) -> list[Act]:
        """Its user puts somebody on a key; a phone that has no file of its own has nowhere to tell that."""
        self._dial_at = now + self.rng.uniform(0.5, 1.5) * self._tempo.speed_dial_every
        key = f"{SPEED_DIALS}/{self.rng.randrange(SPEED_DIAL_KEYS)}"
        self.kept[f"{key}/type"] = "SPEED_DIAL"
        self.kept[f"{key}/speed_dial_number"] = make_number(self.rng)
        lines = (f"{name}={value}" for name, value in sorted(self.kept.items()) if name.startswith(SPEED_DIALS))
        return [SendSettings(tuple(lines))] if CONFIGURATION_URL in self.kept else []

    def _report(self) -> list[Act]:
        return [] if self._hushed else [SendReport(self.status)]

    @property
    def _user(self) -> str:
        """Whom it registers; "" for a phone that nobody was given yet."""
        return self.kept.get(LINE_USER) or self.identity.number

    @property
    def _uses_tcp(self) -> bool:
        return self.identity.transport == "tcp"

    def _keep_alive_period(self) -> float:
        """The plan's period, else the file's (0 switches keep-alives off), else the phone's default."""
        if self._tempo.keep_alive_period is not None:
            return self._tempo.keep_alive_period
        minutes = self.kept.get(KEEP_ALIVE_MINUTES, "")
        if not minutes.isdecimal():
            return DEFAULT_KEEP_ALIVE
        return int(minutes) * 60.0 or NEVER

    # Its script.

    def _turn_at(self) -> float:
        return NEVER if self.dead else self._performance.next_deadline()

    def turn(self, turn: Turn, now: float) -> list[Act]:
        """Something of its character happens to it."""
        match turn:
            case Turn.SLOW | Turn.PROMPT:
                self.slow = turn is Turn.SLOW
            case Turn.MUTE | Turn.SPEAK:
                self._mute = turn is Turn.MUTE
            case Turn.CUT | Turn.RECONNECT:
                return self._cut(now, off=turn is Turn.CUT)
            case Turn.HUSH | Turn.REPORT:
                self._hushed = turn is Turn.HUSH
            case Turn.DIE:
                self.cut_power()
                self.dead = True
            case Turn.ALARM | Turn.CLEAR:
                return self._alarm(raised=turn is Turn.ALARM)
            case Turn.SIGN_OUT:
                return self._sign_out(now)
            case Turn.SIGN_IN:
                self.signed_in = True
                return self._settle(now) if self.powered else []
        return self._report() if turn is Turn.REPORT and self.powered else []

    def _cut(self, now: float, *, off: bool) -> list[Act]:
        """Its network is gone for SIP, or back: then it registers anew."""
        self._mute = off
        if off:
            return [HangUp()] if self._uses_tcp else []
        if self._registration is None:
            return []
        self._registration.begin(now)
        return self._register(self._registration, now)

    def _alarm(self, *, raised: bool) -> list[Act]:
        """Raise one, or clear the one that was raised; what it could not say without power, nobody hears."""
        if raised:
            self._trouble = self.rng.choice(TROUBLES)
        trouble = self._trouble
        return [SendAlert(trouble, raised)] if trouble and self.powered else []

    def _sign_out(self, now: float) -> list[Act]:
        self.signed_in = False
        if not self.powered:
            return []
        goodbye: list[Act] = []
        if self._registration:
            self._registration.leave(now)
            goodbye = self._register(self._registration, now)
        return [*goodbye, *self._report()]
