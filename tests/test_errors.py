from __future__ import annotations

import pytest

from daemon.errors import BadMessage, ConfigError, Fault, Refused, RingkeeperError, StoreUnavailable


def test_a_fault_reads_like_a_compilers_so_that_an_editor_can_jump_to_it() -> None:
    assert str(Fault("a.yml", 3, "qualify.misses", "is 0", "1 to 20")) == "a.yml:3 qualify.misses: is 0 (1 to 20)"
    assert str(Fault("a.yml", 3, "qualify.misses", "is 0")) == "a.yml:3 qualify.misses: is 0"


def test_a_configuration_error_tells_every_fault_on_its_own_line() -> None:
    error = ConfigError([Fault("a.yml", 1, "x", "unknown key"), Fault("b.yml", 2, "y", "unknown key")])
    assert str(error).splitlines() == ["a.yml:1 x: unknown key", "b.yml:2 y: unknown key"]


def test_a_bad_message_knows_its_counter_and_its_answer() -> None:
    error = BadMessage("cseq", "no number", 400)
    assert (str(error), error.reason, error.status) == ("cseq: no number", "cseq", 400)
    assert str(BadMessage("cseq")) == "cseq"


@pytest.mark.parametrize("error", [BadMessage("x"), StoreUnavailable("x"), Refused("x", "y"), ConfigError([])])
def test_whoever_catches_our_error_catches_them_all(error: Exception) -> None:
    assert isinstance(error, RingkeeperError)
