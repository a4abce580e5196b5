"""The lines of daylight saving, which go in where a template has its first marker.

All of them, whatever they are worth: a phone ignores those that its mode does not need, and a site that saves daylight
differently from its tenant says so line by line. Not here: the values (`placeholders.known`).
"""

from __future__ import annotations

from daemon.provisioning.templates.template import Line

_PARTS = (
    ("month", "Month"),
    ("day", "Day"),
    ("week", "Week"),
    ("day_of_week", "WeekDay"),
    ("hour", "Hour"),
    ("minute", "Minute"),
)
_SETTINGS = (
    ("activate", "Activate"),
    ("mode", "Mode"),
    ("offset", "Offset"),
    *((f"start_date/{key}", f"Start{name}") for key, name in _PARTS),
    *((f"end_date/{key}", f"End{name}") for key, name in _PARTS),
)

DAYLIGHT_LINES = tuple(
    Line(number, f"system/daylight_saving/{key}=%ITCS_DayLight{name}%", "daylight saving")
    for number, (key, name) in enumerate(_SETTINGS, start=1)
)
"""As template lines, their placeholders still to be filled in."""
