"""Invariant: whatever 2,000 mutated datagrams arrive, the endpoint lives, counts every one and answers the next."""

from __future__ import annotations

import random
from pathlib import Path

from daemon.fleet.model import Contact
from tests.support.sip_messages import BOB, register, request
from tests.support.sip_wire import Phone, ok, open_office, open_phone

DATA = Path(__file__).parents[1] / "data" / "sip"
SEED, DATAGRAMS = 5060, 2000
CORPUS = [request(), register(), request("INVITE"), ok(request()), b"\r\n\r\n", bytes(20)] + [
    path.read_bytes().partition(b"\n")[2].replace(b"\n", b"\r\n") for path in sorted(DATA.glob("*.sip"))
]
CORPUS += [path.read_bytes() for path in sorted(DATA.glob("*/*.dat"))]


def mutated(dice: random.Random) -> bytes:
    """One of the corpus with a few bytes changed, cut out, doubled or taken from another."""
    data = bytearray(dice.choice(CORPUS))
    for _ in range(dice.randint(0, 6)):
        place, length = dice.randrange(len(data) + 1), dice.randint(1, 40)
        match dice.randrange(5):
            case 0:
                data[place : place + 1] = dice.randbytes(1)
            case 1:
                del data[place : place + length]
            case 2:
                data[place:place] = data[place : place + length] * dice.randint(1, 30)
            case 3:
                data[place:place] = dice.choice([b"\r\n", b'"', b"<", b";", b",", b"\0", b"\xff", b":", b"%"])
            case _:
                other = dice.choice(CORPUS)
                data[place : place + length] = other[place : place + length]
    return bytes(data[:9000])


async def settle(phone: Phone) -> None:
    """Ask something whose answer proves that all before it was handled."""
    await phone.say(request(call_id="settled"))
    while b"Call-ID: settled" not in await phone.hear():
        pass


async def test_mutated_datagrams_are_counted_and_survived() -> None:
    dice = random.Random(SEED)
    async with open_office() as office, open_phone(office.endpoint.addresses[0]) as phone:
        # A phone that is known, so that it is listened to however much of it is turned down.
        office.phonebook.settle(BOB, Contact("sip:2042@127.0.0.1", *phone.address))
        for number in range(DATAGRAMS):
            await phone.say(mutated(dice))
            if number % 50 == 49:
                await settle(phone)
        statistics = office.endpoint.statistics()
        assert statistics.received == DATAGRAMS + DATAGRAMS // 50
        assert statistics.waiting == 0
        assert "internal" not in statistics.refused
        assert len(statistics.refused) > 10  # the mutations reach many a branch
