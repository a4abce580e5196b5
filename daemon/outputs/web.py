"""HTTP: POSTs to webhooks and Alertmanagers, and what their answers mean.

A receiver is a stranger: no redirect is followed, no proxy of ours is used, its certificate must be good, and of its
answer only the head is looked at. What its status means:

    2xx                            taken
    408, 425, 429, 5xx             not now: sent again, no sooner than its Retry-After says
    400, 413, 415, 422             it finds fault with what was sent: after `tries` given up, or one notification that
                                   somebody cannot read would hold up all alarms that follow it, for ever
    all others: 3xx, 401, 403, 404 it finds fault with the address or the login, which an operator can put right: kept

Not here: what is sent (`payloads`).
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from itertools import islice
from pathlib import Path

import httpx
import trio

from daemon.config.output_settings import AlertmanagerOutput, WebhookOutput
from daemon.fleet.notifications import Alarm, Notification
from daemon.outputs.payloads import alertmanager_webhook, alerts, own_format, signature
from daemon.outputs.way import NotTaken, Told

NOT_NOW = frozenset({408, 425, 429})
HOPELESS = frozenset({400, 413, 415, 422})
_HEADERS = {"Content-Type": "application/json", "User-Agent": "Ringkeeper", "Accept-Encoding": "identity"}
LONGEST_WAIT = 3600.0  # seconds; a receiver that asks for more is asked again all the same

Now = Callable[[], float]


class Webhook:
    """Posts to one address, in our own format or in Alertmanager's."""

    def __init__(self, output: WebhookOutput, now: Now) -> None:
        self._output = output
        self._client = _Client(output.ca, output.timeout, now)
        self._now = now

    async def tell(self, told: Sequence[Told]) -> None:
        """All of them in one request; in Alertmanager's format each in its own, so that their order is kept."""
        output = self._output
        if output.format == "ringkeeper":
            await self._post(own_format(output.receiver, told))
            return
        for one in told:
            await self._post(alertmanager_webhook(output.receiver, one.notification))

    async def refresh(self, active: Iterable[Alarm], now: float) -> None:
        """A webhook is told once."""

    async def _post(self, body: bytes) -> None:
        headers = _bearer(self._output.token.get_secret_value()) if self._output.token else {}
        if self._output.secret is not None:
            at = int(self._now())
            proof = signature(self._output.secret.get_secret_value(), at, body)
            headers |= {"Ringkeeper-Timestamp": str(at), "Ringkeeper-Signature": f"sha256={proof}"}
        await self._client.post(self._output.url.get_secret_value(), body, headers)


class Alertmanager:
    """Posts to the API of one Alertmanager."""

    def __init__(self, output: AlertmanagerOutput, now: Now) -> None:
        self._output = output
        self._client = _Client(output.ca, output.timeout, now)

    async def tell(self, told: Sequence[Told]) -> None:
        """All of them in one request, which it works through in order."""
        await self._post([one.notification for one in told])

    async def refresh(self, active: Iterable[Alarm], now: float) -> None:
        """It keeps alerts in memory, so after its restart it knows only what it is told again."""
        rest = iter(active)
        while some := list(islice(rest, self._output.batch)):
            # Their former severities have ended long ago, which need not be said again.
            now_as_ever = [replace(alarm, peak=alarm.severity) for alarm in some]
            await self._post([Notification(alarm.sequence, now, alarm) for alarm in now_as_ever])

    async def _post(self, notifications: Sequence[Notification]) -> None:
        output = self._output
        headers = _bearer(output.token.get_secret_value()) if output.token else {}
        if output.password is not None:
            login = f"{output.user}:{output.password.get_secret_value()}".encode()
            headers = {"Authorization": f"Basic {b64encode(login).decode()}"}
        await self._client.post(f"{output.url.rstrip('/')}/api/v2/alerts", alerts(notifications, output.lasts), headers)


class _Client:
    """One request at a time, over a connection that is kept while it works."""

    def __init__(self, ca: Path | None, timeout: float, now: Now) -> None:
        self._ca = ca
        self._timeout = timeout
        self._now = now
        self._context: ssl.SSLContext | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Return when it was taken; else `NotTaken`, and authorities are read anew for the next try."""
        try:
            if self._context is None:
                self._context = await trio.to_thread.run_sync(lambda: ssl.create_default_context(cafile=self._ca))
            status, wait = await self._exchange(url, body, headers)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise self._failed("connect", error) from None
        except httpx.InvalidURL:  # says what is wrong with it, and it may be a secret
            raise NotTaken("address", "the address cannot be used") from None
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise self._failed("broken", error) from None
        except OSError as error:
            raise self._failed("security", error) from None
        if 200 <= status < 300:
            return
        self._context = None
        words = f"was answered {status}"
        if status in NOT_NOW or status >= 500:
            raise NotTaken("not now", words, wait=wait)
        raise NotTaken("refused", words, hopeless=status in HOPELESS)

    async def _exchange(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, float]:
        """Status, and the seconds of its Retry-After."""
        verify = self._context or True
        sent = {
            "Content-Type": "application/json",
            "User-Agent": "Ringkeeper",
            "Accept-Encoding": "identity",
            **headers,
        }
        async with (
            httpx.AsyncClient(verify=verify, trust_env=False, timeout=self._timeout) as client,
            client.stream("POST", url, content=body, headers=sent) as reply,
        ):
            return reply.status_code, _seconds(reply.headers.get("Retry-After", ""), self._now())

    def _failed(self, reason: str, error: Exception) -> NotTaken:
        self._context = None
        return NotTaken(reason, str(error) or type(error).__name__)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _seconds(retry_after: str, now: float) -> float:
    """Seconds or a date (RFC 9110, section 10.2.3); 0 for anything else."""
    if retry_after.isascii() and retry_after.isdigit():
        return min(float(retry_after[:9]), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return min(max(0.0, until.replace(tzinfo=until.tzinfo or UTC).timestamp() - now), LONGEST_WAIT)
