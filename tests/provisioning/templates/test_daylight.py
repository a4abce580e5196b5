"""The lines of daylight saving."""

from __future__ import annotations

from daemon.provisioning.templates.daylight import DAYLIGHT_LINES


def test_mode_offset_and_both_dates_stand_in_it() -> None:
    keys = [line.key.removeprefix("system/daylight_saving/") for line in DAYLIGHT_LINES]
    assert keys[:3] == ["activate", "mode", "offset"]
    assert len(keys) == len(set(keys)) == 15
    assert {"start_date/day_of_week", "end_date/minute"} <= set(keys)
    assert DAYLIGHT_LINES[3].text == "system/daylight_saving/start_date/month=%ITCS_DayLightStartMonth%"
