"""Who may ask, in the order of the settings."""

from __future__ import annotations

from typing import Any

from daemon.snmp.agent.access import Accesses, Sources
from daemon.snmp.agent.scalars import Newest, Traffic
from daemon.snmp.agent.snapshot import ALL, Snapshot
from tests.support.agent_peers import HEALTH, PlainFleet, agent_settings


def accesses(snapshot: Snapshot, **agent: Any) -> Accesses:
    """Those of these settings."""
    traffic = Traffic(0, 0, 0, 0, 0)
    sources = Sources(PlainFleet(), lambda: HEALTH, lambda: traffic, Newest(), "here")
    return Accesses(agent_settings(**agent), sources, snapshot)


def test_a_community_and_a_user_find_their_own() -> None:
    both = accesses(Snapshot(PlainFleet()), access=[{"community": "alice"}, {"user": "alice"}])
    assert [each.user for each in both.of_community(b"alice")] == [""]
    assert [each.community for each in both.of_user("alice")] == [None]
    assert not both.of_community(b"")
    assert not both.of_community("alicé".encode())
    assert not both.of_user("")


def test_the_short_form_shows_everything_and_stands_first() -> None:
    short = accesses(Snapshot(PlainFleet()), community="public", access=[{"community": "public", "tenants": ["acme"]}])
    first, second = short.of_community(b"public")
    assert len(list(first.sight.after((1, 3)))) > len(list(second.sight.after((1, 3))))


def test_accesses_with_the_same_tenants_share_their_rows() -> None:
    snapshot = Snapshot(PlainFleet())
    three = [{"community": name, "tenants": ["acme", "beta"]} for name in "ab"] + [{"community": "c"}]
    accesses(snapshot, access=three)
    scopes = [ALL, frozenset({"acme", "beta"})]
    assert len({id(snapshot.listed(scope)) for scope in scopes}) == 2


def test_nobody_may_ask_unless_somebody_is_let() -> None:
    nobody = accesses(Snapshot(PlainFleet()), listen=None, access=[])
    assert not nobody.of_community(b"public")
