from __future__ import annotations

import pytest
from pydantic import ValidationError

from daemon.config.file_settings import Files


def test_a_file_of_full_size_fits_into_the_quota() -> None:
    assert Files().max_size < Files().quota


def test_a_quota_below_a_mebibyte_is_a_slip() -> None:
    with pytest.raises(ValidationError):
        Files(quota=1000)
