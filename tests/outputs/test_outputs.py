"""Tasks, batches and patience on a mock clock; the receivers are in memory, the outbox, too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from daemon.config.output_settings import AnyOutput
from daemon.config.settings import Settings
from daemon.fleet.events import Event, OutputFailed, OutputRecovered, OutputsConfigured
from daemon.fleet.notifications import Alarm
from daemon.outputs.outputs import Outputs
from daemon.outputs.way import NotTaken, Told, Way
from daemon.scheduler.clock import Clock
from tests.support.notifications import WEDNESDAY, an_alarm
from tests.support.outbox_of_outputs import Outbox, Row

HOOK = {"name": "hook", "kind": "webhook", "url": "https://hooks.example.net/", "batch": 3}
MAIL = {"name": "duty", "kind": "mail", "host": "a", "sender": "a@example.net", "to": ["b@example.net"]}
OTHER = {"name": "other", "kind": "syslog", "host": "a"}
ALERTMANAGER = {"name": "am", "kind": "alertmanager", "url": "http://192.0.2.7:9093"}


class Receiver:
    """Takes everything, or does to a try what `failures` has next; `heard` are times and numbers."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, list[int]]] = []
        self.refreshed: list[tuple[float, int]] = []
        self.failures: list[Exception] = []
        self.picky: set[int] = set()
        self.delay = 0.0
        self._began = trio.current_time()

    async def tell(self, told: Sequence[Told]) -> None:
        numbers = [one.number for one in told]
        self.heard.append((trio.current_time() - self._began, numbers))
        await trio.sleep(self.delay)
        if self.picky & set(numbers):
            raise NotTaken("refused", "was answered 400", hopeless=True)
        if self.failures:
            raise self.failures.pop(0)

    async def refresh(self, active: Iterable[Alarm], now: float) -> None:
        self.refreshed.append((trio.current_time() - self._began, len([*active])))

    @property
    def batches(self) -> list[list[int]]:
        return [numbers for _, numbers in self.heard]


class Play(Outputs[Row]):
    """Outputs whose receivers are in memory, by name."""

    def __init__(self, *written: dict[str, Any]) -> None:
        self.outbox = Outbox()
        self.events: list[Event] = []
        self.receivers: dict[str, Receiver] = {}
        self.active_alarms = [an_alarm()]
        super().__init__(
            configured(*written),
            self.outbox,
            self.events.append,  # type: ignore[arg-type]  # what a delivery is good for is not asked here
            clock=Clock(WEDNESDAY),
            active=lambda _: self.active_alarms,
            enterprise=lambda: 32473,
            chance=lambda: 1.0,
        )

    def _way(self, output: AnyOutput) -> Way:
        return self.receivers.setdefault(output.name, Receiver())

    def put(self, name: str, *numbers: int) -> None:
        self.outbox.put(f"output/{name}", *numbers)


def configured(*written: dict[str, Any]) -> tuple[AnyOutput, ...]:
    return Settings.model_validate({"outputs": written}).outputs


@asynccontextmanager
async def playing(*written: dict[str, Any]) -> AsyncIterator[Play]:
    play = Play(*written)
    async with trio.open_nursery() as nursery:
        await nursery.start(play.run)
        yield play
        nursery.cancel_scope.cancel()


BROKEN = NotTaken("broken", "the connection broke")


async def test_what_waits_goes_together_and_in_order(autojump_clock: MockClock) -> None:
    async with playing(HOOK) as play:
        play.put("hook", 1, 2, 3, 4)
        assert await play.outbox.wait_settled("output/hook", 4) == [1, 2, 3, 4]
        assert play.receivers["hook"].batches == [[1, 2, 3], [4]]
        assert play.statistics()[0].told == 4


async def test_a_mail_waits_for_company_unless_it_is_full_already(autojump_clock: MockClock) -> None:
    async with playing(MAIL | {"digest": 3}) as play:
        play.put("duty", 1)
        await trio.sleep(9)
        play.put("duty", 2)
        await play.outbox.wait_settled("output/duty", 2)
        play.put("duty", *range(3, 6))
        await play.outbox.wait_settled("output/duty", 5)
    assert play.receivers["duty"].heard == [(10.0, [1, 2]), (10.0, [3, 4, 5])]


async def test_a_failure_is_tried_again_at_doubling_pauses_for_ever(autojump_clock: MockClock) -> None:
    async with playing(HOOK | {"retry": "5s", "retry_max": "20s"}) as play:
        play.receivers["hook"].failures = [BROKEN] * 5
        play.put("hook", 1, 2)
        await play.outbox.wait_settled("output/hook", 2)
        assert [round(at) for at, _ in play.receivers["hook"].heard] == [0, 5, 15, 35, 55, 75]
        [one] = play.statistics()
    assert (one.failures, one.up, one.told, one.last_error) == ({"broken": 5}, True, 2, "the connection broke")


