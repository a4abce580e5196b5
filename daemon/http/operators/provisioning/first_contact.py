"""Routes by which operators see to a phone's first contact: a one-time token, another permanent secret.

A token is shown once, in the answer; what is kept is its hash. Opening the window is `devices`' business. Not here:
what a token opens (`daemon.provisioning.first_contact`).
"""

from __future__ import annotations

from secrets import randbelow
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from daemon.config.durations import parse_duration
from daemon.config.settings import Settings
from daemon.fleet.acts import SecretRenewed, TokenIssued
from daemon.http.operators.access import Actor
from daemon.http.operators.desk import AtDesk
from daemon.http.operators.devices import device_detail, kept, known_device
from daemon.http.operators.problems import Problem, ProblemFault
from daemon.http.operators.views import DeviceDetail
from daemon.provisioning.tokens import draw_token, token_hash, token_path
from daemon.provisioning.urls import own_url
from daemon.scheduler.timestamps import rfc3339

# A token that lies in a drawer for longer is one that nobody remembers.
LONGEST_LIFE = 30 * 86400.0

router = APIRouter(prefix="/devices/{mac}", tags=["devices"])


class TokenOrder(BaseModel):
    """For how long the token is good, as a duration such as 2d; by default `provisioning.token_lifetime`."""

    model_config = ConfigDict(extra="forbid")

    expires_in: Annotated[str, Field(max_length=40)] = ""


class IssuedToken(BaseModel):
    """The token, which is not shown again, and the URL by which the phone fetches its file with it.

    `url` is to be typed into the phone, shown as a QR code, or given by DHCP to this phone alone; "" where
    `provisioning.server` does not say how phones address us: then put `path` behind it yourself.
    """

    mac: str
    token: str
    expires_at: str
    url: str
    path: str


class Renewal(BaseModel):
    """Whether the window opens, in which the phone may fetch its new secret from its tenant's networks."""

    model_config = ConfigDict(extra="forbid")

    rearm: StrictBool = True


@router.post("/token", status_code=201)
async def issue_token(mac: str, order: TokenOrder, desk: AtDesk, caller: Actor) -> IssuedToken:
    """Make a one-time token for the first contact of this device; a former one is worth nothing any more."""
    device = known_device(desk, mac)
    lifetime = _lifetime(order, desk.settings())
    token = draw_token(randbelow)
    await kept(desk.deliver(TokenIssued(device.mac, token_hash(token), lifetime, caller.name)))
    base, path = own_url(desk.settings()), f"/{token_path(token, device.mac)}"
    url = base + path if base else ""
    expires_at = rfc3339(device.record.token_until)
    return IssuedToken(mac=device.mac, token=token, expires_at=expires_at, url=url, path=path)


@router.post("/renew-secret")
async def renew_secret(mac: str, renewal: Renewal, desk: AtDesk, caller: Actor) -> DeviceDetail:
    """Give the device another permanent secret; the former is worth nothing from this moment."""
    device = known_device(desk, mac)
    await kept(desk.deliver(SecretRenewed(device.mac, renewal.rearm, caller.name)))
    return await device_detail(desk, device)


def _lifetime(order: TokenOrder, settings: Settings) -> float:
    """Seconds."""
    if not order.expires_in:
        return settings.provisioning.token_lifetime
    try:
        seconds = parse_duration(order.expires_in)
    except ValueError as error:
        raise Problem(422, str(error), (ProblemFault(key="expires_in", wrong=str(error)),)) from None
    if not 0 < seconds <= LONGEST_LIFE:
        wrong = "not between 1ms and 30d"
        raise Problem(422, f"expires_in is {wrong}", (ProblemFault(key="expires_in", wrong=wrong),))
    return seconds
