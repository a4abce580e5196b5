from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial

import pytest
import trio

from daemon.simulate.characters import Character, Moment, Script, Turn
from daemon.simulate.fleet import SimulatedFleet
from daemon.simulate.image import make_image
from daemon.simulate.plan import FleetPlan, Outage, PlannedPhone, Tempo, plan_fleet
from daemon.simulate.stream import split
from tests.support.fake_daemon import OPTIONS, FakeDaemon

HURRIED = Tempo(
    keep_alive_period=0.2, register_expires=60, register_retry=0.2, power_up=0.05, late_by=(0.2, 0.3), reconnect=0.1
)


def steady(count: int, *outages: Outage) -> FleetPlan:
    return plan_fleet(count, characters=[Character.STEADY] * count, outages=outages, tempo=HURRIED)


async def becomes_true(condition: Callable[[], bool]) -> None:
    with trio.fail_after(8):
        while not condition():  # noqa: ASYNC110 - the fake daemon is a plain record, without events
            await trio.sleep(0.02)


@pytest.fixture
async def alive(fake_daemon: FakeDaemon, nursery: trio.Nursery) -> AsyncIterator[SimulatedFleet]:
    fleet = SimulatedFleet(steady(4), fake_daemon.url, fake_daemon.sip_address)
    async with trio.open_nursery() as running:
        await running.start(fleet.run)
        await becomes_true(lambda: fleet.statistics().by_status.get("registered") == 4)
        yield fleet
        running.cancel_scope.cancel()


def contact(register: str) -> tuple[str, int]:
    host, port = re.findall(r"Contact: <sip:\d+@([\d.]+):(\d+)>", register)[0]
    return host, int(port)


async def test_a_phone_fetches_reports_started_registers_and_reports_registered(
    fake_daemon: FakeDaemon, alive: SimulatedFleet
) -> None:
    await becomes_true(lambda: "registered" in fake_daemon.statuses("00908f000000"))
    paths = [path for source, _, path in fake_daemon.asked if source == "127.10.1.1"]
    assert paths[0].startswith("/firmwarefiles/")
    assert paths[1] == "/ipp/tenant/acme/00908f000000.cfg"
    assert paths[2] == "/ipp/tenant/acme/shared.cfg"
    assert set(paths[3:]) == {"/k/s3cret/rest/v1/ipphoneMgrStatus/keep-alive"}
    assert fake_daemon.statuses("00908f000000")[:2] == ["started", "registered"]
    assert alive.statistics().with_password == 4


async def test_each_phone_comes_from_its_own_address(fake_daemon: FakeDaemon, alive: SimulatedFleet) -> None:
    assert {source for source, _, _ in fake_daemon.asked} == {"127.10.1.1", "127.20.1.1", "127.10.2.1", "127.20.2.1"}
    assert {contact(register)[0] for register in fake_daemon.registers} == {s for s, _, _ in fake_daemon.asked}


async def test_keep_alives_go_on(fake_daemon: FakeDaemon, alive: SimulatedFleet) -> None:
    before = len(fake_daemon.bodies)
    await becomes_true(lambda: len(fake_daemon.bodies) >= before + 8)


async def test_a_phone_answers_a_ping_where_it_registered(fake_daemon: FakeDaemon, alive: SimulatedFleet) -> None:
    await fake_daemon.ping(contact(fake_daemon.registers[0]))
    await becomes_true(lambda: bool(fake_daemon.replies))
    assert fake_daemon.replies[0].startswith("SIP/2.0 200 OK\r\n")


async def test_a_site_without_power_is_silent_and_comes_back_by_itself_when_revived(
    fake_daemon: FakeDaemon, alive: SimulatedFleet
) -> None:
    assert alive.silence_site("warehouse") == 1
    warehouse = next(register for register in fake_daemon.registers if "127.10.2.1" in register)
    await fake_daemon.ping(contact(warehouse))
    await becomes_true(lambda: alive.statistics().pings_ignored == 1)
    assert alive.statistics().powered == 3
    assert not fake_daemon.replies
    assert alive.revive_site("warehouse") == 1
    await becomes_true(lambda: alive.statistics().by_status.get("registered") == 4)
    assert alive.statistics().reboots == 1


