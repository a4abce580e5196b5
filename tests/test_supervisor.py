"""Start in order, stop in reverse within a bound, and the end of one is the end of all; on a mock clock."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from daemon.supervisor import STOP_WITHIN, Service, Supervisor


class Scene:
    """Services that write down what becomes of them."""

    def __init__(self) -> None:
        self.story: list[str] = []
        self.dies: dict[str, trio.Event] = {}

    def service(self, name: str, *, polite: bool = False) -> Service:
        """A service that needs a second to get ready and writes its steps down."""
        self.dies[name] = trio.Event()

        async def run(task_status: trio.TaskStatus[None]) -> None:
            await trio.sleep(1)
            self.story.append(f"{name} ready")
            task_status.started()
            try:
                await self.dies[name].wait()
            finally:
                self.story.append(f"{name} ended")

        async def aclose() -> None:
            self.story.append(f"{name} finishes its work")

        return Service(name, run, aclose if polite else None)


async def run(*services: Service, then: str = "stop") -> Supervisor:
    """Run these until they are ready, then stop them."""
    supervisor = Supervisor(services)
    await supervisor.run(on_ready=supervisor.stop if then == "stop" else lambda: None)
    return supervisor


async def test_each_starts_when_the_one_before_is_ready_and_they_stop_in_reverse(autojump_clock: MockClock) -> None:
    scene = Scene()
    await run(scene.service("store"), scene.service("sip"), scene.service("phones", polite=True))
    assert scene.story == [
        "store ready",
        "sip ready",
        "phones ready",
        "phones finishes its work",
        "phones ended",
        "sip ended",
        "store ended",
    ]


async def test_it_says_ready_only_when_all_are(autojump_clock: MockClock) -> None:
    scene, ready_at = Scene(), list[float]()
    supervisor = Supervisor([scene.service("store"), scene.service("sip")])

    def on_ready() -> None:
        ready_at.append(trio.current_time())
        supervisor.stop()

    begin = trio.current_time()
    await supervisor.run(on_ready)
    assert ready_at == [begin + 2]


async def test_a_service_that_reports_nothing_is_ready_at_once(autojump_clock: MockClock) -> None:
    await run(Service("timers", trio.sleep_forever, reports_ready=False))


async def test_the_death_of_one_ends_all(autojump_clock: MockClock) -> None:
    scene = Scene()
    services = [scene.service("store"), scene.service("sip")]
    scene.dies["store"].set()
    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="store ended by itself")):
        await run(*services, then="wait")
    assert scene.story.count("sip ended") == scene.story.count("sip ready")


async def test_why_one_died_is_not_lost(autojump_clock: MockClock) -> None:
    scene = Scene()

    async def crash(task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        await trio.sleep(5)
        raise OSError("the network is gone")

    with pytest.RaisesGroup(pytest.RaisesExc(OSError, match="network is gone")):
        await run(scene.service("store"), Service("sip", crash), then="wait")
    assert scene.story == ["store ready", "store ended"]


async def test_what_fails_to_start_ends_what_started_before(autojump_clock: MockClock) -> None:
    scene = Scene()

    async def refuse(task_status: trio.TaskStatus[None]) -> None:
        raise OSError("address in use")

    with pytest.RaisesGroup(pytest.RaisesExc(OSError, match="address in use")):
        await run(scene.service("store"), Service("sip", refuse), scene.service("never"))
    assert scene.story == ["store ready", "store ended"]


async def test_a_polite_ending_takes_no_longer_than_its_bound(autojump_clock: MockClock) -> None:
    scene = Scene()

    async def alive(task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        await trio.sleep_forever()

    begin = trio.current_time()
    await run(scene.service("store"), Service("phones", alive, trio.sleep_forever))
    assert trio.current_time() - begin == pytest.approx(1 + STOP_WITHIN)
    assert scene.story == ["store ready", "store ended"]


async def test_one_that_cannot_be_cancelled_does_not_keep_the_others_from_ending(autojump_clock: MockClock) -> None:
    scene = Scene()

    async def stubborn(task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        with trio.CancelScope(shield=True):
            await trio.sleep(3 * STOP_WITHIN)
        scene.story.append("stubborn ended")

    await run(scene.service("store"), Service("stubborn", stubborn))
    assert scene.story == ["store ready", "store ended", "stubborn ended"]


async def test_a_stop_during_the_start_is_heeded_once_all_are_up(autojump_clock: MockClock) -> None:
    scene = Scene()
    supervisor = Supervisor([scene.service("store"), scene.service("sip")])
    supervisor.stop()
    await supervisor.run(on_ready=lambda: scene.story.append("ready"))
    assert scene.story == ["store ready", "sip ready", "ready", "sip ended", "store ended"]