async def test_a_receiver_that_asks_for_patience_gets_it(autojump_clock: MockClock) -> None:
    async with playing(HOOK) as play:
        play.receivers["hook"].failures = [NotTaken("not now", "was answered 429", wait=90)]
        play.put("hook", 1)
        await play.outbox.wait_settled("output/hook", 1)
        assert [at for at, _ in play.receivers["hook"].heard] == [0, 90]


async def test_a_slow_and_a_dead_output_do_not_delay_a_fast_one(autojump_clock: MockClock) -> None:
    async with playing(HOOK, MAIL, OTHER) as play:
        play.receivers["duty"].failures = [BROKEN] * 1000
        play.receivers["hook"].delay = 1e6
        for name in ("hook", "duty", "other"):
            play.put(name, *range(1, 11))
        assert await play.outbox.wait_settled("output/other", 10, within=1) == [*range(1, 11)]
        await trio.sleep(106)
        hook = play.statistics()[0]
    assert (hook.failures, hook.up) == ({"timeout": 3}, False)  # after 30, 65 and 105 seconds


async def test_what_nobody_can_read_is_given_up_alone_and_what_follows_is_told(autojump_clock: MockClock) -> None:
    async with playing(HOOK) as play:
        play.receivers["hook"].picky = {2}
        play.put("hook", 1, 2, 3, 4)
        assert await play.outbox.wait_settled("output/hook", 4) == [1, 2, 3, 4]
        assert play.receivers["hook"].batches == [[1, 2, 3], [1], [2], [2], [2], [3], [4]]
        [one] = play.statistics()
    assert (one.told, one.given_up) == (3, 1)


async def test_an_output_that_fails_for_long_is_an_alarm_until_it_takes_something(autojump_clock: MockClock) -> None:
    async with playing(HOOK | {"down_after": "2m", "retry": "50s", "retry_max": "50s"}) as play:
        play.put("hook", 1)
        await play.outbox.wait_settled("output/hook", 1)
        play.receivers["hook"].failures = [BROKEN] * 6
        play.put("hook", 2)
        await play.outbox.wait_settled("output/hook", 2)
    assert play.events == [
        OutputsConfigured(("output/hook",)),
        OutputRecovered("output/hook"),  # an alarm of before the start may be active
        OutputFailed("output/hook", "the connection broke"),
        OutputRecovered("output/hook"),
    ]


async def test_a_reload_lets_go_of_what_changed_and_leaves_the_rest_alone(autojump_clock: MockClock) -> None:
    async with playing(HOOK, OTHER) as play:
        hook, other = play.receivers["hook"], play.receivers["other"]
        play.receivers.clear()
        play.apply(configured(HOOK | {"batch": 1}, OTHER))
        play.put("hook", 1, 2)
        play.put("other", 1)
        await play.outbox.wait_settled("output/hook", 2)
        await play.outbox.wait_settled("output/other", 1)
        assert (hook.batches, other.batches, play.receivers["hook"].batches) == ([], [[1]], [[1], [2]])
        play.apply(())
        assert play.statistics() == ()
    assert play.events[-1] == OutputsConfigured(())


async def test_a_receiver_that_forgets_is_told_again_what_is_active(autojump_clock: MockClock) -> None:
    async with playing(ALERTMANAGER) as play:
        await trio.sleep(299)
        play.put("am", 1)
        await trio.sleep(302)
        assert play.receivers["am"].refreshed == [(0, 1), (300, 1), (600, 1)]
        assert play.receivers["am"].heard == [(299, [1])]


@pytest.mark.parametrize("written", [HOOK, MAIL, OTHER, ALERTMANAGER])
async def test_every_kind_of_output_has_its_way(written: dict[str, Any], autojump_clock: MockClock) -> None:
    play = Play(written)
    [output] = configured(written)
    assert hasattr(Outputs._way(play, output), "tell")


async def test_a_test_goes_past_the_queue_and_is_nobodys_state(autojump_clock: MockClock) -> None:
    async with playing(HOOK | {"timeout": "5s"}) as play:
        hook = play.receivers["hook"]
        assert await play.test("hook") == ""
        assert await play.test("nobody") is None
        hook.failures = [NotTaken("refused", "was answered 404")]
        assert await play.test("hook") == "was answered 404"
        hook.delay = 10
        assert await play.test("hook") == "found no answer within 5s"
        [one] = play.statistics()
    assert (hook.batches, one.up, one.told, one.failures) == ([[0, 0]] * 3, True, 0, {})


async def test_a_fault_of_ours_costs_one_alarm_of_one_output(autojump_clock: MockClock) -> None:
    async with playing(HOOK | {"batch": 1}, OTHER) as play:
        play.receivers["hook"].failures = [ZeroDivisionError()] * 3
        play.put("hook", 1, 2)
        play.put("other", 1)
        await play.outbox.wait_settled("output/hook", 2)
        await play.outbox.wait_settled("output/other", 1)
        hook = play.statistics()[0]
    assert (hook.failures, hook.given_up, hook.told) == ({"fault": 3}, 1, 1)
