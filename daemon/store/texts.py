"""What stands in one column as JSON: contacts and bindings, of which a device has a varying number.

Short forms, because 30,000 of them are read before the daemon is ready: what is as usual is left out. Not here: the
rows they are in (`rows`).
"""

from __future__ import annotations

import json
from sys import intern
from typing import Any

from daemon.fleet.model import Binding, Contact

compact = json.JSONEncoder(separators=(",", ":")).encode
"""A value as JSON without spaces."""

_decode = json.JSONDecoder().raw_decode


def parsed(text: str) -> Any:
    """Past `json.loads`, whose looking around the text costs as much as parsing a contact."""
    return _decode(text)[0]


def contact_text(contact: Contact | None) -> str | None:
    """A contact, or none."""
    return None if contact is None else compact(_contact_values(contact))


def contact_of(text: str | None) -> Contact | None:
    """The contact of a text."""
    return None if text is None else _contact(parsed(text))


def bindings_text(bindings: tuple[Binding, ...]) -> str:
    """Nothing for none, and for most phones one."""
    return compact([_binding_values(binding) for binding in bindings]) if bindings else ""


def bindings_of(text: str) -> tuple[Binding, ...]:
    """The bindings of a text."""
    return tuple(map(_binding, parsed(text))) if text else ()


def _contact_values(contact: Contact) -> list[Any]:
    """Without transport and route where they are the usual ones, and without a listener where there is none."""
    values = [contact.uri, contact.host, contact.port, contact.expires_at]
    if contact.transport != "udp" or contact.route:
        values += [contact.transport, contact.route]
    return [*values, contact.listener] if contact.listener else values


def _contact(values: list[Any]) -> Contact:
    uri, host, port, expires_at, *others = values
    listener = intern(others.pop()) if len(others) % 2 else ""  # one text for all who registered there
    transport, route = others or ("udp", ())
    return Contact(uri, host, port, expires_at, transport, tuple(route), listener)


def _binding_values(binding: Binding) -> list[Any]:
    of_request = [_contact_values(binding.contact), binding.call_id, binding.cseq, binding.q]
    return [*of_request, binding.instance, binding.reg_id] if binding.instance or binding.reg_id else of_request


def _binding(values: list[Any]) -> Binding:
    contact, *others = values
    return Binding(_contact(contact), *others)
