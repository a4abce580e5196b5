"""Commands to phones' own HTTP servers: asked once, the phone's login shown if it wants one, and what became of it.

A phone is a stranger until proved otherwise: no redirect is followed, no proxy of ours is used, of an answer the first
64 KiB are read, and a command has ten seconds. Its login is shown only when it asks, and a digest is preferred, so that
an open network does not learn the password. Its certificate is its maker's or its own, so it is looked at only if
operators want that. Not here: which phones are told so, and at which address (`daemon.fleet.operations.asking`).
"""

from __future__ import annotations

import secrets
import ssl
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import trio

from daemon.authentication import digest
from daemon.config.settings import Requests
from daemon.errors import ConfigError, StoreUnavailable
from daemon.fleet.delivery import Deliver
from daemon.fleet.events import CommandEnded
from daemon.fleet.model import Mac
from daemon.fleet.phone_command import SendCommand
from daemon.provisioning.phone_login import Login

TIME_LIMIT = 10.0  # seconds for connecting, login and answer; a phone that is awake answers within one
CONNECTS_WITHIN = 5.0  # seconds
AT_ONCE = 50
# With `TIME_LIMIT` the last has left after 100 s, before its operation gives it up (operations.delivered_within).
MOST_WAITING = 450
MOST_READ = 64 * 1024  # bytes; what phones answer takes a hundred
_SHOWN = 80  # characters of an answer that are told to operators
_HEADERS = {b"Accept-Encoding": b"identity", b"Content-Type": b"application/json", b"Connection": b"close"}
_UNSURE = frozenset({"timeout", "broken"})  # it was sent, and nobody knows whether it was heard


@dataclass(frozen=True, slots=True)
class PhoneCommandStatistics:
    """Commands by what became of them since start, and how many wait or are under way now."""

    ended: dict[str, int]
    waiting: int
    under_way: int


@dataclass(frozen=True, slots=True)
class _End:
    """What became of a command: `reason` counts, `words` are for operators."""

    reason: str
    words: str


@dataclass(slots=True)
class _Answer:
    status: int
    challenges: list[str]
    body: bytearray = field(default_factory=bytearray)


