from __future__ import annotations

import math
import re
from collections.abc import Iterable

import pytest
from prometheus_client.metrics_core import Metric

from daemon.config.reload import ReloadStatistics
from daemon.fleet.call_book import CallStatistics
from daemon.fleet.model import Presence, Reachability, Status
from daemon.fleet.notifications import Severity
from daemon.fleet.records import NumberStatus
from daemon.fleet.roster import FleetStatistics
from daemon.http.limits import HttpStatistics
from daemon.http.operators.app import OperatorsStatistics
from daemon.http.operators.live import LiveStatistics
from daemon.http.phones.app import PhonesStatistics
from daemon.integrations.connectors import ConnectorStatistics
from daemon.integrations.phone_commands import PhoneCommandStatistics
from daemon.observe import families
from daemon.observe.watchdog import WatchdogStatistics
from daemon.provisioning.provisioner import ProvisioningStatistics
from daemon.sip.authentication import AuthenticationStatistics
from daemon.sip.connections import ConnectionStatistics
from daemon.sip.endpoint import SipStatistics
from daemon.sip.trace import TraceStatistics
from daemon.sip.transactions.client import ClientStatistics
from daemon.sip.transactions.server import ServerStatistics
from daemon.store.outbox import OutboxStatistics
from daemon.store.store import StoreStatistics

FLEET = FleetStatistics(
    devices=7,
    unapproved=1,
    reachability={Reachability.OK: 5, Reachability.LAGGED: 2},
    presence={Presence.REGISTERED: 6},
    status={Status.OK: 4},
    numbers={NumberStatus.COOLING: 3},
    connections={Reachability.UNREACHABLE: 1},
    alarms={Severity.MAJOR: 2},
)
TRANSPORTS = ConnectionStatistics(
    open={"tcp": 3, "tls": 1},
    accepted={"tcp": 9, "tls": 1},
    dialled={"tcp": 0, "tls": 0},
    closed={"far-end": 5, "idle": 1},
    failed={"setup": 1},
    refused={"connections-per-host": 2},
    received=900,
    sent=800,
    waiting=70,
)
SERVERS = ServerStatistics(9, 1, 2, 0, 0, 1, 8, 4000)
CLIENTS = ClientStatistics(5, 2, 3, 1, 1, 0, 4, 2)
SIP = SipStatistics(
    sent=10,
    answered=8,
    late=1,
    missed=1,
    pushed_out=6,
    received=30,
    requests=20,
    registrations=5,
    life_signs=4,
    stun=2,
    refused={"parse": 2},
    outstanding=3,
    waiting=1,
    connections=TRANSPORTS,
    authentication=AuthenticationStatistics(
        challenged=7, stale=1, proved=6, nonces_pushed_out=4, nonces=5, failing_users=2, failing_sources=3
    ),
    servers=SERVERS,
    clients=CLIENTS,
)
CALLS = CallStatistics(
    remembered=4,
    reports={"session": 5, "alert": 1},
    repeated=2,
    pushed_out=1,
    verdicts={"OK": 3, "ERROR": 1},
    mos_at_most={2.58: 1, 4.34: 2, math.inf: 1},
    mos_sum=15.5,
)
HTTP = HttpStatistics(
    connections=2,
    accepted=9,
    requests=12,
    aborted=1,
    failures=0,
    responses={"2xx": 11},
    refused={"too long": 1},
    in_progress=3,
    handshakes={"done": 4, "version": 2},
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
    calls_let_go=3,
    alarms_let_go=4,
    journal_let_go=5,
    outbox=OutboxStatistics({}, {}, {}, {}, {}, {}, 0),
)
PHONES = PhonesStatistics(keep_alives=20, alerts=2, files=7, firmware=3, firmware_aborted=1, refused={"json": 2})
PROVISIONING = ProvisioningStatistics(
    served={"complete": 4}, refused={}, cache_hits=3, cache_misses=2, cache_evictions=1, cached_bytes=5000
)
OPERATORS = OperatorsStatistics(sessions=2, sessions_pushed_out=0, wrong_tokens=5, live=LiveStatistics(1, 90))
WATCHDOG = WatchdogStatistics(lag=0.01, worst_lag=0.5, drift=-1.5, late_turns=2, petted=8, withheld=0)

# Each has a small, known set of values.
LABELS = {
    "class", "end", "kind", "listener", "manager", "reason", "result", "rule", "severity", "state", "status",
    "transport", "verdict", "version", "le",
}  # fmt: skip

