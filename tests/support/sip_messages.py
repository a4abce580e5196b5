"""SIP requests as a phone writes them, in one readable line each, and a directory with two phones in it."""

from __future__ import annotations

from daemon.fleet.device import Device
from daemon.fleet.model import Binding, Contact, DeviceRecord, Mac, Tenant

ALICE, BOB = Mac("00908f000001"), Mac("00908f000002")


def request(method: str = "OPTIONS", uri: str = "sip:pbx.example.net", **headers: str | None) -> bytes:
    """A well-formed request; keyword arguments replace, add or (None) remove headers, `_` standing for `-`."""
    values: dict[str, str | None] = {
        "via": "SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK77;rport",
        "max_forwards": "70",
        "from": "<sip:2041@pbx.example.net>;tag=f1",
        "to": "<sip:2041@pbx.example.net>",
        "call_id": "call-1@192.0.2.7",
        "cseq": f"1 {method}",
        "content_length": "0",
    }
    values.update({name.rstrip("_"): value for name, value in headers.items()})
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in values.items() if value is not None]
    return "\r\n".join([f"{method} {uri} SIP/2.0", *lines, "", ""]).encode()


def register(contact: str | None = "<sip:2041@10.0.0.7:5062>", **headers: str | None) -> bytes:
    """A REGISTER of 2041, who is Alice's phone."""
    return request("REGISTER", "sip:pbx.example.net", contact=contact, **headers)


class Phonebook:
    """A directory in a dict: 2041 is Alice, 2042 is Bob."""

    def __init__(self) -> None:
        self.tenants: dict[str, Tenant] = {}
        self.devices = {mac: Device(DeviceRecord(mac), 0.0) for mac in (ALICE, BOB)}

    def mac_of_user(self, user: str) -> Mac | None:
        return {"2041": ALICE, "2042": BOB}.get(user)

    def device(self, mac: Mac) -> Device | None:
        return self.devices.get(mac)

    def mac_at(self, host: str, port: int) -> Mac | None:
        for mac, device in self.devices.items():
            if device.contact and (device.contact.host, device.contact.port) == (host, port):
                return mac
        return None

    def settle(self, mac: Mac, contact: Contact | None, bindings: tuple[Binding, ...] = ()) -> None:
        self.devices[mac].contact, self.devices[mac].bindings = contact, bindings
