"""The terms of a licence as they are written."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from daemon.config.licence_settings import Licence
from daemon.config.loader import load_settings


def test_dates_are_written_as_everybody_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "ringkeeper.yml"
    path.write_text("licence: {devices: 500, tenants: {acme: 20}, starts: 2026-01-01, expires: 2026-12-31}\n")
    assert load_settings(path).licence == Licence(
        devices=500, tenants={"acme": 20}, starts=date(2026, 1, 1), expires=date(2026, 12, 31)
    )


def test_an_end_needs_a_beginning_before_it() -> None:
    with pytest.raises(ValidationError, match="expires needs starts"):
        Licence(expires=date(2026, 12, 31))
    with pytest.raises(ValidationError, match="expires lies before starts"):
        Licence(starts=date(2026, 12, 31), expires=date(2026, 1, 1))
