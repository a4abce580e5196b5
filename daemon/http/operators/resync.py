"""The route by which operators have a phone fetch its configuration now, or restart, by SIP."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from daemon.fleet.acts import ResyncAsked
from daemon.http.operators.access import Actor
from daemon.http.operators.contact_views import ContactView, contact_view
from daemon.http.operators.desk import AtDesk
from daemon.http.operators.devices import kept, known_device

router = APIRouter(prefix="/devices/{mac}/resync", tags=["devices"])


class ResyncOrder(BaseModel):
    """Whether the phone is to restart as well."""

    model_config = ConfigDict(extra="forbid")

    reboot: bool = False


class ResyncUnderWay(BaseModel):
    """Where the check-sync goes. What becomes of it stands on the device's timeline, two minutes later at most."""

    mac: str
    reboot: bool
    contact: ContactView | None


@router.post("", status_code=202)
async def resync_device(mac: str, order: ResyncOrder, desk: AtDesk, caller: Actor) -> ResyncUnderWay:
    """Send the phone a check-sync; 409 if there is no contact to send it to."""
    device = known_device(desk, mac)
    await kept(desk.deliver(ResyncAsked(device.mac, order.reboot, caller.name)))
    contact = contact_view(device.contact) if device.contact else None
    return ResyncUnderWay(mac=device.mac, reboot=order.reboot, contact=contact)
