from __future__ import annotations

from pathlib import Path

from daemon.config.http_settings import Http, OperatorListener, PhoneListener
from daemon.config.listen import Listen
from daemon.config.reload import RESTART_ONLY, Reloads, flatten, plan_reload
from daemon.config.settings import Log, Qualify, Settings

OLD = Settings()


def test_nothing_changed_is_an_empty_plan() -> None:
    plan = plan_reload(OLD, Settings())
    assert (plan.changed, plan.needs_restart) == ((), ())
    assert plan.merged == OLD


def test_what_may_change_is_taken_over() -> None:
    new = Settings(qualify=Qualify(interval=30.0, misses=2), log=Log(level="debug"))
    plan = plan_reload(OLD, new)
    assert plan.changed == ("log.level", "qualify.interval", "qualify.misses")
    assert plan.needs_restart == ()
    assert plan.merged == new


def test_what_needs_a_restart_stays_old_and_says_why() -> None:
    new = Settings(state_dir=Path("/srv"), log=Log(level="debug", format="console"))
    plan = plan_reload(OLD, new)
    assert plan.changed == ("log.level",)
    assert [line.partition(":")[0] for line in plan.needs_restart] == ["state_dir", "log.format"]
    assert plan.needs_restart[0].endswith("open in the old folder")
    assert plan.merged == Settings(log=Log(level="debug"))


def test_a_block_may_be_half_new_and_half_old() -> None:
    here, there = (Listen("http", "127.0.0.1", 8081),), (Listen("http", "127.0.0.1", 9999),)
    old = Settings(http=Http(phones=PhoneListener(listen=here), operators=OperatorListener(listen=here)))
    new = Settings(http=Http(phones=PhoneListener(listen=there, max_connections=7)))
    plan = plan_reload(old, new)
    assert plan.changed == ("http.phones.max_connections",)
    assert len(plan.needs_restart) == 2
    assert plan.merged.http.phones == PhoneListener(listen=here, max_connections=7)
    assert plan.merged.http.operators.listen == here


def test_a_plan_applied_leaves_only_what_needs_a_restart() -> None:
    new = Settings(state_dir=Path("/srv"), log=Log(level="debug"))
    again = plan_reload(plan_reload(OLD, new).merged, new)
    assert (again.changed, len(again.needs_restart)) == ((), 1)


def test_every_restart_key_is_a_setting() -> None:
    assert RESTART_ONLY.keys() <= dict(flatten(OLD)).keys()


def test_a_failed_reload_keeps_the_time_of_the_last_good_one() -> None:
    reloads = Reloads(100.0)
    reloads.failed()
    assert (reloads.statistics().successful, reloads.statistics().succeeded_at) == (False, 100.0)
    reloads.succeeded(200.0)
    assert (reloads.statistics().successful, reloads.statistics().succeeded_at) == (True, 200.0)
