"""Opening the sockets an HTTP server listens on: TCP, and Unix sockets with their file.

Not here: accepting (`server`), TLS (`handshake`).
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

import trio

from daemon.config.listen import Listen
from daemon.http.asgi import Endpoints

_UNIX_MODE = 0o660  # owner and group may use the operators' socket without a token


async def open_listeners(listen: Listen) -> list[trio.SocketListener]:
    """Bind and listen; `OSError` says where that failed, and why."""
    try:
        if listen.scheme == "unix":
            return [await _open_unix(listen.path)]
        return list(await trio.open_tcp_listeners(listen.port, host=listen.host))
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {listen}: {error.strerror}") from error


async def _open_unix(path: str) -> trio.SocketListener:
    _remove_stale(path)
    sock = trio.socket.socket(trio.socket.AF_UNIX, trio.socket.SOCK_STREAM)
    try:
        await sock.bind(path)
        _set_mode(path)  # before listen: until then nobody can connect
        sock.listen(socket.SOMAXCONN)
    except OSError:
        sock.close()
        raise
    return trio.SocketListener(sock)


def _set_mode(path: str) -> None:
    Path(path).chmod(_UNIX_MODE)


def _remove_stale(path: str) -> None:
    """Remove the socket file of a daemon that is no more; one that still answers, or another file, is left alone."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError(errno.EEXIST, "in the way is a file that is no socket", path)
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()
        else:
            raise OSError(errno.EADDRINUSE, "another daemon listens there", path)


def remove_socket(listen: Listen) -> None:
    """Take our socket file away; nothing happens for TCP, or if somebody else did."""
    if listen.scheme == "unix":
        Path(listen.path).unlink(missing_ok=True)


def bound(listen: Listen, listener: trio.SocketListener) -> Listen:
    """The address with the port the kernel gave."""
    if listen.scheme == "unix":
        return listen
    host, port = listener.socket.getsockname()[:2]
    return Listen(listen.scheme, host=host, port=port)


def endpoints_of(stream: trio.SocketStream, listen: Listen) -> Endpoints:
    """Who is at both ends; `OSError` if the peer is gone already."""
    if listen.scheme == "unix":
        return Endpoints(client=None, server=(listen.path, None))
    peer, own = stream.socket.getpeername(), stream.socket.getsockname()
    return Endpoints(client=(peer[0], peer[1]), server=(own[0], own[1]), scheme=listen.scheme)