async def test_a_reset_in_the_answer_reboots_the_phone_which_then_uses_its_secret_url(
    fake_daemon: FakeDaemon, alive: SimulatedFleet
) -> None:
    fake_daemon.requests = [{"method": "POST", "path": "/rest/v1/command/ResetGracefulHandler", "body": {}}]
    await becomes_true(lambda: alive.statistics().reboots == 1)
    await becomes_true(lambda: any("/k/s3cret/configfiles/00908f" in path for _, _, path in fake_daemon.asked))


async def test_a_check_sync_is_answered_each_time_and_obeyed_once(
    fake_daemon: FakeDaemon, alive: SimulatedFleet
) -> None:
    there = contact(fake_daemon.registers[0])
    fetched = alive.statistics().fetches
    for cseq in (1, 1, 1):
        await fake_daemon.notify(there, "check-sync;reboot=false", cseq)
    await becomes_true(lambda: len(fake_daemon.replies) == 3 and alive.statistics().fetches == fetched + 1)
    assert (alive.statistics().check_syncs, alive.statistics().reboots) == (1, 0)
    await fake_daemon.notify(there, "check-sync;reboot=true", 2)
    await becomes_true(lambda: alive.statistics().reboots == 1)
    await becomes_true(lambda: alive.statistics().fetches == fetched + 2)


async def test_another_firmware_is_taken_whole_and_then_reported(
    fake_daemon: FakeDaemon, nursery: trio.Nursery
) -> None:
    plan = steady(1)
    model = plan.phones[0].identity.model
    fake_daemon.images[f"{model}.img"] = make_image(model, "9.9.9")
    fleet = SimulatedFleet(plan, fake_daemon.url, fake_daemon.sip_address)
    await nursery.start(fleet.run)
    await becomes_true(lambda: bool(fake_daemon.bodies))
    assert fake_daemon.bodies[0]["fwVersion"] == "9.9.9"
    assert (fleet.statistics().flashed, fleet.statistics().reboots) == (1, 1)
    assert [method for _, method, path in fake_daemon.asked if path.endswith(".img")] == [
        *("HEAD", "GET", "GET"),
        *("HEAD", "GET"),
    ]


async def test_speed_dials_of_users_are_sent_now_and_then(fake_daemon: FakeDaemon, nursery: trio.Nursery) -> None:
    plan = replace(steady(1), tempo=replace(HURRIED, speed_dial_every=0.1))
    fleet = SimulatedFleet(plan, fake_daemon.url, fake_daemon.sip_address)
    await nursery.start(fleet.run)
    await becomes_true(lambda: fleet.statistics().user_files >= 1)
    path, text = fake_daemon.uploads[0]
    assert path == "/k/s3cret/configfiles/00908f000000.cfg"
    assert re.search(r"^personal_settings/functional_key/\d/speed_dial_number=\+44207946\d+$", text, re.MULTILINE)


async def test_a_planned_outage_happens_and_ends(fake_daemon: FakeDaemon, nursery: trio.Nursery) -> None:
    plan = plan_fleet(
        4,
        characters=[Character.STEADY] * 4,
        outages=[Outage("office", at=0.5, lasts=0.5)],
        tempo=HURRIED,
    )
    fleet = SimulatedFleet(plan, fake_daemon.url, fake_daemon.sip_address)
    await nursery.start(fleet.run)
    for powered in (4, 3, 4):
        await becomes_true(lambda wanted=powered: fleet.statistics().powered == wanted)  # type: ignore[misc]


async def test_troubles_are_counted_by_reason_and_the_boot_is_tried_again(
    fake_daemon: FakeDaemon, nursery: trio.Nursery
) -> None:
    fake_daemon.status = 503
    fleet = SimulatedFleet(steady(1), fake_daemon.url, fake_daemon.sip_address)
    await nursery.start(fleet.run)
    await becomes_true(lambda: fleet.statistics().troubles.get("status 503", 0) >= 1)
    fake_daemon.status = 200
    await becomes_true(lambda: fleet.statistics().by_status == {"registered": 1})


