"""What a person may be shown of a packet: credentials masked, control characters spelt out, cut at a length.

It works on the text as it came, not on a parsed message, because the packets worth looking at are the ones that will
not parse. A masked digest cannot be tried against a dictionary: that takes the response, of which nothing is left; the
nonce stays, since most faults of digest are faults of nonces. Not here: keeping anything (`trace`).
"""

from __future__ import annotations

import re

MASK = "***"
# Some ten times the longest REGISTER or PUBLISH of a phone; a flood of the largest datagrams is cut to a quarter.
MAX_TEXT = 16 * 1024

# A header that carries credentials (RFC 3261 sections 20.7 and 20.28) with its continuation lines.
_CREDENTIALS = re.compile(r"(?im)^((?:proxy-)?authorization[ \t]*:[ \t]*)((?:[^\n]|\n[ \t])*)")
_DIGEST = re.compile(r"digest\s", re.IGNORECASE)
_PROOF = re.compile(r"""\b(response|cnonce)(\s*=\s*)(?:"(?:[^"\\]|\\.)*"?|[^\s,"]*)""", re.IGNORECASE | re.DOTALL)
# The password form of userinfo (section 19.1.1). Bounded, so that a line of nothing but "sip:" costs no more.
_USERINFO = re.compile(r"(sips?:[^@:;<>\s\"]{1,128}):[^@;<>\s\"]{1,128}@", re.IGNORECASE)


def legible(packet: bytes) -> str:
    """A packet as lines of text that may be shown, sent and printed; what was cut off is counted at its end."""
    # Masked before it is cut, or half a password could stand at the end.
    text = _spelt_out(masked(packet.decode("utf-8", "backslashreplace").replace("\r\n", "\n")))
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[:MAX_TEXT]}\n[{len(text) - MAX_TEXT} characters more]"


def masked(text: str) -> str:
    """The same text without digest responses, cnonces, other kinds of credentials, and passwords in URIs."""
    return _USERINFO.sub(rf"\1:{MASK}@", _CREDENTIALS.sub(_without_proof, text))


def _without_proof(header: re.Match[str]) -> str:
    name, value = header.groups()
    return name + (_PROOF.sub(rf'\1\2"{MASK}"', value) if _DIGEST.match(value) else MASK)


def _spelt_out(text: str) -> str:
    """Nothing that a terminal would obey: a packet may hold escape sequences meant for whoever looks at it."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(char if char in "\n\t" or char.isprintable() else ascii(char)[1:-1] for char in text)
