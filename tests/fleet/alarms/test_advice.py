from __future__ import annotations

from daemon.fleet.alarms.advice import action_for
from daemon.fleet.alarms.catalogue import SITE_DOWN
from daemon.fleet.alarms.phone_kinds import REGISTER_FAILURE


def test_the_catalogues_know_what_to_do_about_their_own() -> None:
    assert action_for("siteDown") == SITE_DOWN.action
    assert action_for("IPPhoneRegisterFailure") == REGISTER_FAILURE.action


def test_of_what_a_phone_invents_nothing_is_known() -> None:
    assert not action_for("COFFEE EMPTY")
