from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError

from daemon.config.contact_settings import Guesses, LoginScheme, RungName
from daemon.config.settings import Provisioning
from daemon.http.phones.guessers import MAX_GUESSES
from daemon.provisioning.first_contact import Rung


def test_every_rung_can_be_written() -> None:
    assert set(get_args(RungName)) == set(Rung)
    assert set(get_args(LoginScheme)) == {"SHA-256", "MD5", "Basic"}


def test_by_default_no_rung_is_reached_by_where_a_phone_is_alone_without_an_operators_act() -> None:
    assert not {"addresses", "login"} & set(Provisioning().rungs)


def test_a_site_that_is_rolled_out_behind_one_address_is_not_taken_for_a_guesser() -> None:
    assert Guesses().unknown_phones > Provisioning().max_unapproved_per_source


def test_many_addresses_at_their_limits_fit_into_memory() -> None:
    limits = Guesses()
    assert MAX_GUESSES // (limits.unknown_phones + limits.wrong_proofs) >= 300


@pytest.mark.parametrize(
    "written", [{"rungs": []}, {"rungs": ["mac"]}, {"logins": ["none"]}, {"token_lifetime": "31d"}]
)
def test_what_makes_no_sense_is_refused(written: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Provisioning.model_validate(written)