ALL = {
    "build": lambda: families.build("1.2.3"),
    "reloads": lambda: families.reloads(ReloadStatistics(False, 1000.0)),
    "fleet": lambda: families.fleet(FLEET),
    "calls": lambda: families.calls(CALLS),
    "decisions": lambda: families.decisions({("qualify", "answered"): 3}),
    "sip": lambda: families.sip(SIP),
    "transports": lambda: families.transports(TRANSPORTS),
    "server transactions": lambda: families.server_transactions(SERVERS),
    "client transactions": lambda: families.client_transactions(CLIENTS),
    "traces": lambda: families.traces(TraceStatistics(1, 2000, 30, 4, 5)),
    "http": lambda: families.http("phones", HTTP),
    "phones": lambda: families.phones(PHONES),
    "provisioning": lambda: families.provisioning(PROVISIONING),
    "operators": lambda: families.operators(OPERATORS),
    "store": lambda: families.store(STORE),
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
    assert samples(families.sip(SIP))["ringkeeper_sip_probes_pushed_out_total{}"] == 6
    assert samples(families.sip(SIP))["ringkeeper_sip_nonces_pushed_out_total{}"] == 4
    assert samples(families.http("phones", HTTP))["ringkeeper_refused_total{phones,too long}"] == 1
    assert samples(families.http("phones", HTTP))["ringkeeper_http_responses_total{phones,2xx}"] == 11
    assert samples(families.http("phones", HTTP))["ringkeeper_http_requests_in_progress{phones}"] == 3
    assert samples(families.http("phones", HTTP))["ringkeeper_http_handshakes_total{phones,version}"] == 2
    assert samples(families.decisions({("a", "b"): 3})) == {"ringkeeper_decisions_total{a,b}": 3}
    assert samples(families.phones(PHONES))["ringkeeper_phone_requests_refused_total{json}"] == 2


def test_repetitions_are_told_from_new_requests_and_answers_from_silence() -> None:
    served = samples(families.server_transactions(SERVERS))
    assert served["ringkeeper_sip_server_transactions_total{replayed}"] == 2
    assert served["ringkeeper_sip_server_transactions_kept{completed}"] == 8
    asked = samples(families.client_transactions(CLIENTS))
    assert asked["ringkeeper_sip_client_transactions_total{timed out}"] == 1
    assert asked["ringkeeper_sip_client_transactions_open{}"] == 2


def test_connections_show_where_they_stand_and_why_they_ended() -> None:
    found = samples(families.transports(TRANSPORTS))
    assert found["ringkeeper_sip_transport_connections{tcp}"] == 3
    assert found["ringkeeper_sip_transport_closed_total{far-end}"] == 5
    assert found["ringkeeper_sip_transport_failed_total{setup}"] == 1
    assert found["ringkeeper_sip_transport_refused_total{connections-per-host}"] == 2
    assert found["ringkeeper_sip_transport_received_bytes_total{}"] == 900


def test_the_cache_of_files_shows_how_it_fares() -> None:
    found = samples(families.provisioning(PROVISIONING))
    assert found["ringkeeper_config_files_served_total{complete}"] == 4
    assert [found[f"ringkeeper_file_cache_total{{{result}}}"] for result in ("hit", "miss", "evicted")] == [3, 2, 1]
    assert found["ringkeeper_file_cache_bytes{}"] == 5000


def test_connectors_show_how_they_fare() -> None:
    one = ConnectorStatistics("pbx-a", "asterisk", True, 1.0, 9.0, 7, 2, {"login": 3}, {"uri": 4}, "login")
    found = samples(families.connectors((one,)))
    assert found["ringkeeper_connector_up{pbx-a}"] == 1
    assert found["ringkeeper_connector_contacts{pbx-a,known}"] == 7
    assert found["ringkeeper_connector_contacts{pbx-a,unknown}"] == 2
    assert found["ringkeeper_connector_failures_total{pbx-a,login}"] == 3
    assert found["ringkeeper_connector_skipped_total{pbx-a,uri}"] == 4
    assert found["ringkeeper_connector_refreshed_seconds{pbx-a}"] == 9.0


def test_commands_to_phones_are_counted_by_what_became_of_them() -> None:
    found = samples(families.phone_commands(PhoneCommandStatistics({"taken": 3, "login": 1}, 7, 50)))
    assert found["ringkeeper_phone_commands_total{taken}"] == 3
    assert found["ringkeeper_phone_commands_now{waiting}"] == 7
    assert found["ringkeeper_phone_commands_now{under way}"] == 50


def test_units_are_seconds() -> None:
    assert samples(families.store(STORE))["ringkeeper_store_commit_seconds_total{}"] == 2.5
    assert samples(families.watchdog(WATCHDOG))["ringkeeper_loop_lag_seconds{}"] == 0.01
    assert samples(families.watchdog(WATCHDOG))["ringkeeper_clock_drift_seconds{}"] == -1.5


def test_calls_are_counted_by_how_they_sounded() -> None:
    found = samples(families.calls(CALLS))
    assert found["ringkeeper_calls_total{ERROR}"] == 1
    assert found["ringkeeper_quality_reports_total{alert}"] == 1
    mos = {name: value for name, value in found.items() if name.startswith("ringkeeper_call_mos")}
    assert [mos[f"ringkeeper_call_mos_bucket{{{step}}}"] for step in ("2.58", "4.03", "4.34", "+Inf")] == [1, 1, 3, 4]
    assert (mos["ringkeeper_call_mos_count{}"], mos["ringkeeper_call_mos_sum{}"]) == (4, 15.5)


def test_the_build_and_the_last_reload_are_told() -> None:
    assert samples(families.build("1.2.3")) == {"ringkeeper_build_info{1.2.3}": 1}
    assert samples(families.reloads(ReloadStatistics(False, 1000.0))) == {
        "ringkeeper_config_last_reload_successful{}": 0,
        "ringkeeper_config_last_reload_success_timestamp_seconds{}": 1000.0,
    }
