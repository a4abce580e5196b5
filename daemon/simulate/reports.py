"""The JSON bodies that a phone posts: keep-alives and alarms (fields as in traces of AudioCodes' phones, all text).

`sessionId` and `emsUserPassword` are new with each message, as on real phones; nobody outside the vendor can make or
check that pair, so here they are random. Not here: sending.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random

from daemon.simulate.phone_settings import EMS_USER, LINE_USER
from daemon.simulate.plan import Identity
from daemon.simulate.trouble import Trouble


def keep_alive(phone: Identity, kept: Mapping[str, str], status: str, rng: Random) -> bytes:
    """A report; before the user is known ("started") and after sign-out his fields are empty."""
    number = phone.number or kept.get(LINE_USER, "")  # one that nobody knew has what it was given since
    known = status not in ("started", "offline") and number != ""
    return _to_bytes(
        {
            **_session(kept, rng),
            "mac": phone.mac,
            "ip": phone.address,
            "subnet": "255.255.255.0",
            "vLanId": "0",
            "region": phone.tenant,
            "model": phone.model,
            "fwVersion": phone.firmware,
            "userAgent": phone.user_agent,
            "userName": phone.user or number if known else "",
            "userId": f"{number}@{phone.tenant}.example.net" if known else "",
            "phoneNumber": number if known else "",
            "status": status,
            "location": phone.site,
            "sipProxy": kept.get("voip/signalling/sip/proxy_address", ""),
        }
    )


def alert(
    phone: Identity, kept: Mapping[str, str], trouble: Trouble, *, raised: bool, now: float, rng: Random
) -> bytes:
    """An alarm, or its clear (severity "0")."""
    entry = {
        "uniqueId": rng.randrange(1, 2**31),
        "name": trouble.name,
        "description": trouble.description,
        "date": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "severity": str(trouble.severity if raised else 0),
        "source": f"IPPhone/{phone.mac}",
        "type": trouble.event_type,
        "probableCause": trouble.probable_cause,
        "additionalInfo1": trouble.info,
        "additionalInfo2": f"{phone.model} at {phone.site}",
    }
    return _to_bytes({**_session(kept, rng), "alerts": [entry]})


def requests_in(body: bytes) -> list[object]:
    """The `requests` of a keep-alive's answer; an empty list for anything that is none."""
    try:
        answer = json.loads(body)
    except ValueError:
        return []
    requests = answer.get("requests") if isinstance(answer, dict) else None
    return requests if isinstance(requests, list) else []


def _session(kept: Mapping[str, str], rng: Random) -> dict[str, object]:
    return {
        "sessionId": f"{rng.getrandbits(32):08x}",
        "emsUserName": kept.get(EMS_USER) or "system",
        "emsUserPassword": f"{rng.getrandbits(128):032x}",
    }


def _to_bytes(body: dict[str, object]) -> bytes:
    return json.dumps(body).encode()
