from __future__ import annotations

import pytest
from pydantic import ValidationError

from daemon.config.block import Block, Port, Positive


class Sample(Block):
    port: Port = 1
    pause: Positive = 1.0


@pytest.mark.parametrize("values", [{"port": 0}, {"port": 65536}, {"pause": "0s"}, {"colour": "red"}])
def test_nonsense_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Sample.model_validate(values)


def test_durations_are_seconds() -> None:
    assert Sample.model_validate({"pause": "1m30s"}).pause == 90.0
