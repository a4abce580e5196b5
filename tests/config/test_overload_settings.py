"""What the settings of our own overload refuse."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from daemon.config.overload_settings import Overload


@pytest.mark.parametrize("sign", ["late_turns", "turned_away", "pending"])
def test_a_limit_to_leave_lies_below_the_one_to_enter(sign: str) -> None:
    limit = getattr(Overload(), sign)
    with pytest.raises(ValidationError, match=f"{sign}_clear must be below {sign}"):
        Overload.model_validate({f"{sign}_clear": limit * 0.999999, sign: limit * 0.999999})
