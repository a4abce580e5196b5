"""Listen addresses as operators write them: `http://0.0.0.0:8081`, `unix:///run/x.sock`, `udp://[::]:5060`.

Port 0 asks the kernel for a free port (tests and the demo). Not here: opening anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen: `scheme` with `host` and `port`, or scheme "unix" with `path`."""

    scheme: str
    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.scheme == "unix":
            return f"unix://{self.path}"
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def parse_listen(value: object, schemes: tuple[str, ...]) -> Listen:
    """Text -> `Listen`; `ValueError` with a hint when the scheme, address or port will not do."""
    if isinstance(value, Listen):
        return value
    wanted = " or ".join(f"{scheme}://" for scheme in schemes)
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme not in schemes:
        raise ValueError(f"not an address to listen on: begin it with {wanted}")
    if parts.scheme == "unix":
        if not parts.path.startswith("/") or parts.netloc:
            raise ValueError("a Unix socket is written unix:///absolute/path")
        return Listen("unix", path=parts.path)
    try:
        host, port = str(ip_address(parts.hostname or "")), parts.port
    except ValueError as error:
        raise ValueError(f"{error}: listen on an address such as {parts.scheme}://127.0.0.1:5060") from None
    if port is None or parts.path not in ("", "/"):
        raise ValueError(f"write it as {parts.scheme}://address:port, with nothing behind")
    return Listen(parts.scheme, host=host, port=port)


HttpListen = Annotated[Listen, BeforeValidator(lambda value: parse_listen(value, ("http", "https", "unix")))]
UdpListen = Annotated[Listen, BeforeValidator(lambda value: parse_listen(value, ("udp",)))]
SipListen = Annotated[Listen, BeforeValidator(lambda value: parse_listen(value, ("udp", "tcp", "tls")))]


def parse_host_port(text: str, default_port: int) -> tuple[str, int]:
    """`192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53` or `[2001:db8::53]:5353` -> both; `ValueError` otherwise."""
    host, port = text, ""
    if text.startswith("["):
        host, closing, port = text[1:].partition("]")
        if not closing or (port and not port.startswith(":")):
            raise ValueError("a bracket or a colon is missing")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    number = int(port) if port.isascii() and port.isdecimal() else 0
    if port and not 1 <= number <= 65535:
        raise ValueError(f"no such port: {port[:20]}")
    return str(ip_address(host)), number or default_port


def _checked_host_port(value: str) -> str:
    try:
        parse_host_port(value, 0)
    except ValueError:
        raise ValueError(f"{value[:60]!r} is not an address: write it like 192.0.2.53 or 192.0.2.53:53") from None
    return value


DnsServer = Annotated[str, AfterValidator(_checked_host_port)]
