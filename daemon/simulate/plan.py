"""The whole fleet written down before it starts: who stands where, with which character, and when sites lose power.

A plan is a pure function of its arguments: the same size and seed give the same fleet on every machine. Not here:
anything that happens (`phone`, `fleet`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from daemon.simulate.characters import Character, Script, cast, script_of
from daemon.simulate.places import Place, places_for
from daemon.simulate.spell import Spell

VENDOR_PREFIX = "00908f"  # AudioCodes' block of MAC addresses
FIRST_NUMBER = 2001

# Models and the firmware lines they run (AudioCodes' release notes name 2.2.x and 3.x for them).
_MODELS = (
    ("405HD", "2.2.16.416"),
    ("420HD", "2.2.16.416"),
    ("440HD", "2.2.16.416"),
    ("450HD", "3.4.8.808"),
    ("C450HD", "3.4.8.808"),
    ("445HD", "3.4.6.604"),
)
# When phones arrive that nobody knows: the first, and each after the one before.
NEWCOMER_AT, NEWCOMER_EVERY = 6.0, 6.0
# The site whose uplink is overbooked, and when.
POOR_SITE, POOR_LINE = "workshop", Spell(at=10, lasts=120, every=480)
_FIRST_NAMES = ("Ada", "Ben", "Clara", "David", "Edith", "Frank", "Grace", "Hugo", "Iris", "Jonas", "Kira", "Leo")
_LAST_NAMES = ("Abel", "Brook", "Carter", "Dunn", "Ellis", "Ford", "Gray", "Hill", "Irwin", "Jones", "King", "Lane")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a phone is. `address` is its own loopback address; the SIP user is the number."""

    mac: str
    model: str
    firmware: str
    number: str
    user: str
    display_name: str
    tenant: str
    site: str
    address: str
    sip_password: str
    transport: str = "udp"  # or "tcp": it registers over a connection and is reached over that very one

    @property
    def user_agent(self) -> str:
        """What it calls itself over HTTP."""
        return f"AUDC-IPPhone/{self.firmware} ({self.model}-Rev0; {self.mac.upper()})"


@dataclass(frozen=True, slots=True)
class PlannedPhone:
    """One phone of the plan; `boot_at` counts in seconds from the start of the fleet."""

    identity: Identity
    character: Character
    script: Script
    boot_at: float
    seed: str
    poor_line: Spell | None = None  # when its calls sound bad


@dataclass(frozen=True, slots=True)
class Outage:
    """A site loses power at `at` seconds from the start, and has it again `lasts` seconds later."""

    site: str
    at: float
    lasts: float


@dataclass(frozen=True, slots=True)
class Tempo:
    """The phones' own timers, in seconds. Those of the scripts stand in `characters`."""

    # None: as the file says (`ems_server/keep_alive_period`, whole minutes, too slow for a demo).
    keep_alive_period: float | None = None
    register_expires: int = 120  # what a phone asks for; the daemon may grant less
    reconnect: float = 3.0  # after a TCP connection was lost, give or take a half
    register_retry: float = 15.0  # after a refusal; `registration_failed_timeout` is 60 on a real phone
    late_by: tuple[float, float] = (0.5, 1.1)  # how late a slow phone answers
    power_up: float = 3.0  # longest pause between power and the first request
    boots_per_second: float = 50.0  # at the start; more would show nothing sooner and make the picture jump
    script_pace: float = 1.0  # scripts, outages and poor lines run this many times slower; tests hurry
    call_every: float = math.inf  # between two calls of a phone, each of which it reports; infinity: it makes none
    # A share of that is how long a call lasts.
    call_share: tuple[float, float] = (0.1, 0.5)
    # Between two speed dials that somebody programs into a phone, which it tells us of; infinity: nobody does.
    speed_dial_every: float = math.inf


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """Everything that will happen, unless somebody interferes."""

    phones: tuple[PlannedPhone, ...]
    places: tuple[Place, ...]
    outages: tuple[Outage, ...]
    tempo: Tempo


def plan_fleet(
    phones: int = 200,
    seed: int = 1,
    *,
    characters: Sequence[Character] | None = None,
    outages: Sequence[Outage] | None = None,
    tempo: Tempo | None = None,
    tcp_share: float = 0.0,
    newcomers: int = 0,
) -> FleetPlan:
    """A fleet of `phones` phones; `characters` (one per phone) and `outages` replace what the seed would choose.

    So many `newcomers` come on top. `tcp_share` (0 to 1) of the phones register over TCP, and if there is any, all
    those that get cut off.
    """
    places = places_for(phones + newcomers)
    chosen = cast(phones, seed) if characters is None else characters
    if len(chosen) != phones:
        raise ValueError(f"{len(chosen)} characters for {phones} phones")
    pace = tempo or Tempo()
    spread = phones / pace.boots_per_second
    planned = tuple(_planned(index, seed, places, chosen[index], spread, tcp_share) for index in range(phones))
    planned += tuple(_newcomer(phones, which, seed, places) for which in range(newcomers))
    planned_outages = (Outage("warehouse", at=60.0, lasts=50.0),) if outages is None else tuple(outages)
    return FleetPlan(planned, places, planned_outages, pace)


def _planned(  # noqa: PLR0917 - the plan's arguments and which phone
    index: int, seed: int, places: Sequence[Place], character: Character, spread: float, tcp_share: float
) -> PlannedPhone:
    key = f"{seed}:{index}"
    rng = Random(key)
    seat, site = divmod(index, len(places))
    identity = _identity(index, places[site], seat, rng)
    script, boot_at = script_of(character, rng), rng.uniform(0.0, spread)
    if rng.random() < tcp_share or (tcp_share and character is Character.CUT_OFF):
        identity = replace(identity, transport="tcp")
    return PlannedPhone(
        identity, character, script, boot_at, key, poor_line=POOR_LINE if identity.site == POOR_SITE else None
    )


def _newcomer(phones: int, which: int, seed: int, places: Sequence[Place]) -> PlannedPhone:
    """A phone that has no user, no number and no password until somebody gives it some."""
    planned = _planned(phones + which, seed, places, Character.NEWCOMER, 0.0, 0.0)
    nobodys = replace(planned.identity, number="", user="", display_name="", sip_password="")
    return replace(planned, identity=nobodys, boot_at=NEWCOMER_AT + which * NEWCOMER_EVERY)


def _identity(index: int, place: Place, seat: int, rng: Random) -> Identity:
    model, firmware = rng.choice(_MODELS)
    first, last = rng.choice(_FIRST_NAMES), rng.choice(_LAST_NAMES)
    number = str(FIRST_NUMBER + index)
    return Identity(
        mac=f"{VENDOR_PREFIX}{index:06x}",
        model=model,
        firmware=firmware,
        number=number,
        user=f"{first}.{last}.{number}".lower(),
        display_name=f"{first} {last}",
        tenant=place.tenant,
        site=place.site,
        address=place.address(seat),
        sip_password=f"{rng.getrandbits(64):016x}",
    )
