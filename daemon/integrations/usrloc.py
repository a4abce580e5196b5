"""Kamailio's `ul.dump` as text -> sightings, piece by piece as it arrives (30,000 contacts are some 27 MB of JSON).

The reply holds an array named AoRs per table; each of its elements is read as soon as it is whole, so neither the
text nor the tree of a big dump is ever in memory, and no step takes long. What is in the elements, seen with 5.6.3:
`{"Info": {"AoR": "2041", "Contacts": [{"Contact": {"Address": …, "Expires": 3600 | "permanent" | "deleted" |
"expired", "Received": … | "[not set]", "Path": …, "Last-Modified": …}}]}}`. Not here: HTTP.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from daemon.errors import BadMessage
from daemon.integrations.sightings import Sighting

_UNSET = "[not set]"
_GONE = frozenset({"deleted", "expired"})
_AORS = re.compile(r'"AoRs"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder()

# One address of record: registrar's max_contacts is 32 where it is set at all, and a contact takes about 900 bytes.
LONGEST_ELEMENT = 256 * 1024
# What stands around the arrays: the reply's head, or all of a reply that is an error.
_LONGEST_HEAD = 4096
_LONGEST_BEGINNING = 64  # of an array: its name, a colon, a bracket, and blanks between them


class DumpReader:
    """Reads one reply. `feed` text, take sightings; `end` when there is no more. Total: a value or `BadMessage`.

    An element that is not whole is read again with the next piece, so pieces should be some 64 KiB.
    """

    def __init__(self, domain: str = "") -> None:
        self.skipped: Counter[str] = Counter()
        self._domain = domain
        self._text = ""
        self._head = ""  # the beginning of the reply, to tell an error by
        self._inside = False
        self._arrays = 0

    def feed(self, text: str) -> list[Sighting]:
        """The contacts that `text` completes; `BadMessage` ("json" or "element-too-long") ends the reading."""
        self._text += text
        if not self._arrays:
            self._head = (self._head + text)[:_LONGEST_HEAD]
        found: list[Sighting] = []
        at = 0
        while (after := self._step(at, found)) is not None:
            at = after
        # Of what lies between two arrays only as much is kept as may be the beginning of the next one.
        self._text = self._text[at:] if self._inside else self._text[at:][-_LONGEST_BEGINNING:]
        if len(self._text) > LONGEST_ELEMENT:
            raise BadMessage("element-too-long", f"an address of record of more than {LONGEST_ELEMENT} characters")
        return found

    def end(self) -> None:
        """The reply is over: `BadMessage` ("rpc", with Kamailio's words, or "json") unless it was a whole dump."""
        if self._arrays and not self._inside and self._text.rstrip().endswith("}"):
            return
        try:
            reply = json.loads(self._head)
        except (ValueError, RecursionError):
            raise BadMessage("json", "the reply is no dump, or not the whole of one") from None
        error = reply.get("error") if isinstance(reply, dict) else None
        said = error.get("message") if isinstance(error, dict) else None
        if said is None and _is_empty(reply):
            return
        raise BadMessage("rpc", str(said or "a reply without an array of addresses of record")[:200])

    def _step(self, at: int, found: list[Sighting]) -> int | None:
        """Read one thing from `at` on; where the next one begins, None if this one is not whole yet."""
        if not self._inside:
            begins = _AORS.search(self._text, at)
            if begins is None:
                return None
            self._inside = True
            self._arrays += 1
            return begins.end()
        between = _BETWEEN.match(self._text, at)
        at = between.end() if between else at
        if at == len(self._text):
            return None
        if self._text[at] == "]":
            self._inside = False
            return at + 1
        return self._element(at, found)

    def _element(self, at: int, found: list[Sighting]) -> int | None:
        if self._text[at] != "{":
            raise BadMessage("json", f"not an address of record: {self._text[at : at + 40]!r}")
        try:
            element, end = _DECODER.raw_decode(self._text, at)
        except RecursionError:
            raise BadMessage("json", "nested too deeply") from None
        except ValueError:
            return None
        found += self._contacts(element)
        return end

    def _contacts(self, element: Any) -> list[Sighting]:
        info = element.get("Info") if isinstance(element, dict) else None
        aor = info.get("AoR") if isinstance(info, dict) else None
        contacts = info.get("Contacts") if isinstance(info, dict) else None
        if not isinstance(aor, str) or not isinstance(contacts, list):
            self.skipped["shape"] += 1
            return []
        user, _, domain = aor.partition("@")  # with use_domain=1 an AoR has one
        if self._domain and domain and domain.lower() != self._domain.lower():
            self.skipped["domain"] += len(contacts)
            return []
        return [seen for contact in contacts if (seen := self._contact(user, contact)) is not None]

    def _contact(self, user: str, wrapped: Any) -> Sighting | None:
        said = wrapped.get("Contact") if isinstance(wrapped, dict) else None
        if not isinstance(said, dict) or not isinstance(said.get("Address"), str):
            self.skipped["shape"] += 1
            return None
        if said.get("Expires") in _GONE:
            self.skipped["expired"] += 1
            return None
        return Sighting(
            user=user,
            uri=said["Address"],
            received=_text(said, "Received"),
            path=_text(said, "Path"),
            freshness=_number(said, "Last-Modified"),
        )


def _text(said: dict[str, Any], key: str) -> str:
    value = said.get(key)
    return value if isinstance(value, str) and value != _UNSET else ""


def _number(said: dict[str, Any], key: str) -> float:
    value = said.get(key)
    return float(value) if isinstance(value, int) and abs(value) < 2**63 else 0.0


def _is_empty(reply: Any) -> bool:
    """Whether this is the dump of a server without any table, which some versions write without an array."""
    result = reply.get("result") if isinstance(reply, dict) else None
    return isinstance(result, dict) and result.get("Domains") == []
