from __future__ import annotations

from daemon.http.operators.sessions import Sessions


def test_a_session_is_found_until_it_is_over() -> None:
    sessions = Sessions()
    name = sessions.begin("ada", "hash", expires_at=100.0)

    found = sessions.find(name, now=99.9)
    assert found is not None
    assert found.operator == "ada"
    assert sessions.find(name, now=100.0) is None
    assert len(sessions) == 0


def test_a_name_that_was_never_given_finds_nothing() -> None:
    assert Sessions().find("guess", now=0.0) is None


def test_a_session_ends_when_told() -> None:
    sessions = Sessions()
    name = sessions.begin("ada", "hash", expires_at=100.0)

    sessions.end(name)
    sessions.end(name)

    assert sessions.find(name, now=0.0) is None


def test_beyond_the_limit_the_oldest_session_goes_and_is_counted() -> None:
    sessions = Sessions(limit=2)
    names = [sessions.begin("ada", "hash", expires_at=100.0) for _ in range(3)]

    assert [sessions.find(name, now=0.0) is not None for name in names] == [False, True, True]
    assert sessions.pushed_out == 1


def test_the_table_does_not_hold_what_the_browser_holds() -> None:
    sessions = Sessions()
    name = sessions.begin("ada", "hash", expires_at=100.0)

    assert name not in sessions._by_hash
