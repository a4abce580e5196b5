from __future__ import annotations

import pytest

from daemon.errors import BadMessage
from daemon.integrations.ami_contacts import Gone
from daemon.integrations.ami_session import (
    ANSWER_WITHIN,
    BOOTED_WITHIN,
    LIST_WITHIN,
    PING_AFTER,
    TELL_AFTER,
    AmiSession,
    Changed,
    Listed,
)
from tests.support.ami_peer import (
    CHALLENGE,
    UNKNOWN,
    contact_list,
    contact_status,
    packet,
    peer_entry,
    peer_status,
    status_detail,
)

REFRESH = 300.0
BOOTED = packet("Event: FullyBooted", "Status: Fully Booted")


class Talk:
    """A session with a clock that the test turns, and its server's lines."""

    def __init__(self, most: int = 100) -> None:
        self.now = 1000.0
        self.session = AmiSession("ringkeeper", "top secret", REFRESH, most, self.now)
        self.told: list[Listed | Changed] = []

    def hears(self, *lines: str) -> None:
        self.hears_bytes(packet(*lines))

    def hears_bytes(self, data: bytes) -> None:
        self.told += self.session.receive(data, self.now)

    def asked(self) -> dict[str, str]:
        """The one action it sent since."""
        text = self.session.to_send().decode()
        assert text.count("\r\n\r\n") <= 1
        return dict(line.split(": ", 1) for line in text.strip().split("\r\n")) if text else {}

    def answers(self, *lines: str, response: str = "Success") -> dict[str, str]:
        """The server answers the last action; what the session asks next."""
        self.hears(f"Response: {response}", f"ActionID: {self.session._asked}", *lines)
        return self.asked()

    def refuses(self, why: str) -> dict[str, str]:
        return self.answers(f"Message: {why}", response="Error")

    def lists(self, *entries: list[str], end: str = "ListComplete") -> dict[str, str]:
        action_id = f"ActionID: {self.session._asked}"
        self.answers("EventList: start")
        for entry in entries:
            self.hears(entry[0], action_id, *entry[1:])
        self.hears(f"Event: {end}", action_id, "EventList: Complete", f"ListItems: {len(entries)}")
        return self.asked()

    def passes(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self.session.next_deadline()) <= end:
            self.now = max(self.now, due)
            self.told += self.session.expire(self.now)
        self.now = end

    def logs_in(self) -> dict[str, str]:
        self.hears_bytes(b"Asterisk Call Manager/5.0.2\r\n")
        self.asked()
        self.answers(f"Challenge: {CHALLENGE}")
        self.answers("Message: Authentication accepted")
        self.hears_bytes(BOOTED)
        return self.asked()

    def settles(self) -> None:
        """Logged in, with an empty list."""
        self.logs_in()
        self.refuses("No Contacts found")
        self.refuses(UNKNOWN.format("SIPpeers"))


def test_the_secret_is_proved_and_never_sent() -> None:
    talk = Talk()
    talk.hears_bytes(b"Asterisk Call Manager/5.0.2\r\n")
    assert talk.asked() == {"Action": "Challenge", "ActionID": "1", "AuthType": "MD5"}
    login = talk.answers(f"Challenge: {CHALLENGE}")
    assert login == {
        "Action": "Login",
        "ActionID": "2",
        "AuthType": "MD5",
        "Username": "ringkeeper",
        "Key": "85d925a3da1d3e6742bd5a26b43369a0",  # md5sum of the challenge and the secret
        "Events": "system",
    }


def test_a_server_without_challenges_is_given_the_secret() -> None:
    talk = Talk()
    talk.hears_bytes(b"Asterisk Call Manager/1.1\r\n")
    talk.asked()
    assert talk.refuses("Must specify AuthType")["Secret"] == "top secret"


def test_a_wrong_secret_ends_the_session_with_the_servers_words() -> None:
    talk = Talk()
    talk.hears_bytes(b"Asterisk Call Manager/5.0.2\r\n")
    talk.asked()
    talk.answers(f"Challenge: {CHALLENGE}")
    with pytest.raises(BadMessage, match="login: Authentication failed"):
        talk.refuses("Authentication failed")


