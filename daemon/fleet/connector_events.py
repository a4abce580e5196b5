"""What the fleet does about registrations that other servers tell of: an Asterisk, a Kamailio.

Whose word counts when several speak of one device:

1. What the phone registered with our own listener is first-hand, and counts while it lasts; nobody's list moves it.
2. Else its own server's word counts. A registration with another server, beside it, changes nothing: bindings that a
   phone left behind linger for up to an hour, and two lists in turn must not make a state flutter.
3. Else, if another server than its own has it, that is so: NO_STATUS, with that reason.
4. A device without a server of its own is at home anywhere. The newest word counts; one that only repeats what the
   same server said before is not new.

A learned contact ends when its server's word ends it, never by a time: renewals are not told to us, so a server that
cannot be asked for an hour would cost every phone its contact. Nothing is written down unless something changed.

A contact over TCP or TLS can be pinged over the phone's own connection only, and that is the other server's. So the
registration is noted, and the contact is not pinged. Not here: how servers are asked (`daemon.integrations`).
"""

from __future__ import annotations

from daemon.fleet import homing
from daemon.fleet.alarms.catalogue import CONNECTOR_DOWN
from daemon.fleet.alarms.trouble import Trouble
from daemon.fleet.commands import Command, Decided
from daemon.fleet.consequences import follow, number, refresh_status, source_of
from daemon.fleet.device import Device
from daemon.fleet.events import (
    ConnectorFailed,
    ConnectorRecovered,
    ConnectorsConfigured,
    ContactsLearned,
    ContactsLost,
)
from daemon.fleet.learned import Word
from daemon.fleet.model import Contact, LearnedContact, Mac, Reachability
from daemon.fleet.parts import Parts
from daemon.fleet.reachability import Stimulus
from daemon.fleet.sip_events import static_contact
from daemon.fleet.store_commands import SaveState


def contacts_learned(parts: Parts, event: ContactsLearned, now: float) -> list[Command]:
    """A server has these contacts."""
    orders: list[Command] = []
    for learned in event.contacts:
        orders += _learned(parts, event.server, learned, now)
    return orders


def contacts_lost(parts: Parts, event: ContactsLost, now: float) -> list[Command]:
    """A server has these no longer."""
    orders: list[Command] = []
    for user, uri in event.users:
        word = parts.learned.word(event.server, user)
        if word is not None and uri in ("", word.contact.uri if word.contact else ""):
            parts.learned.forget(event.server, user)
            orders += _ended(parts, event.server, word.mac, now)
    return orders


def connector_failed(parts: Parts, event: ConnectorFailed, now: float) -> list[Command]:
    """A server has not been heard for long: an alarm. Its contacts stay as they are; we only know nothing new."""
    return parts.alarms.report(Trouble.of(CONNECTOR_DOWN, event.why[:100]), None, _source(event.server), now)


def connector_recovered(parts: Parts, event: ConnectorRecovered, now: float) -> list[Command]:
    """It is heard again."""
    return parts.alarms.clear(Trouble.of(CONNECTOR_DOWN).identity(_source(event.server)), now, None)


def connectors_configured(parts: Parts, event: ConnectorsConfigured, now: float) -> list[Command]:
    """These are the servers asked from now on: no alarm stays about another."""
    wanted = {_source(server) for server in event.servers}
    return parts.alarms.clear_others(CONNECTOR_DOWN, wanted, now)


def restore(parts: Parts, device: Device) -> None:
    """Note after a start what was learned before, so that a list which lacks it ends it."""
    contact, server = device.contact, device.registered_server
    if not device.number or not server:
        return
    if contact is not None and contact.learned:
        parts.learned.note(server, device.number, Word(device.mac, contact))
    elif not device.bindings and _foreign(device, server):
        parts.learned.note(server, device.number, Word(device.mac, None))


def _learned(parts: Parts, server: str, learned: LearnedContact, now: float) -> list[Command]:
    mac = parts.roster.mac_of_user(learned.user)
    device = parts.roster.device(mac) if mac else None
    if mac is None or device is None:
        return []
    before, contact = parts.learned.word(server, learned.user), learned.contact
    if before is not None and before.contact == contact == device.contact and device.registered_server == server:
        return []  # the everyday case: nothing new
    orders: list[Command] = []
    if before is not None and before.mac != mac:  # the number was given to another device meanwhile
        orders += _ended(parts, server, before.mac, now)
    parts.learned.note(server, learned.user, Word(mac, contact))
    if _first_hand(device, now):
        return orders
    if _foreign(device, server):
        return orders + _strayed(parts, device, server, now)
    repeated = before is not None and before.contact == contact
    if repeated and _held_by_another(parts, device, server):
        return orders
    return orders + _settled(parts, device, server, contact, now)


