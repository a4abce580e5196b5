from __future__ import annotations

import socket
from pathlib import Path

import pytest

from daemon.cli import demo_setup
from daemon.cli.demo_setup import TrapManager, parse_manager, plan_demo, split_address, write_demo
from daemon.config.check import check
from daemon.config.loader import load_settings
from daemon.errors import RingkeeperError
from daemon.simulate.characters import Character
from daemon.simulate.plan import Tempo, plan_fleet

PLAN = plan_fleet(12)


def test_what_it_writes_is_a_configuration_without_fault(tmp_path: Path) -> None:
    assert check(write_demo(tmp_path, PLAN, None)) == []


def test_everything_it_writes_and_listens_on_is_scratch_and_loopback(tmp_path: Path) -> None:
    settings = load_settings(write_demo(tmp_path, PLAN, None))
    assert settings.state_dir.is_relative_to(tmp_path)
    listens = (*settings.http.phones.listen, *settings.http.operators.listen, *settings.sip.listen)
    assert all(listen.host == "127.0.0.1" or listen.path.startswith(str(tmp_path)) for listen in listens)


def test_its_limits_fit_what_the_phones_do(tmp_path: Path) -> None:
    settings, tempo = load_settings(write_demo(tmp_path, PLAN, None)), Tempo()
    assert settings.qualify.lagged_after < tempo.late_by[0]
    assert tempo.late_by[1] < settings.qualify.timeout
    assert settings.keep_alive.period == demo_setup.KEEP_ALIVE_PERIOD


def test_nobody_is_sent_traps_unless_asked(tmp_path: Path) -> None:
    assert load_settings(write_demo(tmp_path, PLAN, None)).snmp.managers == ()
    (manager,) = load_settings(write_demo(tmp_path, PLAN, TrapManager("127.0.0.1", 1162))).snmp.managers
    assert (manager.host, manager.port, manager.kind) == ("127.0.0.1", 1162, "inform")


def test_a_port_that_somebody_has_is_left_to_the_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(demo_setup, "PHONES_PORT", taken.getsockname()[1])
        settings = load_settings(write_demo(tmp_path, PLAN, None))
    assert settings.http.phones.listen[0].port == 0


def test_without_friendly_ports_the_kernel_chooses_all_of_them(tmp_path: Path) -> None:
    settings = load_settings(write_demo(tmp_path, PLAN, None, friendly_ports=False))
    listens = (*settings.http.phones.listen, settings.http.operators.listen[1], *settings.sip.listen)
    assert [listen.port for listen in listens[:2]] == [0, 0]
    assert all(listen.port not in (0, demo_setup.SIP_PORT) for listen in settings.sip.listen)


def test_sip_has_the_same_port_for_udp_and_tcp(tmp_path: Path) -> None:
    listens = load_settings(write_demo(tmp_path, PLAN, None)).sip.listen
    assert [listen.scheme for listen in listens] == ["udp", "tcp"]
    assert listens[0].port == listens[1].port


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_sip_port_that_one_of_the_two_has_in_use_is_left_alone(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        assert demo_setup.free_for_both(taken.getsockname()[1]) != taken.getsockname()[1]


def test_some_phones_use_tcp_and_all_make_calls() -> None:
    plan = plan_demo(200, seed=1)
    over_tcp = [phone for phone in plan.phones if phone.identity.transport == "tcp"]
    assert 20 < len(over_tcp) < 60
    assert all(phone.identity.transport == "tcp" for phone in plan.phones if phone.character is Character.CUT_OFF)
    assert plan.tempo.call_every == 50.0
    assert plan_demo(10, seed=1).tempo.call_every == demo_setup.SHORTEST_PAUSE


def test_the_sip_connections_stand_in_the_inventory(tmp_path: Path) -> None:
    entry: dict[str, object] = {"name": "carrier", "target": "sip:127.30.0.1:5070"}
    write_demo(tmp_path, PLAN, None, [entry])
    assert '"carrier"' in (tmp_path / "inventory.yml").read_text(encoding="utf-8")
    assert check(tmp_path / "ringkeeper.yml") == []


def test_addresses_are_split_and_bad_ones_refused_with_a_hint() -> None:
    assert parse_manager("192.0.2.1:1162") == TrapManager("192.0.2.1", 1162)
    assert parse_manager("192.0.2.1") == TrapManager("192.0.2.1", 162)
    for wrong in ("", ":162", "host:", "host:x", "host:70000"):
        with pytest.raises(RingkeeperError, match="write it like"):
            split_address(wrong, default_port=162)