def test_both_kinds_of_phones_are_listed_as_one() -> None:
    talk = Talk()
    assert talk.logs_in()["Action"] == "PJSIPShowContacts"
    assert talk.lists(contact_list("2041"), contact_list("2042"))["Action"] == "SIPpeers"
    assert talk.lists(peer_entry("3001"), peer_entry("3002", "-none-", 0)) == {}
    [listed] = talk.told
    assert isinstance(listed, Listed)
    assert [one.user for one in listed.sightings] == ["2041", "2042", "3001"]


def test_of_several_contacts_the_one_that_registered_last_counts() -> None:
    talk = Talk()
    talk.logs_in()
    old, new = contact_list("2041", 5060, expires=100), contact_list("2041", 5062, expires=200)
    talk.lists(old, new, old)
    talk.refuses(UNKNOWN.format("SIPpeers"))
    [listed] = talk.told
    assert [one.uri for one in listed.sightings] == ["sip:2041@10.1.2.7:5062"]


def test_an_older_asterisk_is_asked_in_the_older_way() -> None:
    talk = Talk()
    talk.logs_in()
    assert talk.refuses(UNKNOWN.format("x"))["Action"] == "PJSIPShowRegistrationInboundContactStatuses"
    assert talk.lists(status_detail("2041"))["Action"] == "SIPpeers"
    talk.lists()
    [listed] = talk.told
    assert [one.user for one in listed.sightings] == ["2041"]


def test_an_asterisk_without_sip_is_no_use() -> None:
    talk = Talk()
    talk.logs_in()
    talk.refuses(UNKNOWN.format("x"))
    assert talk.refuses(UNKNOWN.format("x"))["Action"] == "SIPpeers"
    with pytest.raises(BadMessage, match="no-sip"):
        talk.refuses(UNKNOWN.format("x"))


@pytest.mark.parametrize(("said", "reason"), [("Permission denied", "permission"), ("Something broke", "list")])
def test_a_list_that_is_refused_is_no_empty_list(said: str, reason: str) -> None:
    talk = Talk()
    talk.logs_in()
    with pytest.raises(BadMessage) as refused:
        talk.refuses(said)
    assert refused.value.reason == reason


def test_nobody_registered_is_a_list_too() -> None:
    talk = Talk()
    talk.settles()
    assert talk.told == [Listed(())]


def test_a_list_with_fewer_entries_than_it_says_does_not_count() -> None:
    talk = Talk()
    talk.logs_in()
    action_id = f"ActionID: {talk.session._asked}"
    talk.answers("EventList: start")
    talk.hears("Event: ContactList", action_id, *contact_list("2041")[1:])
    with pytest.raises(BadMessage, match="list-cut"):
        talk.hears("Event: ContactListComplete", action_id, "EventList: Complete", "ListItems: 2")


def test_more_contacts_than_the_limit_end_the_session() -> None:
    talk = Talk(most=2)
    talk.logs_in()
    with pytest.raises(BadMessage, match="too-many"):
        talk.lists(*(contact_list(str(user)) for user in range(3)))
    talk = Talk(most=2)
    talk.settles()
    talk.hears(*contact_status("1", "Created"))
    talk.hears(*contact_status("2", "Created"))
    with pytest.raises(BadMessage, match="too-many"):
        talk.hears(*contact_status("3", "Created"))


def test_lists_wait_until_asterisk_is_fully_booted_but_not_for_ever() -> None:
    talk = Talk()
    talk.hears_bytes(b"Asterisk Call Manager/5.0.2\r\n")
    talk.asked()
    talk.answers(f"Challenge: {CHALLENGE}")
    talk.answers("Message: Authentication accepted")
    assert talk.asked() == {}
    talk.passes(BOOTED_WITHIN)
    assert talk.asked()["Action"] == "PJSIPShowContacts"


