from __future__ import annotations

import signal

import trio

from daemon.cli.ending import ENDING, end_on


async def test_either_signal_ends_the_scope_quietly() -> None:
    for number in ENDING:
        with trio.open_signal_receiver(*ENDING) as signals:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(end_on, signals, nursery.cancel_scope)
                signal.raise_signal(number)
                await trio.sleep_forever()
        assert nursery.cancel_scope.cancelled_caught
