from __future__ import annotations

from importlib.resources import files

import pytest

from daemon.fleet.model import Presence, Reachability, Status
from daemon.http.operators.pages.tones import tone


@pytest.mark.parametrize("value", [*Reachability, *Presence, *Status])
def test_every_state_has_a_tone_that_the_style_gives_a_shape(value: str) -> None:
    style = (files("daemon.http.operators.pages") / "style.css").read_text()

    assert f".{tone(value)} {{ --tone:" in style
    assert "--shape" in style


def test_what_nobody_knows_has_no_tone() -> None:
    assert tone("whatever") == "none"
