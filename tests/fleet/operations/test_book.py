"""The book of operations under random weather: phones that obey or not, operators who pause, a daemon that dies."""

from __future__ import annotations

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from daemon.fleet.acts import OperationSteered
from daemon.fleet.commands import SendNotify
from daemon.fleet.model import Mac
from daemon.fleet.operations.operation import ENDED, OVER, Kind, OperationState, Plan, Step, Word
from tests.support.operations_play import OperationsPlay, macs

PHONES = macs(6)
PLAN = Plan(batch=1, delay=30.0, waves=(2,), budget=0.9, patience=3600.0)


class Weather(OperationsPlay):
    """Some orders are kept, but the daemon dies before they leave."""

    cut = False

    def leaves(self, order: SendNotify) -> None:
        """Only restarts are counted: an update may come twice."""
        if order.reboot and not self.cut:
            super().leaves(order)


class Operations(RuleBasedStateMachine):
    """One restart, which nobody may be asked for twice, and one update that may be repeated."""

    def __init__(self) -> None:
        super().__init__()
        self.play = Weather(len(PHONES))
        self.play.orders_it(Kind.RESTART, PLAN)
        self.play.orders_it(Kind.UPDATE_CONFIGURATION, PLAN)

    @rule(mac=st.sampled_from(PHONES), reboot=st.booleans(), delivered=st.booleans())
    def answers(self, mac: Mac, reboot: bool, delivered: bool) -> None:
        self.play.answers_notify(mac, reboot=reboot, delivered=delivered)

    @rule(mac=st.sampled_from(PHONES), status=st.sampled_from(("started", "registered", "offline")))
    def reports(self, mac: Mac, status: str) -> None:
        self.play.says(status, mac)

    @rule(mac=st.sampled_from(PHONES), complete=st.booleans())
    def fetches(self, mac: Mac, complete: bool) -> None:
        self.play.fetches(mac, complete=complete)

    @rule(mac=st.sampled_from(PHONES))
    def registers(self, mac: Mac) -> None:
        self.play.registers_at(mac)

    @rule(seconds=st.sampled_from((1.0, 31.0, 130.0, 700.0)), cut=st.booleans())
    def time_passes(self, seconds: float, cut: bool) -> None:
        """With `cut`, whatever would have left is lost with the daemon, which is started again."""
        self.play.cut = cut
        self.play.passes(seconds)
        self.play.cut = False
        if cut:
            self.play.dies()

    @rule(identity=st.sampled_from((1, 2)), word=st.sampled_from((Word.PAUSE, Word.RESUME)))
    def steered(self, identity: int, word: Word) -> None:
        self.play.hears(OperationSteered(identity, word, "ada"))

    @invariant()
    def nobody_restarts_twice(self) -> None:
        assert all(count == 1 for count in self.play.sent.values())

    @invariant()
    def what_is_kept_is_what_is(self) -> None:
        kept = {item.key: item for item in self.play.memory.snapshot().operation_items}
        book = self.play.fleet.operations
        assert kept.keys() == {item.key for identity in (1, 2) for item in book.items(identity).values()}
        assert all(sum(book.counts(identity).values()) == len(PHONES) for identity in (1, 2))

    def teardown(self) -> None:
        """Left alone, everything ends."""
        for _ in range(4):
            for identity, operation in self.play.fleet.operations.by_id.items():
                if operation.state in (OperationState.PAUSED, OperationState.HALTED):
                    self.play.hears(OperationSteered(identity, Word.RESUME, "ada"))
            self.play.passes(4 * 3600)
        for identity, operation in self.play.fleet.operations.by_id.items():
            assert operation.state in OVER or operation.state is OperationState.HALTED
            if operation.state in OVER:
                assert all(item.step in ENDED for item in self.play.fleet.operations.items(identity).values())


quick = hypothesis_settings(max_examples=40, stateful_step_count=40, deadline=None)
TestOperations = Operations.TestCase
TestOperations.settings = quick


def test_a_daemon_killed_in_the_middle_of_a_batch_asks_nobody_twice_and_goes_on() -> None:
    play = OperationsPlay(6)
    play.orders_it(Kind.RESTART, Plan(batch=5, delay=120.0))
    play.passes(1)
    play.answers_notify(play.phones[0])
    play.passes(10)
    play.dies()
    for mac in play.phones[:5]:
        play.obeys(mac)
    play.passes(120)
    play.obeys(play.phones[5])
    assert set(play.sent.values()) == {1}
    assert play.steps() == {Step.PROVED: 6}


def test_what_does_no_harm_twice_is_asked_again_after_a_restart_of_ours() -> None:
    play = OperationsPlay()
    play.orders_it(Kind.UPDATE_CONFIGURATION)
    play.passes(1)
    play.dies()
    play.passes(1)
    assert play.sent[play.phones[0]] == 2


def test_the_time_we_were_away_is_not_held_against_a_phone() -> None:
    play = OperationsPlay()
    play.orders_it(Kind.RESTART)
    play.passes(1)
    play.answers_notify()
    play.now += 7200
    play.dies()
    play.passes(60)
    assert play.item().step is Step.DELIVERED


def test_statistics_count_operations_by_state_and_devices_by_step() -> None:
    play = OperationsPlay(3)
    play.orders_it(Kind.NICKNAME, nickname="a")
    play.passes(0)
    statistics = play.fleet.operations.statistics()
    assert statistics.states == {OperationState.FINISHED: 1}
    assert statistics.steps[Step.PROVED] == 3