class PhoneCommands:
    """Everything that goes to phones' own servers. `login_of` may raise what `provisioning.phone_login` says."""

    def __init__(self, settings: Callable[[], Requests], login_of: Callable[[Mac], Login | None]) -> None:
        self._settings = settings
        self._login_of = login_of
        self._ended: Counter[str] = Counter()
        self._under_way = 0
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._refused: list[SendCommand] = []
        self._awake = trio.Event()
        self._enter, self._line = trio.open_memory_channel[SendCommand](MOST_WAITING)

    def submit(self, order: SendCommand) -> None:
        """Send this as soon as there is room; what there is no room for ends at once, from another task."""
        try:
            self._enter.send_nowait(order)
        except trio.WouldBlock:
            self._refused.append(order)
            self._awake.set()

    async def run(self, deliver: Deliver, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Send until cancelled."""
        async with trio.open_nursery() as nursery:
            for _ in range(AT_ONCE):
                nursery.start_soon(self._serve, deliver)
            task_status.started()
            while True:
                await self._awake.wait()
                self._awake = trio.Event()
                refused, self._refused = self._refused, []
                for order in refused:
                    self._tell(order, _End("too many", "was not sent: too many others are under way"), deliver)

    def statistics(self) -> PhoneCommandStatistics:
        """Counters since start."""
        waiting = self._line.statistics().current_buffer_used
        return PhoneCommandStatistics(dict(self._ended), waiting, self._under_way)

    async def _serve(self, deliver: Deliver) -> None:
        async for order in self._line:
            self._under_way += 1
            try:
                end = await self._carry_out(order)
            finally:
                self._under_way -= 1
            self._tell(order, end, deliver)

    def _tell(self, order: SendCommand, end: _End, deliver: Deliver) -> None:
        self._ended[end.reason] += 1
        taken, unsure = end.reason == "taken", end.reason in _UNSURE
        deliver(CommandEnded(order.mac, order.action, taken, end.words, unsure))

    async def _carry_out(self, order: SendCommand) -> _End:
        end = _End("timeout", f"found no answer within {TIME_LIMIT:g}s")
        with trio.move_on_after(TIME_LIMIT):
            try:
                end = await self._ask(order)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                end = _End("connect", f"could not connect: {_words(error)}")
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                end = _End("broken", f"found no whole answer: {_words(error)}")
            except (ConfigError, StoreUnavailable) as error:
                end = _End("login", f"was refused: the phone wants its login, which cannot be had: {error}")
        return end

    async def _ask(self, order: SendCommand) -> _End:
        context = await self._context(self._settings().verify_phones)
        # A client for each, so that nothing of one phone is ever shown to another.
        limits = httpx.Timeout(TIME_LIMIT, connect=CONNECTS_WITHIN)
        async with httpx.AsyncClient(verify=context, trust_env=False, timeout=limits) as client:
            answer = await _exchange(client, order, {})
            if answer.status != 401:
                return _judged(order, answer)
            login = self._login_of(order.mac)
            if login is None:
                return _End("login", "was refused with 401: no PhoneWebPassword is written down for it")
            credentials = _credentials(order, answer.challenges, login)
            if credentials is None:
                return _End("login", "was refused with 401: it wants a login of a kind that we do not know")
            answer = await _exchange(client, order, {b"Authorization": credentials.encode()})
            if answer.status == 401:
                return _End("login", "was refused with 401: PhoneWebUser or PhoneWebPassword is wrong")
            return _judged(order, answer)

    async def _context(self, verify: bool) -> ssl.SSLContext:
        """Made once. Loading the authorities reads files, so that is done in a thread, when a phone first needs it."""
        if verify not in self._contexts:
            loaded = await trio.to_thread.run_sync(ssl.create_default_context) if verify else _unverified()
            self._contexts[verify] = loaded
        return self._contexts[verify]


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _exchange(client: httpx.AsyncClient, order: SendCommand, headers: dict[bytes, bytes]) -> _Answer:
    async with client.stream(
        order.method, order.url, content=order.body.encode(), headers={**_HEADERS, **headers}
    ) as reply:
        answer = _Answer(reply.status_code, reply.headers.get_list("www-authenticate"))
        try:
            async for piece in reply.aiter_raw(MOST_READ):
                answer.body += piece[: MOST_READ - len(answer.body)]
                if len(answer.body) >= MOST_READ:
                    # Not by leaving the loop: httpx's generators in each other must all come to their end.
                    await reply.aclose()
        except httpx.HTTPError:
            if len(answer.body) < MOST_READ:
                raise
    return answer


def _credentials(order: SendCommand, challenges: list[str], login: Login) -> str | None:
    """What a phone wants to be shown, None if we cannot."""
    path = httpx.URL(order.url).raw_path.decode("ascii")
    digests = [challenge for challenge in challenges if challenge.lower().startswith("digest ")]
    answer = digest.answer_challenge(digests, order.method, path, login.user, login.password, secrets.token_hex(8))
    if answer is None and any(challenge.lower().startswith("basic") for challenge in challenges):
        return f"Basic {b64encode(f'{login.user}:{login.password}'.encode()).decode()}"
    return answer


def _judged(order: SendCommand, answer: _Answer) -> _End:
    """Whether the phone obeys; some answer 200 to what they will not do."""
    if not 200 <= answer.status < 300:
        return _End("refused", f"was refused with {answer.status}")
    if order.taken.encode() not in answer.body:
        said = "".join(each for each in answer.body[:_SHOWN].decode("ascii", "replace") if " " <= each <= "~")
        return _End("refused", f"was answered {answer.status}, but not taken: {said}")
    return _End("taken", f"answered {answer.status}")


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
