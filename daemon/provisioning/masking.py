"""A configuration file for eyes that are not the phone's: passwords, secrets and the like replaced by asterisks. Pure.

Not here: which placeholders are secret (`placeholders.lookup`), the masking of SIP messages (`daemon.sip.masking`).
"""

from __future__ import annotations

import re

from daemon.provisioning.placeholders.lookup import looks_secret

MASK = "********"
_LINE = re.compile(r"(?P<key>[^=;\s][^=\n]{0,255}?)(?P<equals>[ \t]*=[ \t]*)(?P<value>[^\r\n]+)")
_ATTRIBUTE = re.compile(r"(?P<key>[\w.\-]{1,256})(?P<equals>[ \t]*=[ \t]*)\"(?P<value>[^\"\n]*)\"")
_SECRET_IN_PATH = re.compile(r"/k/[A-Za-z0-9_\-]{8,}/")  # a phone's permanent secret in the URLs it is given


def masked(text: str) -> str:
    """The same text without what nobody should read over a shoulder."""
    lines = (_masked_line(line) for line in text.split("\n"))
    return _SECRET_IN_PATH.sub(f"/k/{MASK}/", "\n".join(lines))


def _masked_line(line: str) -> str:
    line = _ATTRIBUTE.sub(_attribute, line)
    found = _LINE.match(line)
    if found is None or not looks_secret(found["key"]) or line.lstrip().startswith("<"):
        return line
    return f"{found['key']}{found['equals']}{MASK}"


def _attribute(found: re.Match[str]) -> str:
    return f'{found["key"]}{found["equals"]}"{MASK}"' if looks_secret(found["key"]) else found[0]
