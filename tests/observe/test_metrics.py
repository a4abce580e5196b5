from __future__ import annotations

from functools import partial

from prometheus_client.parser import text_string_to_metric_families

from daemon.config.reload import Reloads
from daemon.http.limits import HttpStatistics
from daemon.observe import families
from daemon.observe.metrics import Metrics


def http(refused: dict[str, int]) -> HttpStatistics:
    return HttpStatistics(
        connections=0, accepted=0, requests=0, aborted=0, failures=0, responses={"2xx": 3}, refused=refused
    )


def rendered(metrics: Metrics) -> dict[str, dict[tuple[str, ...], float]]:
    """The text as Prometheus reads it: sample name -> label values (by label name) -> value."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    names = []
    for family in text_string_to_metric_families(metrics.render().decode()):
        names.append(family.name)
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(value for _, value in sorted(sample.labels.items()))] = sample.value
    assert len(names) == len(set(names))
    return found


def test_statistics_are_asked_for_at_each_scrape() -> None:
    reloads = Reloads(100.0)
    metrics = Metrics()
    metrics.add(reloads.statistics, families.reloads)
    assert rendered(metrics)["ringkeeper_config_last_reload_successful"] == {(): 1}
    reloads.failed()
    assert rendered(metrics)["ringkeeper_config_last_reload_successful"] == {(): 0}


def test_families_of_several_parts_are_put_together() -> None:
    metrics = Metrics()
    metrics.add(lambda: http({"slow": 1}), partial(families.http, "phones"))
    metrics.add(lambda: http({"slow": 2, "long": 3}), partial(families.http, "operators"))
    found = rendered(metrics)
    assert found["ringkeeper_refused_total"] == {
        ("phones", "slow"): 1,
        ("operators", "slow"): 2,
        ("operators", "long"): 3,
    }
    assert found["ringkeeper_http_responses_total"] == {("2xx", "phones"): 3, ("2xx", "operators"): 3}


def test_the_process_is_shown_too() -> None:
    assert rendered(Metrics())["process_open_fds"][()] > 2


def test_two_daemons_in_one_process_do_not_meet() -> None:
    one, two = Metrics(), Metrics()
    one.add(lambda: "1", families.build)
    two.add(lambda: "2", families.build)
    assert rendered(one)["ringkeeper_build_info"] == {("1",): 1}
    assert rendered(two)["ringkeeper_build_info"] == {("2",): 1}


def test_a_label_may_hold_anything() -> None:
    metrics = Metrics()
    metrics.add(lambda: {("rule", 'a "quoted"\nreason\\'): 1}, families.decisions)
    assert rendered(metrics)["ringkeeper_decisions_total"] == {('a "quoted"\nreason\\', "rule"): 1}
