from __future__ import annotations

import math
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config.settings import Quality
from daemon.fleet.call_book import CallBook, Reporter
from daemon.fleet.calls import AlertLevel, CallQuality, QualityAlert, QualityReport, ReportKind
from daemon.fleet.model import Status
from daemon.fleet.quality import Place
from tests.support.builders import MAC, NOW, OTHER_MAC
from tests.support.calls import a_call, a_report, an_alert, measured

ALICE = Reporter(MAC, "acme", "hq", "10.1.2.7")
BOB = Reporter(OTHER_MAC, "acme", "hq", "10.1.2.8")
SBC = Reporter(None, "acme", "hq", "10.1.2.1")
HQ = Place("acme", "hq")


def a_book(calls: Iterable[CallQuality] = (), **fields: object) -> CallBook:
    return CallBook(calls, Quality.model_validate(fields), NOW)


def test_a_session_report_is_a_call_with_a_verdict() -> None:
    book = a_book()
    call = book.take(a_report(mos=3.0), ALICE, NOW)
    assert call is not None
    assert (call.device, call.tenant, call.site, call.mos, call.verdict) == (MAC, "acme", "hq", 3.0, Status.ERROR)
    assert (call.kind, call.at, call.text) == (ReportKind.SESSION, NOW, "VQSessionReport of call-1")
    assert book.experience(HQ).calls == book.experience(MAC).calls == 1


def test_a_report_that_was_sent_twice_counts_once() -> None:
    book = a_book()
    assert book.take(a_report(), ALICE, NOW)
    assert book.take(a_report(), ALICE, NOW + 1) is None
    assert (len(book), book.statistics().repeated) == (1, 1)


def test_both_ends_of_a_call_report_it_each_for_itself() -> None:
    book = a_book()
    ids = {call.id for who in (ALICE, BOB, SBC) if (call := book.take(a_report(), who, NOW))}
    assert len(ids) == len(book) == 3


def test_intervals_renew_a_call_and_its_session_report_finishes_it() -> None:
    book, interval = a_book(), ReportKind.INTERVAL
    first = book.take(a_report(mos=2.5, kind=interval, began=-40, ended=-20), ALICE, NOW)
    second = book.take(a_report(mos=3.5, kind=interval, began=-20, ended=0), ALICE, NOW + 20)
    last = book.take(a_report(mos=4.0, began=-45, ended=2), ALICE, NOW + 22)
    assert first
    assert second
    assert last
    assert first.id == second.id == last.id
    assert (second.mos, second.started_at, second.reports) == (3.5, NOW - 40, 2)
    assert (last.mos, last.started_at, last.ended_at, last.kind) == (4.0, NOW - 45, NOW + 2, ReportKind.SESSION)
    assert (len(book), book.experience(MAC).mos) == (1, 4.0)


@pytest.mark.parametrize("times", [(-40, -20), (None, None)], ids=["of before", "without times"])
def test_an_interval_that_was_overtaken_by_the_session_report_changes_nothing(
    times: tuple[float | None, float | None],
) -> None:
    book = a_book()
    book.take(a_report(), ALICE, NOW)
    late = a_report(mos=1.0, kind=ReportKind.INTERVAL, began=times[0], ended=times[1])
    assert book.take(late, ALICE, NOW + 1) is None
    assert book.experience(MAC).mos == 4.1


def test_a_call_that_was_on_hold_has_two_pieces() -> None:
    book = a_book()
    one = book.take(a_report(began=-300, ended=-200), ALICE, NOW)
    other = book.take(a_report(began=-100, ended=0), ALICE, NOW + 1)
    assert one
    assert other
    assert one.id != other.id
    assert len(book) == 2


def test_an_alert_weighs_on_its_call_until_it_is_cleared() -> None:
    book = a_book()
    critical, clear = (QualityAlert("NLR", level, "local", NOW) for level in (AlertLevel.CRITICAL, AlertLevel.CLEAR))
    raised = book.take(an_alert(critical), ALICE, NOW)
    assert raised
    assert (raised.verdict, raised.reason) == (Status.ERROR, "NLR critical at the local end")
    assert book.take(an_alert(critical), ALICE, NOW) is None
    ended = book.take(a_report(), ALICE, NOW + 1)
    cleared = book.take(an_alert(clear), ALICE, NOW + 2)
    assert ended
    assert cleared
    assert (ended.verdict, cleared.verdict) == (Status.ERROR, Status.OK)
    assert (cleared.alerts, cleared.mos, cleared.id) == ((clear,), 4.1, raised.id)


