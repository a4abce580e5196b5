from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from prometheus_client.metrics_core import Metric

from daemon.config.reload import ReloadStatistics
from daemon.fleet.model import Presence, Reachability, Status
from daemon.fleet.notifications import Severity
from daemon.fleet.records import NumberStatus
from daemon.fleet.roster import FleetStatistics
from daemon.http.limits import HttpStatistics
from daemon.http.operators.app import OperatorsStatistics
from daemon.http.operators.live import LiveStatistics
from daemon.http.phones.app import PhonesStatistics
from daemon.observe import families
from daemon.observe.watchdog import WatchdogStatistics
from daemon.provisioning.provisioner import ProvisioningStatistics
from daemon.sip.endpoint import SipStatistics
from daemon.snmp.sender import SenderStatistics
from daemon.store.outbox import OutboxStatistics
from daemon.store.store import StoreStatistics

FLEET = FleetStatistics(
    devices=7,
    unapproved=1,
    reachability={Reachability.OK: 5, Reachability.LAGGED: 2},
    presence={Presence.REGISTERED: 6},
    status={Status.OK: 4},
    numbers={NumberStatus.COOLING: 3},
    alarms={Severity.MAJOR: 2},
)
SIP = SipStatistics(
    sent=10,
    answered=8,
    late=1,
    missed=1,
    received=30,
    requests=20,
    registrations=5,
    life_signs=4,
    refused={"parse": 2},
    outstanding=3,
    waiting=1,
)
HTTP = HttpStatistics(
    connections=2, accepted=9, requests=12, aborted=1, failures=0, responses={"2xx": 11}, refused={"too long": 1}
)
STORE = StoreStatistics(
    pending=4,
    failing=0,
    groups=100,
    rows=900,
    failures=1,
    syncing_ms=2500,
    mended=0,
    trimmed=0,
    pruned=6,
    outbox=OutboxStatistics(waiting={"nms:162/ringkeeper": 5}, settled=40, overflowed=2, orphaned=0),
)
SENDER = SenderStatistics(
    sent=50,
    acknowledged=40,
    rejected=1,
    retries=9,
    failures={"timeout": 9},
    ignored={},
    oldest={"nms:162/ringkeeper": 3.5},
)
PHONES = PhonesStatistics(keep_alives=20, alerts=2, files=7, firmware=3, firmware_aborted=1, refused={"json": 2})
PROVISIONING = ProvisioningStatistics(
    served={"complete": 4}, refused={}, cache_hits=3, cache_misses=2, cache_evictions=1, cached_bytes=5000
)
OPERATORS = OperatorsStatistics(sessions=2, sessions_pushed_out=0, wrong_tokens=5, live=LiveStatistics(1, 90))
WATCHDOG = WatchdogStatistics(lag=0.01, worst_lag=0.5, drift=-1.5, late_turns=2, petted=8, withheld=0)

# Each has a small, known set of values.
LABELS = {
    "class", "end", "kind", "listener", "manager", "reason", "result", "rule", "severity", "state", "status", "version",
}  # fmt: skip

ALL = {
    "build": lambda: families.build("1.2.3"),
    "reloads": lambda: families.reloads(ReloadStatistics(False, 1000.0)),
    "fleet": lambda: families.fleet(FLEET),
    "decisions": lambda: families.decisions({("qualify", "answered"): 3}),
    "sip": lambda: families.sip(SIP),
    "http": lambda: families.http("phones", HTTP),
    "phones": lambda: families.phones(PHONES),
    "provisioning": lambda: families.provisioning(PROVISIONING),
    "operators": lambda: families.operators(OPERATORS),
    "store": lambda: families.store(STORE),
    "sender": lambda: families.sender(SENDER),
    "watchdog": lambda: families.watchdog(WATCHDOG),
}


def samples(metrics: Iterable[Metric]) -> dict[str, float]:
    found = {}
    for metric in metrics:
        for sample in metric.samples:
            labels = ",".join(sample.labels.values())
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


@pytest.mark.parametrize("part", ALL)
def test_names_and_labels_follow_prometheus_conventions(part: str) -> None:
    seen = set()
    for metric in ALL[part]():
        assert re.fullmatch(r"ringkeeper(_[a-z]+)+", metric.name)
        assert metric.name not in seen, "two families of one name would be an invalid text"
        assert metric.documentation.endswith(".")
        seen.add(metric.name)
        for sample in metric.samples:
            assert sample.labels.keys() <= LABELS


def test_every_state_is_shown_even_if_nobody_is_in_it() -> None:
    found = samples(families.fleet(FLEET))
    assert found["ringkeeper_device_reachability{OK}"] == 5
    assert found["ringkeeper_device_reachability{UNREACHABLE}"] == 0
    assert found["ringkeeper_device_presence{DISCONNECTED}"] == 0
    assert found["ringkeeper_numbers{Cooling}"] == 3
    assert found["ringkeeper_alarms_active{major}"] == 2
    assert found["ringkeeper_alarms_active{critical}"] == 0
    assert "ringkeeper_alarms_active{cleared}" not in found


def test_counts_keep_their_reasons() -> None:
    assert samples(families.sip(SIP))["ringkeeper_sip_probes_total{answered}"] == 8
    assert samples(families.sip(SIP))["ringkeeper_refused_total{sip,parse}"] == 2
    assert samples(families.http("phones", HTTP))["ringkeeper_refused_total{phones,too long}"] == 1
    assert samples(families.http("phones", HTTP))["ringkeeper_http_responses_total{phones,2xx}"] == 11
    assert samples(families.decisions({("a", "b"): 3})) == {"ringkeeper_decisions_total{a,b}": 3}
    assert samples(families.phones(PHONES))["ringkeeper_phone_requests_refused_total{json}"] == 2


def test_the_cache_of_files_shows_how_it_fares() -> None:
    found = samples(families.provisioning(PROVISIONING))
    assert found["ringkeeper_config_files_served_total{complete}"] == 4
    assert [found[f"ringkeeper_file_cache_total{{{result}}}"] for result in ("hit", "miss", "evicted")] == [3, 2, 1]
    assert found["ringkeeper_file_cache_bytes{}"] == 5000


def test_what_waits_is_shown_per_manager() -> None:
    assert samples(families.store(STORE))["ringkeeper_outbox_pending{nms:162/ringkeeper}"] == 5
    assert samples(families.sender(SENDER))["ringkeeper_outbox_oldest_seconds{nms:162/ringkeeper}"] == 3.5
    assert samples(families.sender(SENDER))["ringkeeper_notifications_total{acknowledged}"] == 40


def test_units_are_seconds() -> None:
    assert samples(families.store(STORE))["ringkeeper_store_commit_seconds_total{}"] == 2.5
    assert samples(families.watchdog(WATCHDOG))["ringkeeper_loop_lag_seconds{}"] == 0.01
    assert samples(families.watchdog(WATCHDOG))["ringkeeper_clock_drift_seconds{}"] == -1.5


def test_the_build_and_the_last_reload_are_told() -> None:
    assert samples(families.build("1.2.3")) == {"ringkeeper_build_info{1.2.3}": 1}
    assert samples(families.reloads(ReloadStatistics(False, 1000.0))) == {
        "ringkeeper_config_last_reload_successful{}": 0,
        "ringkeeper_config_last_reload_success_timestamp_seconds{}": 1000.0,
    }
