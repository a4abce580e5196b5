"""Alarms that come and go: how often each was raised within `alarms.flap_window`, over all its lives.

Remembered in memory only, and no longer than the window: after a restart an alarm that is active begins with the
raises of the life it is in. Not here: what follows for its end (`book`).
"""

from __future__ import annotations

from collections.abc import Iterable

from daemon.config.alarm_settings import Alarms
from daemon.config.durations import format_duration
from daemon.fleet.notifications import Alarm

_SAYS = "flaps: "


class Flapping:
    """The latest raises of alarms, by id."""

    def __init__(self, alarms: Iterable[Alarm], settings: Alarms) -> None:
        self.settings = settings
        # In the order of the latest raise, so what is too old stands in front.
        self._raises: dict[str, tuple[float, ...]] = {}
        for alarm in sorted(alarms, key=lambda alarm: alarm.updated_at):
            if alarm.raises > 1:
                self._raises[alarm.id] = (alarm.updated_at,) * min(alarm.raises, settings.flap_limit + 1)

    def __len__(self) -> int:
        return len(self._raises)

    def raised(self, alarm_id: str, now: float) -> None:
        """An alarm was raised, or raised again before its end was true."""
        self._forget_old(now)
        before = self._raises.pop(alarm_id, ())
        self._raises[alarm_id] = (*before[-self.settings.flap_limit :], now)
        if len(self._raises) > self.settings.max_active:  # as by a phone that raises and ends ever new ones
            del self._raises[next(iter(self._raises))]

    def flaps(self, alarm_id: str, now: float) -> bool:
        """Whether it was raised more often than `flap_limit` within the window."""
        raises = self._raises.get(alarm_id, ())
        limit = self.settings.flap_limit
        return len(raises) > limit and raises[-limit - 1] > now - self.settings.flap_window

    def said(self, info: tuple[str, ...], alarm_id: str, now: float) -> tuple[str, ...]:
        """Additional information with a word about the flapping, if it flaps."""
        told = tuple(line for line in info if not line.startswith(_SAYS))
        if not self.flaps(alarm_id, now):
            return told
        window = format_duration(self.settings.flap_window)
        return (*told, f"{_SAYS}raised more than {self.settings.flap_limit} times within {window}")

    def _forget_old(self, now: float) -> None:
        oldest = now - self.settings.flap_window
        while self._raises:
            first = next(iter(self._raises))
            if self._raises[first][-1] > oldest:
                return
            del self._raises[first]
