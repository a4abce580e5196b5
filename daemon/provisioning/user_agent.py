"""What a phone's HTTP User-Agent says of it, whoever made it. Pure and total: what is not said is empty.

The shapes stand in the vendors' modules (`daemon.provisioning.vendors`).
"""

from __future__ import annotations

import re

from daemon.provisioning.vendors.registry import speaker
from daemon.provisioning.vendors.vendor import UserAgent

__all__ = ["UNKNOWN_MODEL", "UserAgent", "model_named", "parse_user_agent"]

# Stands in file names where a phone does not say what it is.
UNKNOWN_MODEL = "GENERIC"
_MODEL = re.compile(r"[A-Za-z0-9]{2,16}\Z")


def parse_user_agent(text: str) -> UserAgent:
    """Header value -> what it says; an empty `UserAgent` for anything that is no phone's."""
    return speaker(text)[1]


def model_named(text: str) -> str:
    """A model as somebody wrote it, in capitals if it is fit for file names (420HD, C470HD); "" otherwise."""
    return text.upper() if _MODEL.match(text) else ""
