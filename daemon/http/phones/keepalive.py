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
from daemon.provisioning.vendors.audiocodes import AUDIOCODES
from daemon.provisioning.vendors.vendor import Channel, PhoneCommand

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

# What an entry of the answer can ask for, by action. Whether a guess may be sent was decided when it was queued.
COMMANDS: Mapping[str, PhoneCommand] = {
    action: command for action, command in AUDIOCODES.commands.items() if command.channel is Channel.KEEP_ALIVE
}

NOTHING_WAITS = b'{"requests":[]}'


def read_keep_alive(body: bytes) -> tuple[Mac, Report]:
    """A keep-alive's body -> who speaks and what it says; `BadMessage` (reasons "mac", "json…", "field_type")."""
    fields = read_object(body)
    mac = text_field(fields, "mac")
    if not mac:
        raise BadMessage("mac", "none given")
    return parse_mac(mac), Report(**{name: text_field(fields, *names) for name, names in _FIELDS.items()})


def write_answer(requests: Sequence[PhoneRequest], *, as_text: bool = False) -> bytes:
    """The body of the 200: what waits for the phone. An action without a known path is left out.

    An entry is an object, or with `as_text` the JSON text of one in a string: both have been seen.
    """
    if not requests:
        return NOTHING_WAITS
    entries = [
        {"method": command.method, "path": command.path, "body": {**command.body, **request.body}}
        for request in requests
        if (command := COMMANDS.get(request.action)) is not None
    ]
    wanted = [json.dumps(entry, separators=(",", ":")) for entry in entries] if as_text else entries
    return json.dumps({"requests": wanted}, separators=(",", ":")).encode()