def _settled(parts: Parts, device: Device, server: str, contact: Contact, now: float) -> list[Command]:
    """The device is where it belongs, with this contact."""
    if contact.transport != "udp":
        return _out_of_reach(parts, device, server, contact.transport, now)
    if device.contact == contact and device.registered_server == server:
        return []
    device.ever_registered = True
    device.registered_server = server
    parts.roster.move(device, contact)
    parts.pinging.registered(device, now)
    decided = Decided("registration", "learned", device.mac)
    home = homing.settle(parts, device, source_of(device.mac), now)
    return [SaveState(device.state()), decided, *number(parts, device, now), *home]


def _out_of_reach(parts: Parts, device: Device, server: str, transport: str, now: float) -> list[Command]:
    """It is registered over a connection that is not ours."""
    reason = f"registered with {server} over {transport}, so only {server} can ping it"
    learned = device.contact is not None and device.contact.learned
    said = device.contact is not None or device.reachability_reason == reason
    if device.registered_server == server and said and not learned:
        return []
    device.registered_server = server
    orders = _leave(parts, device, now) if learned else []
    if device.contact is None and device.reachability in (Reachability.NO_STATUS, Reachability.UNKNOWN):
        device.reachability_reason = reason
    orders += homing.settle(parts, device, source_of(device.mac), now)
    return [*orders, SaveState(device.state()), Decided("registration", "learned, out of reach", device.mac)]


def _strayed(parts: Parts, device: Device, server: str, now: float) -> list[Command]:
    """It is registered with `server`, which is not its own; unless it is registered with its own as well."""
    if _at_home(parts, device) or (device.registered_server == server and device.contact is None):
        return []
    device.ever_registered = True
    device.registered_server = server
    parts.roster.move(device, None)
    moved = parts.pinging.strayed(device, now, f"{server} instead of {device.record.server}")
    decided = Decided("registration", "wrong server", device.mac)
    orders = [*follow(parts, device, moved, now), *homing.settle(parts, device, source_of(device.mac), now)]
    refresh_status(parts, device)
    return [*orders, SaveState(device.state()), decided]


def _ended(parts: Parts, server: str, mac: Mac, now: float) -> list[Command]:
    """What `server` had said of the device is over, unless it says the same of the number that it has now."""
    device = parts.roster.device(mac)
    if device is None or device.registered_server != server or parts.learned.word(server, device.number):
        return []
    learned = device.contact is not None and device.contact.learned
    if not learned and device.live_bindings(now):
        return []  # what counts is what it registered with our own listener
    device.registered_server = ""
    return _leave(parts, device, now)


def _leave(parts: Parts, device: Device, now: float) -> list[Command]:
    parts.roster.move(device, static_contact(device.record.contact))
    moved = parts.pinging.departed(device, Stimulus.ENDED_ELSEWHERE, now)
    return follow(parts, device, moved, now) or [SaveState(device.state()), *number(parts, device, now)]


def _first_hand(device: Device, now: float) -> bool:
    """Whether the device is reached at what it registered with our own listener; a stray is not."""
    registered = device.contact is not None and not device.contact.static and not device.contact.learned
    return registered and bool(device.live_bindings(now))


def _foreign(device: Device, server: str) -> bool:
    return device.record.server not in ("", server)


def _at_home(parts: Parts, device: Device) -> bool:
    """Whether the device's own server has it: it is reached at what that server said, or the server said so."""
    if device.contact is not None and device.contact.learned and not _foreign(device, device.registered_server):
        return True
    return parts.learned.word(device.record.server, device.number) is not None


def _held_by_another(parts: Parts, device: Device, server: str) -> bool:
    """Whether the contact in use is another server's, which still says so."""
    holder = device.registered_server
    return holder != server and parts.learned.word(holder, device.number) is not None


def _source(server: str) -> str:
    """What alarms about a connector name as their source."""
    return f"Connector/{server}"
