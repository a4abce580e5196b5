"""What a phone's HTTP User-Agent says of it. Pure and total: what is not said is empty.

Every shape seen in public captures, one per firmware line:

    AUDC-IPPhone/2.2.8.61 (420HD-Rev1; 00908F4867AF)           generic SIP; the revision and the MAC may be missing
    AUDC-IPPhone-440HD_UC_3.0.4.123/1.0.0000.0                 Skype for Business
    AUDC/3.4.4.1000 AUDC-IPPhone-450HD_UC_3.4.4.1000/1         3.4.x
    Genesys /2.2.16 (420HDG-Rev2-AC494; 00908F4867AF)          a vendor's brand

The tests hold a row for each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from daemon.errors import BadMessage
from daemon.fleet.model import Mac, parse_mac

_MAX_LENGTH = 256  # characters looked at; the longest seen is under 80

_UC = re.compile(r"(?P<brand>[A-Za-z0-9]{1,32})-IPPhone-(?P<model>[A-Za-z0-9]{1,32})_UC_(?P<firmware>[\w.\-]{1,64})/")
_PARENTHESES = re.compile(
    r"(?P<brand>[A-Za-z0-9]{1,32})(?:-IPPhone)? ?/ ?(?P<firmware>[\w.\-]{1,64})"
    r" ?\((?P<model>[A-Za-z0-9]{1,32})(?:-[\w\-]{1,64})?(?: ?; ?(?P<mac>[0-9A-Fa-f:.\-]{12,17}))? ?\)"
)
_BARE = re.compile(r"(?P<brand>[A-Za-z0-9]{1,32})(?:-IPPhone)? ?/ ?(?P<firmware>[\w.\-]{1,64})")


@dataclass(frozen=True, slots=True)
class UserAgent:
    """A phone by its own account; "" or None for what it does not say."""

    brand: str = ""
    model: str = ""
    firmware: str = ""
    mac: Mac | None = None


def parse_user_agent(text: str) -> UserAgent:
    """Header value -> what it says; an empty `UserAgent` for anything that is no phone's."""
    text = text[:_MAX_LENGTH].strip()
    if found := _UC.search(text):
        return UserAgent(found["brand"], found["model"].upper(), found["firmware"])
    if found := _PARENTHESES.match(text):
        return UserAgent(found["brand"], found["model"].upper(), found["firmware"], _mac(found["mac"] or ""))
    if found := _BARE.match(text):
        return UserAgent(found["brand"], "", found["firmware"])
    return UserAgent()


def _mac(text: str) -> Mac | None:
    try:
        return parse_mac(text)
    except BadMessage:
        return None
