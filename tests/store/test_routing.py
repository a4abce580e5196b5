"""Who hears of what: by tenant, severity and name, and a clear goes where its raise went."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from daemon.config.route_settings import Route
from daemon.fleet.notifications import Alarm, Severity
from daemon.store.routing import Routed, known_to, routed, worst
from tests.support import nouns
from tests.support.notifications import an_alarm


@given(nouns.alarms)
def test_a_route_that_chooses_nothing_gets_everything(alarm: Alarm) -> None:
    assert routed(Route(), alarm) is Routed.QUEUED


@pytest.mark.parametrize(
    ("tenant", "reason"), [("acme", Routed.QUEUED), ("globex", Routed.TENANT), ("", Routed.TENANT)]
)
def test_a_tenants_receiver_gets_what_is_that_tenants_and_nothing_else(tenant: str, reason: Routed) -> None:
    assert routed(Route(tenants=("acme",)), an_alarm(tenant=tenant)) is reason


@pytest.mark.parametrize(
    ("severity", "reason"),
    [(Severity.CRITICAL, Routed.QUEUED), (Severity.MAJOR, Routed.QUEUED), (Severity.MINOR, Routed.SEVERITY)],
)
def test_below_its_minimum_a_receiver_hears_nothing(severity: Severity, reason: Routed) -> None:
    assert routed(Route(minimum="major"), an_alarm(severity=severity)) is reason


def test_changes_and_the_clear_go_where_the_raise_went_for_they_count_by_the_worst() -> None:
    better = replace(an_alarm(severity=Severity.WARNING), peak=Severity.CRITICAL)
    over = replace(better, severity=Severity.CLEARED)
    for alarm in (better, over):
        assert worst(alarm) is Severity.CRITICAL
        assert routed(Route(minimum="critical"), alarm) is Routed.QUEUED


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (("*",), True),
        (("device*",), True),
        (("device?nreachable", "x"), True),
        (("Device*",), False),
        (("site*",), False),
        (("*", "!deviceUn*"), False),
        (("!deviceUn*", "*"), False),
        (("!site*",), True),
        ((), True),
    ],
)
def test_names_are_chosen_as_in_a_shell_and_taken_out_again(names: tuple[str, ...], wanted: bool) -> None:
    found = routed(Route(names=names), an_alarm("deviceUnreachable"))
    assert found is (Routed.QUEUED if wanted else Routed.NAME)


def test_a_receiver_knows_of_what_was_told_and_fits_its_route() -> None:
    told, held = an_alarm(source="a"), replace(an_alarm(source="b"), known=False)
    other = an_alarm(source="c", tenant="globex")
    assert [*known_to(Route(tenants=("acme",)), [told, held, other])] == [told]
