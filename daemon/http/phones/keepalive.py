"""What a phone's keep-alive says, and what it is answered. Pure: bytes in, nouns out, and the other way round.

Every value may be text or a number, and fields we do not know are passed over. Of the vendor's three credential
fields only the user name is kept, as a label: how the digest is made is not public, so it proves nothing.
Not here: who is believed, and what follows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from daemon.errors import BadMessage
from daemon.fleet.model import Mac, Report, parse_mac
from daemon.fleet.records import PhoneRequest
from daemon.http.phones.lenient_json import read_object, text_field

# Field of the report <- its names on the wire, the first that says anything wins.
_FIELDS = {
    "status": ("status",),
    "model": ("model",),
    "firmware": ("fwVersion",),
    "ip": ("ip",),
    "subnet_mask": ("subnet",),
    "vlan": ("vLanId", "vlanId"),
    "user_name": ("userName",),
    "user_id": ("userId",),
    "number": ("phoneNumber",),
    "sip_proxy": ("sipProxy",),
    "location": ("location",),
    "region": ("region",),
    "user_agent": ("userAgent",),
    "btoe_status": ("BToEpairingstatus",),
    "btoe_version": ("BToEversion",),
    "usb_headset": ("USBHeadsetType",),
    "hrs_model": ("HRSSpeakerModel",),
    "hrs_firmware": ("HRSSpeakerFW",),
    "ems_user": ("emsUserName",),
}

# Action -> (method, path) of an entry in the answer. The one AudioCodes' own example shows; no other is public.
ACTIONS: Mapping[str, tuple[str, str]] = {
    "reset_graceful": ("POST", "/rest/v1/command/ResetGracefulHandler"),
}

NOTHING_WAITS = b'{"requests":[]}'


def read_keep_alive(body: bytes) -> tuple[Mac, Report]:
    """A keep-alive's body -> who speaks and what it says; `BadMessage` (reasons "mac", "json…", "field_type")."""
    fields = read_object(body)
    mac = text_field(fields, "mac")
    if not mac:
        raise BadMessage("mac", "none given")
    return parse_mac(mac), Report(**{name: text_field(fields, *names) for name, names in _FIELDS.items()})


def write_answer(requests: Sequence[PhoneRequest]) -> bytes:
    """The body of the 200: what waits for the phone. An action without a known path is left out."""
    if not requests:
        return NOTHING_WAITS
    entries = [
        {"method": ACTIONS[request.action][0], "path": ACTIONS[request.action][1], "body": dict(request.body)}
        for request in requests
        if request.action in ACTIONS
    ]
    return json.dumps({"requests": entries}, separators=(",", ":")).encode()