def test_a_mos_computed_from_r_stands_in_for_one() -> None:
    metrics = measured(None, r_lq=70.0)
    call = a_book().take(a_report(local_metrics=metrics), ALICE, NOW)
    assert call
    assert (call.mos, call.reason) == (3.6, "MOS 3.60 at the local end, computed from R")


def test_calls_leave_with_the_window() -> None:
    book = a_book(window="1h")
    book.take(a_report("a"), ALICE, NOW)
    book.take(a_report("b"), BOB, NOW + 10)
    assert book.next_deadline() == NOW + 3600
    assert [call.call_id for call in book.expire(NOW + 3605)] == ["a"]
    assert (book.experience(MAC).status, book.experience(HQ).calls) == (Status.UNMONITORED, 1)
    assert list(book.devices()) == [OTHER_MAC]
    book.expire(NOW + 3610)
    assert (len(book), list(book.places()), book.next_deadline()) == (0, [], math.inf)


def test_a_device_and_the_whole_have_their_bounds() -> None:
    book = a_book(max_calls_per_device=2, max_calls=100)
    for index in range(5):
        book.take(a_report(f"a{index}"), ALICE, NOW + index)
    assert (len(book), book.experience(MAC).calls) == (2, 2)
    for index in range(110):
        book.take(a_report(f"s{index}"), SBC, NOW + index)
    assert len(book) == 100
    assert book.statistics().pushed_out == 3 + 12
    assert {call.call_id for call in book.expire(NOW)} >= {"a0", "a1", "a2", "a3"}  # to be looked at again, once
    assert book.expire(NOW) == []


def test_after_a_restart_the_window_is_as_it_was() -> None:
    kept = [a_call("c1", at=NOW - 10, text="VQ"), a_call("c2", at=NOW - 4000), a_call("c3", 2.0, at=NOW - 20)]
    book = a_book(kept)
    assert len(book) == 2
    assert book.experience(MAC).mos == pytest.approx(3.05)
    assert [call.id for call in book.expire(NOW + 3600)] == ["c3", "c1"]


def test_statistics_count_finished_calls_by_what_g107_calls_them() -> None:
    book = a_book()
    for index, mos in enumerate((2.0, 3.6, 4.4, None)):
        book.take(a_report(str(index), mos, local_metrics=measured(mos) if mos else None), ALICE, NOW)
    book.take(a_report("x", 2.0, ReportKind.INTERVAL), ALICE, NOW)
    found = book.statistics()
    assert found.mos_at_most == {2.58: 1, 3.60: 1, math.inf: 1}
    assert found.mos_sum == pytest.approx(10.0)
    assert found.verdicts == {"ERROR": 1, "OK": 2, "UNMONITORED": 1}
    assert found.reports == {"session": 4, "interval": 1}


reports = st.builds(
    a_report,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from([2.0, 3.5, 4.2]),
    st.sampled_from([ReportKind.SESSION, ReportKind.INTERVAL]),
    began=st.sampled_from([None, -300.0, -100.0]),
    ended=st.sampled_from([None, -200.0, 0.0]),
)


@settings(max_examples=80)
@given(st.lists(st.tuples(reports, st.sampled_from([ALICE, BOB, SBC]), st.integers(0, 60)), max_size=30))
def test_sums_are_those_of_the_calls_whatever_comes(script: list[tuple[QualityReport, Reporter, int]]) -> None:
    book, now = a_book(window="2m", max_calls_per_device=3), NOW
    held: dict[str, CallQuality] = {}
    for report, who, later in script:
        now += later
        call = book.take(report, who, now)
        held.update({call.id: call} if call else {})
        for gone in book.expire(now):
            held.pop(gone.id)
        assert len(book) == len(held)
        assert book.experience(HQ).calls == len(held)
        for mac in (MAC, OTHER_MAC):
            assert book.experience(mac).calls == sum(call.device == mac for call in held.values()) <= 3
