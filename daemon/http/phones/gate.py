"""The phones' gate: who is looked at, who is asked to log in, and how whoever is refused is told and counted.

Every refusal that has to do with who is asking is the same 404, or the same 401 where the tenant that the *URL* or the
address names takes logins: what a device's own tenant says would tell which MACs exist. An address that guesses is
slowed (`guessers`), except for phones that prove themselves and for those it was last believed for: a site behind one
NAT address is served though one behind it guesses. Not here: what counts as proof
(`daemon.provisioning.first_contact`), the words of a refusal (`refusals`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import structlog
from starlette.requests import Request
from starlette.responses import Response

from daemon.config.contact_settings import Guesses
from daemon.config.settings import Provisioning
from daemon.fleet.model import Mac
from daemon.http.phones.caller import Caller, Directory, caller_of
from daemon.http.phones.guessers import Guess, Guessers
from daemon.http.phones.logins import Login, Logins, Verdict
from daemon.http.phones.refusals import Refusals
from daemon.provisioning.first_contact import Reason, Rung, terms_of
from daemon.provisioning.served import FileKind
from daemon.provisioning.zero_touch import place_newcomer
from daemon.scheduler.pacing import TokenBucket

log = structlog.get_logger("phones")

# Lines about guessers in all, one a minute each: a net of more addresses than this at once needs another cure.
LINES_PER_MINUTE = 300
_WRONG = frozenset({Reason.WRONG_SECRET, Reason.WRONG_LOGIN, Reason.WRONG_CERTIFICATE, Reason.WRONG_TOKEN})
# Refused for want of proof: a login would help.
_UNPROVED = frozenset({Reason.UNKNOWN_PHONE, Reason.NO_NETWORK, Reason.FOREIGN_NETWORK, Reason.WINDOW_CLOSED})
_SLOWED = "slowed"


class Gate:
    """Stands in front of files and reports. `now` gives UTC seconds, `settings` those in force."""

    def __init__(
        self,
        directory: Directory,
        settings: Callable[[], Provisioning],
        logins: Logins,
        refusals: Refusals,
        now: Callable[[], float],
    ) -> None:
        self.logins = logins
        self.guessers = Guessers(Guesses())
        self._directory = directory
        self._settings = settings
        self._refusals = refusals
        self.now = now
        self._lines = TokenBucket.per_minute(LINES_PER_MINUTE)

    def enter(self, request: Request) -> Caller | Response:
        """Who calls, with the login judged; a response for one that is wrong or to be made again."""
        caller = caller_of(request)
        if not caller.authorization:
            return caller
        came = request.scope["state"]  # a digest is over what came, whatever we have made of it since
        login = self.logins.judge(caller.authorization, came["method"], came["target"], self.now())
        return self._admit(caller, login)

    def hold_back(self, caller: Caller, mac: Mac | None, kind: FileKind, named: str = "") -> Response | None:
        """A refusal without a look, for what proves nothing and comes from a slowed address; None for all else.

        `mac` is None for what belongs to no phone; `named` is the tenant or region in the URL or report.
        """
        if caller.shows_something or not self.guessers.slows(caller.source, self.now()):
            return None
        self.guessers.apply(self._settings().guesses)
        if mac is None or self._is_known(mac, caller.source) or self.guessers.admits(caller.source, self.now()):
            return None
        self._tell(caller.source)
        return self._answer(_SLOWED, caller, kind, named)

    def ask(self, caller: Caller, kind: FileKind) -> Response | None:
        """A challenge for a report that came empty: clients that expect one begin so (`curl --digest`)."""
        if caller.shows_something or not self._takes_logins(caller, kind, ""):
            return None
        return self._refusals.log_in("empty", caller.source, self._challenges())

    def refuse(self, reason: str, caller: Caller, mac: Mac, kind: FileKind, named: str = "") -> Response:
        """The answer to somebody who says to be `mac` and is refused, with what it counts for."""
        if reason in _WRONG:
            shown = caller.secret or caller.token or caller.certificate
            self._note(caller.source, Guess.WRONG_PROOF, f"{mac} {shown}")
        elif reason == Reason.UNKNOWN_PHONE:
            self.met_stranger(caller, mac)
        return self._answer(reason, caller, kind, named)

    def met_stranger(self, caller: Caller, mac: Mac) -> None:
        """Somebody said to be `mac`, which nobody has defined: it may be a new phone, or a guess."""
        self._note(caller.source, Guess.UNKNOWN_PHONE, mac)

    def _admit(self, caller: Caller, login: Login) -> Caller | Response:
        match login.verdict:
            case Verdict.RIGHT:
                return replace(caller, login=login.mac)
            case Verdict.FORMER:
                return caller
            case Verdict.STALE:
                return self._refusals.log_in("stale_login", caller.source, self._challenges(stale=True))
            case Verdict.WRONG:
                self._note(caller.source, Guess.WRONG_PROOF, caller.authorization)
                return self._refusals.not_found(str(Reason.WRONG_LOGIN), caller.source)

    def _answer(self, reason: str, caller: Caller, kind: FileKind, named: str) -> Response:
        askable = reason == _SLOWED or reason in _UNPROVED
        if askable and not caller.shows_something and self._takes_logins(caller, kind, named):
            return self._refusals.log_in(str(reason), caller.source, self._challenges())
        return self._refusals.not_found(str(reason), caller.source)

    def _takes_logins(self, caller: Caller, kind: FileKind, named: str) -> bool:
        tenants, default = self._directory.tenants.values(), self._directory.default_tenant()
        tenant = place_newcomer(kind, named, caller.source, tenants, default).tenant
        return Rung.LOGIN in terms_of(tenant, self._settings()).rungs

    def _challenges(self, *, stale: bool = False) -> list[str]:
        return self.logins.challenges(self.now(), stale=stale)

    def _is_known(self, mac: Mac, source: str) -> bool:
        """Whether the last report or fetch that was believed of this phone came from there."""
        device = self._directory.device(mac)
        return device is not None and device.record.approved and device.source == source

    def _note(self, source: str, guess: Guess, what: str) -> None:
        self.guessers.apply(self._settings().guesses)
        self.guessers.note(source, guess, what, self.now())
        self._tell(source)

    def _tell(self, source: str) -> None:
        """The line that fail2ban reads (`etc/fail2ban`): the address stands right behind the event's name."""
        now = self.now()
        said = self.guessers.suspicion(source, now)
        if said is not None and self._lines.take(now):
            log.warning(
                "an address that guesses is slowed",
                event_name="phone-guesser",
                source=source,
                turned_away=said.turned_away,
                unknown_phones=said.unknown_phones,
                wrong_proofs=said.wrong_proofs,
            )
