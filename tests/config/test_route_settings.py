"""A receiver without wishes gets everything."""

from __future__ import annotations

from daemon.config.route_settings import Route


def test_a_receiver_without_wishes_gets_everything() -> None:
    assert Route() == Route(tenants=(), minimum="indeterminate", names=("*",))
