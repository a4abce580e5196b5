"""A desk phone made of PJSIP: a program of its own, run by `sip_agents`, since a C library may take a process with it.

Its one argument is JSON: `user`, `password`, `domain`, `host`, `port`, `over` ("udp", "tcp", "tls"), `expires`, `ca`.
What happens to its registration goes to stdout, a JSON object a line; a line on stdin ("unregister", "quit") is obeyed.
"""

from __future__ import annotations

import json
import selectors
import sys
from importlib import import_module
from typing import Any

pj: Any = import_module("pjsua2")  # ships no types

LOOPBACK = "127.0.0.1"


class Phone(pj.Account):  # type: ignore[misc]
    """The one account; tells what the registrar says."""

    def onRegState(self, told: Any) -> None:  # noqa: N802 - PJSIP's name
        """A REGISTER was answered, or was not (408)."""
        say(code=told.code, reason=told.reason, expires=told.expiration)


def say(**event: Any) -> None:
    """One line."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def transport(endpoint: Any, over: str, ca: str) -> None:
    """The one transport, on a port of its own."""
    settings = pj.TransportConfig()
    settings.boundAddress = LOOPBACK
    if over == "tls":
        settings.tlsConfig.CaListFile = ca
        settings.tlsConfig.verifyServer = bool(ca)
    kinds = {"udp": pj.PJSIP_TRANSPORT_UDP, "tcp": pj.PJSIP_TRANSPORT_TCP, "tls": pj.PJSIP_TRANSPORT_TLS}
    endpoint.transportCreate(kinds[over], settings)


def account(wanted: dict[str, Any]) -> Any:
    """Registers with `domain`, whose server is said to be at `host` and `port`."""
    settings = pj.AccountConfig()
    settings.idUri = f"sip:{wanted['user']}@{wanted['domain']}"
    settings.regConfig.registrarUri = f"sip:{wanted['domain']}"
    settings.regConfig.timeoutSec = wanted["expires"]
    settings.regConfig.retryIntervalSec = 1
    settings.sipConfig.proxies.append(f"sip:{wanted['host']}:{wanted['port']};transport={wanted['over']};lr")
    credentials = pj.AuthCredInfo("digest", "*", wanted["user"], 0, wanted["password"])
    settings.sipConfig.authCreds.append(credentials)
    return settings


def main() -> None:
    """Live until told to quit, or until stdin ends with whoever started this."""
    wanted = json.loads(sys.argv[1])
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    settings = pj.EpConfig()
    settings.logConfig.level = settings.logConfig.consoleLevel = 0
    settings.uaConfig.threadCnt, settings.uaConfig.mainThreadOnly = 0, True
    settings.uaConfig.userAgent = "PJSIP desk phone"
    endpoint.libInit(settings)
    transport(endpoint, wanted["over"], wanted["ca"])
    endpoint.audDevManager().setNullDev()
    endpoint.libStart()
    phone = Phone()
    phone.create(account(wanted))
    with selectors.DefaultSelector() as stdin:
        stdin.register(sys.stdin, selectors.EVENT_READ)
        while True:
            endpoint.libHandleEvents(20)  # milliseconds; OPTIONS are answered in here
            order = sys.stdin.readline().strip() if stdin.select(0) else None
            if order == "unregister":
                phone.setRegistration(False)
            elif order is not None:
                break
    phone.shutdown()
    endpoint.libDestroy()


if __name__ == "__main__":
    main()