async def test_a_refused_registration_is_reported_as_unregistered(
    fake_daemon: FakeDaemon, nursery: trio.Nursery
) -> None:
    fake_daemon.register_code = 404
    fleet = SimulatedFleet(steady(1), fake_daemon.url, fake_daemon.sip_address)
    await nursery.start(fleet.run)
    await becomes_true(lambda: "unregistered" in fake_daemon.statuses("00908f000000"))
    assert fleet.statistics().troubles["REGISTER answered 404"] >= 1


async def test_a_lagging_phone_answers_late(fake_daemon: FakeDaemon, nursery: trio.Nursery) -> None:
    slow_at_once = PlannedPhone(
        identity=steady(1).phones[0].identity,
        character=Character.LAGGING,
        script=Script((Moment(0.0, Turn.SLOW),)),
        boot_at=0.0,
        seed="1",
    )
    fleet = SimulatedFleet(replace(steady(1), phones=(slow_at_once,)), fake_daemon.url, fake_daemon.sip_address)
    await nursery.start(fleet.run)
    await becomes_true(lambda: bool(fake_daemon.registers))
    begin = trio.current_time()
    await fake_daemon.ping(contact(fake_daemon.registers[0]))
    await becomes_true(lambda: bool(fake_daemon.replies))
    assert trio.current_time() - begin >= HURRIED.late_by[0]


class TcpSide:
    """A daemon's TCP socket: says yes to every request, and remembers what it heard."""

    def __init__(self) -> None:
        self.streams: list[trio.SocketStream] = []
        self.heard: list[str] = []

    async def serve(self, stream: trio.SocketStream) -> None:
        self.streams.append(stream)
        rest = b""
        try:
            async for data in stream:
                messages, rest = split(rest + data)
                for message in messages:
                    self.heard.append(message.decode())
                    if not message.startswith(b"SIP/2.0"):
                        await stream.send_all(granted(message.decode()))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return


def granted(request: str) -> bytes:
    head = request.split("\r\n\r\n", maxsplit=1)[0].split("\r\n")[1:]
    kept = [line for line in head if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq", "Contact")]
    return "\r\n".join(["SIP/2.0 200 OK", *kept, "Expires: 60", "Content-Length: 0", "", ""]).encode()


async def test_over_tcp_a_phone_registers_answers_pings_reports_calls_and_comes_back_when_it_is_cut_off(
    fake_daemon: FakeDaemon, nursery: trio.Nursery
) -> None:
    tempo = replace(HURRIED, call_every=0.2)
    plan = plan_fleet(1, characters=[Character.STEADY], outages=(), tempo=tempo, tcp_share=1.0)
    side, port = TcpSide(), fake_daemon.sip_address[1]
    await nursery.start(partial(trio.serve_tcp, side.serve, port, host="127.0.0.1"))
    fleet = SimulatedFleet(plan, fake_daemon.url, fake_daemon.sip_address)
    await nursery.start(fleet.run)
    await becomes_true(lambda: fleet.statistics().by_status == {"registered": 1})
    assert side.heard[0].startswith("REGISTER ")
    await side.streams[0].send_all(OPTIONS)
    await becomes_true(lambda: any(text.startswith("SIP/2.0 200 OK") for text in side.heard))
    await becomes_true(lambda: any(text.startswith("PUBLISH ") for text in side.heard))
    await side.streams[0].aclose()
    await becomes_true(lambda: len(side.streams) == 2)
    await becomes_true(lambda: sum(text.startswith("REGISTER ") for text in side.heard) == 2)
    counts = fleet.statistics()
    assert (counts.dialled, counts.cut_off, counts.registers, counts.troubles) == (2, 1, 2, {})
    assert counts.call_reports >= 1
    nursery.cancel_scope.cancel()
