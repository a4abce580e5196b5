from __future__ import annotations

import resource
import socket
from contextlib import closing

import pytest
import trio
import trio.testing

from daemon.scheduler.clock import Clock
from daemon.simulate.sip_side import SipSide
from daemon.simulate.sip_text import Address
from tests.support.fake_daemon import OPTIONS


async def test_one_task_hears_every_phone_and_each_sends_from_its_own_address(nursery: trio.Nursery) -> None:
    addresses = [f"127.10.9.{host}" for host in range(1, 51)]
    side = SipSide(addresses, Clock())
    ear, arrivals = trio.open_memory_channel[tuple[int, bytes, Address]](50)
    nursery.start_soon(side.run, lambda *what: ear.send_nowait(what))
    for phone in range(50):
        side.send(phone, b"hello", ("127.10.9.50", side.port(49)))
    with trio.fail_after(5):
        heard = [await arrivals.receive() for _ in range(50)]
    assert {phone for phone, _, _ in heard} == {49}
    assert sorted(source for _, _, source in heard) == sorted((a, side.port(n)) for n, a in enumerate(addresses))
    assert side.statistics().sent == side.statistics().received == 50
    nursery.cancel_scope.cancel()
    side.close()


async def test_a_late_answer_is_sent_when_its_time_has_come(nursery: trio.Nursery) -> None:
    side = SipSide(["127.10.9.1"], Clock())
    ear, arrivals = trio.open_memory_channel[bytes](2)
    nursery.start_soon(side.run, lambda _, data, __: ear.send_nowait(data))
    side.send(0, b"late", ("127.10.9.1", side.port(0)), delay=0.2)
    side.send(0, b"prompt", ("127.10.9.1", side.port(0)))
    begin = trio.current_time()
    with trio.fail_after(5):
        heard = [await arrivals.receive() for _ in range(2)]
    assert heard == [b"prompt", b"late"]
    assert trio.current_time() - begin >= 0.2
    nursery.cancel_scope.cancel()
    side.close()


async def test_what_the_kernel_does_not_take_is_counted() -> None:
    side = SipSide(["127.10.9.1"], Clock())
    side.send(0, bytes(70_000), ("127.0.0.1", 9))
    assert side.statistics().unsent == 1
    side.close()


async def test_more_phones_than_open_files_are_refused_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 100))
    with pytest.raises(OSError, match="ulimit -n"):
        SipSide(["127.10.9.1"], Clock())


def listening() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    sock.settimeout(5)
    return sock


async def test_over_tcp_a_phone_dials_speaks_and_hears_over_its_own_connection(nursery: trio.Nursery) -> None:
    side = SipSide(["127.10.9.1", "127.10.9.2"], Clock(), over_tcp={1})
    ear, arrivals = trio.open_memory_channel[tuple[int, bytes, Address]](5)
    nursery.start_soon(side.run, lambda *what: ear.send_nowait(what))
    with listening() as daemon, closing(side):
        side.dial(0, daemon.getsockname())  # uses UDP: nothing happens
        side.dial(1, daemon.getsockname())
        side.send(1, b"hello", daemon.getsockname())
        far, source = await trio.to_thread.run_sync(daemon.accept)
        with far:
            assert source[0] == "127.10.9.2"
            assert await trio.to_thread.run_sync(far.recv, 100) == b"hello"
            far.sendall(OPTIONS)
            with trio.fail_after(5):
                assert await arrivals.receive() == (1, OPTIONS, daemon.getsockname())
        nursery.cancel_scope.cancel()
    counts = side.statistics()
    assert (counts.dialled, counts.received, counts.sent, counts.lost) == (1, 1, 1, 0)


async def test_a_connection_that_ends_is_told_and_one_that_is_hung_up_is_not(nursery: trio.Nursery) -> None:
    side = SipSide(["127.10.9.1"], Clock(), over_tcp={0})
    ear, lost = trio.open_memory_channel[int](5)
    nursery.start_soon(side.run, lambda *_: None, ear.send_nowait)
    await trio.testing.wait_all_tasks_blocked()
    with listening() as daemon, closing(side):
        for _ in range(2):
            side.dial(0, daemon.getsockname())
            (await trio.to_thread.run_sync(daemon.accept))[0].close()
            with trio.fail_after(5):
                assert await lost.receive() == 0
        side.dial(0, daemon.getsockname())
        side.hang_up(0)
        side.hang_up(0)
        side.send(0, b"nobody hears that", daemon.getsockname())
        nursery.cancel_scope.cancel()
    assert (side.statistics().lost, side.statistics().unsent) == (2, 1)
    with pytest.raises(trio.WouldBlock):
        lost.receive_nowait()


async def test_who_finds_nobody_there_is_told_that_too(nursery: trio.Nursery) -> None:
    side = SipSide(["127.10.9.1"], Clock(), over_tcp={0})
    ear, lost = trio.open_memory_channel[int](5)
    nursery.start_soon(side.run, lambda *_: None, ear.send_nowait)
    await trio.testing.wait_all_tasks_blocked()
    with closing(side):
        with listening() as daemon:
            address = daemon.getsockname()
        side.dial(0, address)
        with trio.fail_after(5):
            assert await lost.receive() == 0
        nursery.cancel_scope.cancel()


async def test_the_contact_of_a_phone_that_uses_tcp_has_the_usual_port() -> None:
    with closing(SipSide(["127.10.9.1"], Clock(), over_tcp={0})) as side:
        assert side.port(0) == 5060
