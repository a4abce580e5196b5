"""The command line's way to the running daemon: HTTP over the operators' Unix socket, which needs no token.

Whatever goes wrong becomes a `RingkeeperError` that says what to do. Not here: what is asked (one file per command).
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from daemon.config.loader import load_settings
from daemon.errors import RingkeeperError

# An inventory of 30,000 devices is read, checked and stored in one request.
PATIENCE = httpx.Timeout(120.0, connect=5.0)


class Declined(RingkeeperError):
    """The daemon said no; `errors` are the faults of its problem document, `detail` their summary."""

    def __init__(self, status: int, detail: str, errors: list[dict[str, Any]]) -> None:
        super().__init__("\n".join([detail, *(f"  {error.get('wrong', '')}" for error in errors)]))
        self.status = status
        self.detail = detail
        self.errors = errors


@contextmanager
def connection(config: Path) -> Iterator[httpx.Client]:
    """A client of the daemon that runs with this configuration; `RingkeeperError` if there is none to be had."""
    path = socket_path(config)
    _knock(path, config)
    with httpx.Client(
        transport=httpx.HTTPTransport(uds=path), base_url="http://ringkeeper", timeout=PATIENCE
    ) as client:
        try:
            yield client
        except httpx.TimeoutException as error:
            raise RingkeeperError(f"the daemon did not answer in time at {path}; its log says what it does") from error
        except httpx.HTTPError as error:
            raise RingkeeperError(f"the daemon broke off at {path}: {error}; its log says why") from error


def socket_path(config: Path) -> str:
    """The first Unix socket among the operators' listeners of this configuration."""
    for listen in load_settings(config).http.operators.listen:
        if listen.scheme == "unix":
            return listen.path
    raise RingkeeperError(
        f"{config}: http.operators.listen has no unix:// address, and this command talks to the daemon over one;"
        " add for example unix:///run/ringkeeper/api.sock and restart the daemon"
    )


def accepted(response: httpx.Response) -> httpx.Response:
    """The response, if the daemon agreed; `Declined` with its reasons if not."""
    if response.is_success:
        return response
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    detail = problem.get("detail") or problem.get("title") or response.reason_phrase
    raise Declined(response.status_code, detail, problem.get("errors", []))


def _knock(path: str, config: Path) -> None:
    """See whether anybody listens: the kernel says more exactly than httpx why not, and closes what it opened."""
    try:
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(path)
    except PermissionError as error:
        raise RingkeeperError(f"you may not use {path}: run this as root or as a member of its group") from error
    except OSError as error:
        raise RingkeeperError(
            f"the daemon is not running: nobody listens at {path} ({error.strerror})\n"
            f"start it with: systemctl start ringkeeper, or: ringkeeper serve --config {config}"
        ) from error
