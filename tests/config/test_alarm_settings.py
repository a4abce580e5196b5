"""What the settings of alarms refuse."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from daemon.config.alarm_settings import SiteAlarm


def test_a_site_cannot_be_back_while_it_is_down() -> None:
    with pytest.raises(ValidationError, match="back must be below share"):
        SiteAlarm(share=0.3, back=0.3)
