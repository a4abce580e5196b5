"""One simulated desk phone: what it does next, and how it takes what it hears. Pure; `now` is an argument.

A phone is a few dates and switches, no task: `next_deadline` and `expire` drive it, and everything it wants done
comes out as acts. A boot fetches files, then reports "started", then registers, then reports "registered"; each
step follows the answer to the one before, so reports cannot overtake each other. Not here: sockets (`fleet`), what
happens to a phone when (`characters`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from random import Random

from daemon.simulate.acts import Act, FetchFiles, HangUp, SendAlert, SendCallReport, SendRegister, SendReport
from daemon.simulate.calls import make_call
from daemon.simulate.characters import Character, Turn
from daemon.simulate.inventory import OTHER_DOMAIN, OWN_DOMAIN
from daemon.simulate.phone_settings import KEEP_ALIVE_MINUTES, LINE_PASSWORD, LINE_USER, SIP_DOMAIN, SIP_PROXY
from daemon.simulate.plan import PlannedPhone, Tempo
from daemon.simulate.registration import Outcome, Registration
from daemon.simulate.trouble import TROUBLES, Trouble

RESET = "ResetGracefulHandler"  # the command in a keep-alive's answer that restarts a phone (Live Platform's guide)
DEFAULT_KEEP_ALIVE = 3600.0  # the phone's own default, 60 minutes
NEVER = math.inf


class Phone:
    """A phone of the plan, from its first boot on."""

    __slots__ = (
        "_boot_at",
        "_call_at",
        "_calls",
        "_cycle",
        "_hushed",
        "_mute",
        "_registration",
        "_report_at",
        "_script_begin",
        "_start",
        "_tempo",
        "_trouble",
        "_turn",
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
        self._call_at = NEVER
        self._calls = 0
        self._start = start
        self._script_begin = start + planned.boot_at
        self._cycle = 0
        self._turn = 0

    def next_deadline(self) -> float:
        """When it does something by itself; infinity if never."""
        register_at = self._registration.at if self._registration else NEVER
        return min(self._boot_at, self._report_at, self._call_at, register_at, self._turn_at())

    def expire(self, now: float) -> list[Act]:
        """Time has passed: what the phone wants done."""
        acts: list[Act] = []
        while self._turn_at() <= now:
            acts += self._take_turn(now)
        if self._boot_at <= now:
            acts += self._boot()
        if self._report_at <= now:
            self._report_at = now + self._keep_alive_period()
            acts += self._report()
        if self._registration and self._registration.at <= now:
            acts += self._register(self._registration, now)
        if self._call_at <= now:
            acts += self._call(now)
        return acts

    # What it hears.

    def booted(self, settings: Mapping[str, str], now: float) -> list[Act]:
        """It has read its configuration; `settings` come over those it kept."""
        self.kept.update(settings)
        if not self.powered:
            return []
        self._report_at = now + self._keep_alive_period()
        return [SendReport("started")]

    def boot_failed(self, now: float) -> None:
        """No configuration could be had; it tries again as after power came."""
        if self.powered:
            self._boot_at = now + self._tempo.power_up + self.rng.random()

    def reported(self, status: str, requests: Iterable[object], now: float) -> list[Act]:
        """A keep-alive was answered 200, with these requests."""
        if not self.powered:
            return []
        if any(_is_reset(request) for request in requests):
            self._restart(now)
            return []
        return self._settle(now) if status == "started" and self._registration is None else []

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
        self._boot_at = self._report_at = self._call_at = NEVER

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
            user=self.kept.get(LINE_USER) or self.identity.number,
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
        """A call is over, if it could make one, and is reported."""
        self._call_at = now + self.rng.uniform(0.5, 1.5) * self._tempo.call_every
        if self._registration is None or not self._registration.active or self._mute:
            return []
        self._calls += 1
        line, elapsed = self.planned.poor_line, (now - self._start) / self._tempo.script_pace
        call = make_call(self.rng, now, poor=line is not None and line.on(elapsed))
        return [SendCallReport(call, self._registration.domain, self._registration.user, self._calls)]

    def _report(self) -> list[Act]:
        return [] if self._hushed else [SendReport(self.status)]

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
        script = self.planned.script
        if self.dead or not script.moments or (self._cycle and math.isinf(script.every)):
            return NEVER
        begin = self._cycle * script.every if self._cycle else 0.0
        return self._script_begin + self._tempo.script_pace * (begin + script.moments[self._turn].at)

    def _take_turn(self, now: float) -> list[Act]:
        turn = self.planned.script.moments[self._turn].turn
        self._turn += 1
        if self._turn == len(self.planned.script.moments):
            self._turn = 0
            self._cycle += 1
        return self.turn(turn, now)

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


def _is_reset(request: object) -> bool:
    """Whether an entry of `requests` restarts the phone; entries come as objects or as JSON text in a string."""
    return RESET in str(request) or '"reset"' in str(request)
