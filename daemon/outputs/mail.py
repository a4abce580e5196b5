"""Mail: one SMTP conversation for each letter, in a thread of its own, since the library that speaks it waits.

STARTTLS is demanded where it is configured: a server that does not offer it, or shows a certificate that nobody signed,
gets neither password nor mail. Not here: what a letter says (`letter`).
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterable, Sequence

import structlog
import trio

from daemon.config.output_settings import MailOutput
from daemon.fleet.notifications import Alarm, Notification
from daemon.outputs.letter import letter
from daemon.outputs.way import NotTaken, Told

log = structlog.get_logger("outputs")

# What a server answers with when it is the letter itself that it will not have (RFC 5321, section 4.2.3: 552 too large,
# 554 failed); other refusals are about who we are and whom we write to, which an operator can put right.
_LETTER_REFUSED = frozenset({552, 554})
_SHOWN = 120  # characters of a server's answer


class Mail:
    """Writes to the addresses of one output."""

    def __init__(self, output: MailOutput) -> None:
        self._output = output
        # A conversation that was given up ends by its own time limit; until then it keeps the next from beginning.
        self._one_at_a_time = trio.CapacityLimiter(1)
        self._refused: frozenset[str] = frozenset()

    async def tell(self, told: Sequence[Told]) -> None:
        """One letter about all of them."""
        notifications = [one.notification for one in told]
        refused = await trio.to_thread.run_sync(
            self._send, notifications, abandon_on_cancel=True, limiter=self._one_at_a_time
        )
        if refused != self._refused:
            self._refused = refused
            log.warning(
                "the mail server refuses some addresses",
                event_name="output-addresses-refused",
                output=self._output.name,
                refused=sorted(refused),
            )

    async def refresh(self, active: Iterable[Alarm], now: float) -> None:
        """Nobody forgets a letter."""

    def _send(self, notifications: Sequence[Notification]) -> frozenset[str]:
        """The addresses that were refused, if others were not; in a thread."""
        try:
            with self._connected() as server:
                self._introduce(server)
                return frozenset(server.send_message(letter(self._output, notifications)))
        except smtplib.SMTPDataError as error:
            hopeless = error.smtp_code in _LETTER_REFUSED
            raise NotTaken("refused", _said(error.smtp_code, error.smtp_error), hopeless=hopeless) from None
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            raise NotTaken("recipients", _said(code, text)) from None
        except smtplib.SMTPAuthenticationError as error:
            raise NotTaken("login", _said(error.smtp_code, error.smtp_error)) from None
        except smtplib.SMTPResponseException as error:
            raise NotTaken("refused", _said(error.smtp_code, error.smtp_error)) from None
        except smtplib.SMTPNotSupportedError as error:
            raise NotTaken("security", str(error)) from None
        except smtplib.SMTPException as error:
            raise NotTaken("broken", str(error)) from None
        except ssl.SSLError as error:
            raise NotTaken("security", error.reason or str(error)) from None
        except (OSError, UnicodeError) as error:
            raise NotTaken("connect", str(error)) from None

    def _connected(self) -> smtplib.SMTP:
        output = self._output
        host, port = output.address
        if output.security == "tls":
            context = ssl.create_default_context(cafile=output.ca)
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=output.timeout, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=output.timeout)
        return server

    def _introduce(self, server: smtplib.SMTP) -> None:
        """TLS and login, as far as they are wanted and not there yet."""
        output = self._output
        if output.security == "starttls":
            server.starttls(context=ssl.create_default_context(cafile=output.ca))
        if output.password is not None:
            server.login(output.user, output.password.get_secret_value())


def _said(code: int, text: bytes | str) -> str:
    words = text.decode("ascii", "replace") if isinstance(text, bytes) else text
    return f"{code} {words}"[:_SHOWN]
