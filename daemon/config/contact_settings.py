"""The settings of first contact: what counts as proof, how phones may log in, and when somebody is taken for a guesser.

Not here: the rest of provisioning (`settings`), what the rungs mean (`daemon.provisioning.first_contact`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from daemon.config.block import DAY, MINUTE, Block
from daemon.config.durations import Duration

RungName = Literal["secret", "login", "certificate", "token", "window", "addresses"]
LoginScheme = Literal["SHA-256", "MD5", "Basic"]


class Guesses(Block):
    """When one address is slowed: so many different guesses within the window. Who proves itself never is."""

    window: Annotated[Duration, Field(ge=MINUTE, le=DAY)] = 10 * MINUTE
    # MACs that nobody defined. A site of 250 phones behind one NAT is rolled out at once, and somebody mistypes a list.
    unknown_phones: Annotated[int, Field(ge=1, le=10_000)] = 300
    # Wrong secrets, tokens, logins and certificates. A phone that lost its way shows the same one again, which is one.
    wrong_proofs: Annotated[int, Field(ge=1, le=10_000)] = 30
    # Unproved requests of a slowed address that are still looked at: a phone that asks every few minutes has its turn,
    # and the MACs of one maker, 16.7 million, take five years.
    judged_per_minute: Annotated[int, Field(ge=1, le=1000)] = 6
