"""The models that phones have, and the firmware each of them finds here. Pure.

A model without firmware is not an error, since its phones run what they came with; but they ask at every start, and an
operator wants to know. Not here: storing firmware, which version a phone runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from daemon.fleet.device import Device
from daemon.fleet.records import StoredFile
from daemon.provisioning.image import firmware_of
from daemon.provisioning.user_agent import model_named


@dataclass(frozen=True, slots=True)
class ModelFirmware:
    """A model, how many phones it has, and the file they are given, "" if none.

    `missing`: some of them have no file, neither their model's nor one that was chosen for them.
    """

    model: str
    devices: int
    firmware: str
    missing: bool


def models(
    devices: Iterable[Device], stored: Mapping[str, StoredFile], loose: Collection[str]
) -> tuple[ModelFirmware, ...]:
    """Every model that an approved phone has, by name; `loose` are the names of files in the folder."""
    approved = (device for device in devices if device.record.approved)  # anybody can invent the others
    phones = Counter((device.model, device.record.firmware) for device in approved)
    counts: Counter[str] = Counter()
    unserved: Counter[str] = Counter()
    for (written, chosen), count in phones.items():
        model = model_named(written)
        counts[model] += count
        if chosen not in stored and chosen not in loose:
            unserved[model] += count
    found = {model: firmware_of(model, stored.values(), loose) for model in counts if model}
    return tuple(
        ModelFirmware(model, counts[model], found[model], not found[model] and unserved[model] > 0)
        for model in sorted(found)
    )
