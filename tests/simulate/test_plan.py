from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.simulate.characters import Character
from daemon.simulate.plan import Tempo, plan_fleet


def test_the_same_size_and_seed_give_the_same_plan() -> None:
    assert plan_fleet(100, 5) == plan_fleet(100, 5)
    assert plan_fleet(100, 5) != plan_fleet(100, 6)


def test_a_larger_fleet_keeps_the_addresses_of_a_smaller_one() -> None:
    small, large = plan_fleet(20, 1).phones, plan_fleet(200, 1).phones
    assert [phone.identity for phone in small] == [phone.identity for phone in large[:20]]


def test_macs_numbers_and_addresses_are_given_once() -> None:
    phones = [phone.identity for phone in plan_fleet(2000).phones]
    for name in ("mac", "number", "address", "user"):
        assert len({getattr(phone, name) for phone in phones}) == 2000
    assert phones[0].mac == "00908f000000"
    assert phones[41].number == "2042"


def test_a_phone_says_its_model_and_mac_in_its_user_agent() -> None:
    phone = plan_fleet(1).phones[0].identity
    assert phone.user_agent == f"AUDC-IPPhone/{phone.firmware} ({phone.model}-Rev0; 00908F000000)"


def test_phones_boot_as_fast_as_the_tempo_says() -> None:
    plan = plan_fleet(100, tempo=Tempo(boots_per_second=1000))
    assert max(phone.boot_at for phone in plan.phones) <= 0.1


def test_characters_can_be_chosen_one_per_phone() -> None:
    plan = plan_fleet(2, characters=[Character.QUIET, Character.STEADY])
    assert [phone.character for phone in plan.phones] == [Character.QUIET, Character.STEADY]
    with pytest.raises(ValueError, match="1 characters for 2 phones"):
        plan_fleet(2, characters=[Character.QUIET])


def test_who_uses_tcp_is_part_of_the_plan_and_changes_nothing_else() -> None:
    udp, tcp = plan_fleet(100), plan_fleet(100, tcp_share=0.2)
    over_tcp = [phone for phone in tcp.phones if phone.identity.transport == "tcp"]
    assert 10 < len(over_tcp) < 40
    assert all(phone in over_tcp for phone in tcp.phones if phone.character is Character.CUT_OFF)
    assert [replace(phone, identity=replace(phone.identity, transport="udp")) for phone in tcp.phones] == [*udp.phones]


def test_the_workshop_has_a_poor_line() -> None:
    assert {phone.identity.site for phone in plan_fleet(20).phones if phone.poor_line} == {"workshop"}


def test_by_default_the_warehouse_loses_power_once() -> None:
    assert [outage.site for outage in plan_fleet(10).outages] == ["warehouse"]
    assert plan_fleet(10, outages=[]).outages == ()


def test_newcomers_come_on_top_and_have_nothing_of_their_own() -> None:
    plan = plan_fleet(10, newcomers=2)
    assert plan.phones[:10] == plan_fleet(10).phones
    assert [phone.character for phone in plan.phones[10:]] == [Character.NEWCOMER] * 2
    assert [(phone.identity.number, phone.identity.sip_password) for phone in plan.phones[10:]] == [("", "")] * 2
    assert plan.phones[11].boot_at > plan.phones[10].boot_at
