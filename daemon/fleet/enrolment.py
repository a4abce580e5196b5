"""What the entries of an operator's inventory make of what there is: a short one changes only the fields it names.

Not here: whether an inventory can be taken at all (`inventory_check`), taking it (`inventory_events`).
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from daemon.fleet.model import DeviceRecord, Placeholders
from daemon.fleet.records import LAID_OVER, User
from daemon.fleet.roster import Roster
from daemon.provisioning.placeholders.lookup import looks_secret

_APPROVED = frozenset({"approved"})


def merge(entry: DeviceRecord, written: frozenset[str], roster: Roster) -> DeviceRecord:
    """One device as it will be; a new one takes from its user what the entry does not say."""
    device = roster.device(entry.mac)
    if device is None:
        return _adopted(entry, written, roster.users.get(f"{entry.tenant}/{entry.user}")) if entry.user else entry
    known = device.record
    if not known.approved:  # listing a phone that waits approves it, unless the entry says otherwise
        written |= _APPROVED
    changes = {name: getattr(entry, name) for name in written if name != LAID_OVER}
    if LAID_OVER in written:
        changes["placeholders"] = MappingProxyType({**known.placeholders, **entry.placeholders})
    elif "placeholders" in written:
        changes["placeholders"] = with_secrets(entry.placeholders, known.placeholders)
    same = all(getattr(known, name) == value for name, value in changes.items())
    return known if same else replace(known, **changes)


def with_secrets(written: Placeholders, known: Placeholders) -> Placeholders:
    """What is written, and the secrets it says nothing of: an export without secrets is imported without losing any."""
    kept = {name: text for name, text in known.items() if looks_secret(name) and name not in written}
    return MappingProxyType({**written, **kept}) if kept else written


def merge_user(entry: User, written: frozenset[str] | None, roster: Roster) -> User:
    """A user as they will be; None written: every field."""
    known = roster.users.get(entry.key)
    if known is None or written is None:
        return entry
    changes = {name: getattr(entry, name) for name in written}
    same = all(getattr(known, name) == value for name, value in changes.items())
    return known if same else replace(known, **changes)


def _adopted(entry: DeviceRecord, written: frozenset[str], user: User | None) -> DeviceRecord:
    """A number is not taken this way: it can be only one phone's."""
    if user is None:
        return entry
    unsaid = {"display_name", "sip_password"} - written
    taken = {name: getattr(user, name) for name in unsaid if not getattr(entry, name)}
    return replace(entry, **taken) if taken else entry
