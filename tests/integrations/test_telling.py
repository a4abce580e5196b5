from __future__ import annotations

import pytest

from daemon.errors import StoreUnavailable
from daemon.fleet.events import ContactsLearned, ContactsLost
from daemon.fleet.model import Mac
from daemon.integrations.ami_contacts import Gone
from daemon.integrations.sightings import Sighting
from daemon.integrations.telling import PIECE, forget_server
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.learning import Learner


def seen(user: str, port: int = 5060) -> Sighting:
    return Sighting(user, f"sip:{user}@10.1.2.7:{port}")


def many(count: int) -> Learner:
    return Learner(*(record(Mac(f"00908f{index:06x}"), number=str(10_000 + index)) for index in range(count)))


async def test_a_big_list_is_told_in_pieces_and_who_is_missing_is_lost() -> None:
    learner = many(2 * PIECE + 1)
    telling = learner.telling()
    users = [str(10_000 + index) for index in range(2 * PIECE + 1)]
    await telling.everything(map(seen, users))
    pieces = [len(event.contacts) for event in learner.events if isinstance(event, ContactsLearned)]
    assert pieces == [PIECE, PIECE, 1]
    assert telling.contacts == 2 * PIECE + 1
    await telling.everything(map(seen, users[:1]))
    assert [len(event.users) for event in learner.events if isinstance(event, ContactsLost)] == [PIECE, PIECE]
    assert telling.contacts == 1
    assert learner.address(users[1]) is None


async def test_a_list_that_says_the_same_again_writes_nothing() -> None:
    learner = many(3)
    telling, before = learner.telling(), learner.saved()
    for _ in range(2):
        await telling.everything(map(seen, ("10000", "10001", "10002")))
        assert learner.saved() == before + 3


async def test_users_of_nobody_are_counted_and_contacts_of_no_use_by_their_reason() -> None:
    learner = Learner(record())
    telling = learner.telling()
    await telling.everything([seen("9999"), seen("9998"), Sighting("2041", "mailto:x")])
    assert (telling.contacts, telling.unknown, telling.skipped) == (0, 2, {"uri": 1})


async def test_a_contact_that_cannot_be_read_any_more_is_no_departure() -> None:
    learner = Learner(record())
    telling = learner.telling()
    await telling.everything([seen("2041")])
    await telling.everything([Sighting("2041", "mailto:x")])
    assert learner.address("2041") == ("10.1.2.7", 5060)


async def test_changes_are_told_without_anybody_missing() -> None:
    learner = Learner(record(), record(OTHER_MAC, number="2042"))
    telling = learner.telling()
    await telling.everything([seen("2041"), seen("2042")])
    await telling.changes([seen("2041", 5062)], [Gone("2042", "sip:2042@10.1.2.7:5060")])
    assert (learner.address("2041"), learner.address("2042")) == (("10.1.2.7", 5062), None)


async def test_a_disk_that_refuses_ends_the_telling() -> None:
    learner = Learner(record())
    learner.disk_full = True
    with pytest.raises(StoreUnavailable):
        await learner.telling().everything([seen("2041")])


async def test_a_server_that_is_asked_no_longer_is_forgotten_with_all_it_said() -> None:
    learner = Learner(record())
    await learner.telling().everything([seen("2041")])
    await forget_server("pbx-a", learner.deliver, learner.fleet)
    assert learner.address("2041") is None
    assert not learner.fleet.learned_servers()
    assert learner.fleet.device(MAC) is not None