def test_lists_are_asked_for_again_at_every_interval_and_after_a_boot() -> None:
    talk = Talk()
    talk.settles()
    talk.passes(PING_AFTER)
    assert talk.asked()["Action"] == "Ping"
    talk.answers("Ping: Pong")
    talk.hears_bytes(BOOTED)
    talk.passes(0)
    assert talk.asked()["Action"] == "PJSIPShowContacts"
    talk.hears_bytes(BOOTED)
    talk.refuses("No Contacts found")
    talk.refuses(UNKNOWN.format("SIPpeers"))
    talk.passes(0)
    assert talk.asked()["Action"] == "PJSIPShowContacts", "it booted while the list was written"
    talk.refuses("No Contacts found")
    talk.refuses(UNKNOWN.format("SIPpeers"))
    for _ in range(int(REFRESH / PING_AFTER) - 1):
        talk.passes(PING_AFTER)
        assert talk.asked()["Action"] == "Ping"
        talk.answers("Ping: Pong")
    talk.passes(PING_AFTER)
    assert talk.asked()["Action"] == "PJSIPShowContacts"


@pytest.mark.parametrize("within", [ANSWER_WITHIN, LIST_WITHIN])
def test_a_server_that_does_not_answer_is_given_up(within: float) -> None:
    talk = Talk()
    if within == LIST_WITHIN:
        talk.logs_in()
        talk.answers("EventList: start")
    talk.passes(within - 0.1)
    with pytest.raises(BadMessage, match="timeout"):
        talk.passes(0.2)


def test_a_ping_without_an_answer_ends_the_session_and_any_word_puts_it_off() -> None:
    talk = Talk()
    talk.settles()
    talk.passes(PING_AFTER - 1)
    talk.hears(*peer_status("2041", "Reachable", "Time: 3"))
    talk.passes(PING_AFTER - 1)
    assert talk.asked() == {}
    talk.passes(1)
    assert talk.asked()["Action"] == "Ping"
    with pytest.raises(BadMessage, match="timeout"):
        talk.passes(ANSWER_WITHIN)


def test_events_are_told_together_and_the_last_word_of_a_user_counts() -> None:
    talk = Talk()
    talk.settles()
    talk.told.clear()
    talk.hears(*contact_status("2041", "Created", 5062))
    talk.hears(*contact_status("2041", "Removed", 5060))
    talk.hears(*contact_status("2042", "Reachable"))
    talk.hears(*contact_status("2042", "Removed"))
    talk.hears(*peer_status("3001", "Unregistered", "Cause: Expired"))
    talk.hears(*peer_status("3001", "Registered", "Address: 10.1.2.8:5060"))
    assert talk.told == []
    talk.passes(TELL_AFTER)
    [changed] = talk.told
    assert isinstance(changed, Changed)
    assert [one.uri for one in changed.sightings] == ["sip:2041@10.1.2.7:5062", "sip:3001@10.1.2.8:5060"]
    assert changed.gone == (Gone("2042", "sip:2042@10.1.2.7:5060"),)


def test_what_happens_while_a_list_is_written_counts_more_than_the_list() -> None:
    talk = Talk()
    talk.logs_in()
    talk.hears(*contact_status("2041", "Created", 5099))
    talk.hears(*contact_status("2042", "Removed"))
    talk.passes(TELL_AFTER * 2)
    assert talk.told == []
    talk.lists(contact_list("2041"), contact_list("2042"))
    talk.refuses(UNKNOWN.format("SIPpeers"))
    talk.passes(0)
    listed, changed = talk.told
    assert [one.uri for one in listed.sightings] == ["sip:2041@10.1.2.7:5099", "sip:2042@10.1.2.7:5060"]
    assert isinstance(changed, Changed)
    assert changed.gone == (Gone("2042", "sip:2042@10.1.2.7:5060"),)


def test_an_answer_to_something_else_is_none() -> None:
    talk = Talk()
    talk.logs_in()
    talk.hears("Response: Error", "ActionID: 99", "Message: Permission denied")
    talk.hears("Event: ContactListComplete", "ActionID: 99", "EventList: Complete", "ListItems: 7")
    assert talk.told == []
    assert talk.refuses("No Contacts found")["Action"] == "SIPpeers"
