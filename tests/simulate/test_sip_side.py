from __future__ import annotations

import resource

import pytest
import trio

from daemon.scheduler.clock import Clock
from daemon.simulate.sip_side import SipSide
from daemon.simulate.sip_text import Address


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
