from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from daemon.errors import BadMessage
from daemon.integrations.ami import follow
from tests.support.ami_peer import (
    AmiPeer,
    Script,
    ami_peer,
    contact_list,
    contact_status,
    peer_entry,
    peer_status,
    status_detail,
)
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.learning import Learner, asterisk
from tests.support.waiting import becomes_true

# Asterisk 13 to 20 with both kinds of phones, 13 before its newer list, 21 and 22 without chan_sip.
BOTH = Script(contacts=[contact_list("2041")], peers=[peer_entry("2042"), peer_entry("2043", "-none-", 0)])
OLDER = Script(
    contacts=None,
    statuses=[status_detail("2041")],
    peers=[peer_entry("2042")],
    banner=b"Asterisk Call Manager/2.10.6\r\n",
)
NEWER = Script(contacts=[contact_list("2041"), contact_list("2042")], banner=b"Asterisk Call Manager/11.0.0\r\n")
IN_PLAIN = Script(contacts=[contact_list("2041"), contact_list("2042")], challenges=False)
SLOW_BYTES = Script(contacts=[contact_list("2041"), contact_list("2042")], bytewise=True)


@asynccontextmanager
async def following(script: Script) -> AsyncIterator[tuple[AmiPeer, Learner]]:
    """Everybody who is listed has been learned."""
    learner, heard = Learner(record(MAC), record(OTHER_MAC, number="2042")), trio.Event()
    async with ami_peer(script) as peer, trio.open_nursery() as nursery:
        nursery.start_soon(follow, asterisk(peer.port), learner.telling(), learner.clock, heard.set)
        with trio.fail_after(10):
            await heard.wait()
        yield peer, learner
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("script", [BOTH, OLDER, NEWER, IN_PLAIN, SLOW_BYTES])
async def test_who_is_registered_with_an_asterisk_of_any_age_is_learned(script: Script) -> None:
    async with following(script) as (_, learner):
        assert learner.address("2041") == ("10.1.2.7", 5060)
        assert learner.address("2042") is not None


async def test_who_comes_moves_and_leaves_is_learned_at_once() -> None:
    async with following(Script(contacts=[contact_list("2041")], peers=[])) as (peer, learner):
        await peer.say(*peer_status("2042", "Registered", "Address: 10.1.2.8:5062"))
        await peer.say(*contact_status("2041", "Removed"))
        await peer.say(*contact_status("2041", "Created", 5064))
        await becomes_true(lambda: learner.address("2042") == ("10.1.2.8", 5062))
        assert learner.address("2041") == ("10.1.2.7", 5064)
        await peer.say(*peer_status("2042", "Unregistered", "Cause: Expired"))
        await becomes_true(lambda: learner.address("2042") is None)


async def test_between_two_lists_the_server_is_pinged(autojump_clock: object) -> None:
    async with following(Script()) as (peer, _):
        await trio.sleep(100)
        assert peer.names().count("PJSIPShowContacts") == 2
        assert peer.names().count("Ping") == 2


async def failure(script: Script, **changed: object) -> str:
    """The reason why the conversation ended; nothing may have been learned."""
    learner = Learner(record(MAC))
    async with ami_peer(script) as peer:
        with trio.fail_after(1000), pytest.raises(BadMessage) as ended:
            await follow(asterisk(peer.port, **changed), learner.telling(), learner.clock, lambda: None)
    assert learner.address("2041") is None
    assert "top secret" not in str(ended.value)
    return ended.value.reason


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (Script(secret="another"), "login"),
        (Script(contacts=[contact_list("2041")] * 3, cut_after=2), "closed"),
        (Script(contacts=[contact_list("2041")], count_off=1), "list-cut"),
        (Script(contacts=None), "no-sip"),
        (Script(banner=b"220 mail.example.net ESMTP\r\n"), "banner"),
        (Script(banner=b"\x00\xff" * 40_000), "line-too-long"),
        (Script(raw={"PJSIPShowContacts": b"Event: X" + b"x" * 40_000}), "line-too-long"),
        (Script(raw={"PJSIPShowContacts": b"a: b\r\n" * 5000}), "packet-too-long"),
        (Script(contacts=[contact_list(str(user)) for user in range(20)]), "too-many"),
    ],
)
async def test_a_conversation_that_goes_wrong_ends_in_a_reason(script: Script, reason: str) -> None:
    assert await failure(script, max_contacts=10) == reason


@pytest.mark.parametrize(
    "script",
    [
        Script(banner=b""),
        Script(banner=b"Asterisk Call"),
        Script(mute=frozenset({"Challenge"})),
        Script(mute=frozenset({"Login"})),
        Script(mute=frozenset({"PJSIPShowContacts"})),
        Script(raw={"PJSIPShowContacts": b"nonsense\r\n\r\n: \r\n\r\nResponse: Success\r\nActionID: 99\r\n\r\n"}),
    ],
)
async def test_a_server_that_keeps_us_waiting_is_given_up(script: Script, autojump_clock: object) -> None:
    assert await failure(script) == "timeout"


async def test_a_server_that_is_not_there_is_an_error_of_the_system() -> None:
    learner = Learner()
    with pytest.raises(OSError, match="connect"):
        await follow(asterisk(9), learner.telling(), learner.clock, lambda: None)
