from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.simulate.orders import Order, order_of, orders_in
from daemon.simulate.sip_text import read_sip
from tests.support.fake_daemon import OPTIONS, notify


@pytest.mark.parametrize(
    ("handler", "order"),
    [
        ("ResetGracefulHandler", Order.RESTART),
        ("ResetForceHandler", Order.RESTART_AT_ONCE),
        ("UpdateConfigurationHandler", Order.FETCH),
    ],
)
def test_a_request_is_known_by_the_end_of_its_path_as_an_object_and_as_text(handler: str, order: Order) -> None:
    request = {"method": "POST", "path": f"/rest/v1/command/{handler}", "body": {}}
    assert orders_in([request, json.dumps(request)]) == [order, order]


def test_the_bare_command_of_older_samples_is_known() -> None:
    assert orders_in([{"cmd": "reset"}, '{"cmd": "reset"}']) == [Order.RESTART] * 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.none() | st.integers() | st.text(max_size=20) | st.just("[" * 5000) | st.just({"path": ["x"]})))
def test_everything_else_is_passed_over(requests: list[object]) -> None:
    assert orders_in([*requests, {"cmd": "reset"}]) == [Order.RESTART]


@pytest.mark.parametrize(
    ("event", "order"),
    [
        ("check-sync;reboot=true", Order.RESTART),
        ("Check-Sync ; Reboot=TRUE", Order.RESTART),
        ("check-sync;reboot=false", Order.FETCH),
        ("check-sync", Order.FETCH),
        ("message-summary;reboot=true", None),
    ],
)
def test_a_check_sync_restarts_a_phone_only_if_it_says_so(event: str, order: Order | None) -> None:
    request = read_sip(notify(event))
    assert request is not None
    assert order_of(request) is order


def test_a_ping_tells_a_phone_nothing() -> None:
    request = read_sip(OPTIONS)
    assert request is not None
    assert order_of(request) is None
