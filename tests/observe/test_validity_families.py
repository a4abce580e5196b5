from __future__ import annotations

from datetime import date

from prometheus_client.metrics_core import Metric

from daemon.fleet.licence import LicenceStatus
from daemon.observe import validity_families


def values(*families: Metric) -> dict[str, float]:
    return {sample.name: sample.value for family in families for sample in family.samples}


def test_a_licence_without_terms_has_no_values_that_mean_something_else() -> None:
    free = LicenceStatus(7, None, 0, None, None, 0.0, expired=False, suspended=False)
    assert values(*validity_families.licence(free)) == {"ringkeeper_devices_blocked": 0}
    used = LicenceStatus(7, 5, 2, date(2026, 12, 31), 0, 1.0, expired=False, suspended=False)
    assert values(*validity_families.licence(used)) == {
        "ringkeeper_licence_devices": 5,
        "ringkeeper_licence_days_left": 0,
        "ringkeeper_devices_blocked": 2,
    }


def test_certificates_are_told_apart_by_their_listeners() -> None:
    [family] = validity_families.certificates({"sip": 12.0, "http.phones": 13.0})
    assert [(sample.labels, sample.value) for sample in family.samples] == [
        ({"listener": "sip"}, 12.0),
        ({"listener": "http.phones"}, 13.0),
    ]
