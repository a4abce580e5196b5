from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from daemon.simulate.places import PHONES_PER_SITE, TENANTS, places_for, tenant_subnet


@pytest.mark.parametrize("phones", [1, 200, 1001, 10_000, 100_000])
def test_sites_are_distinct_and_lie_within_their_tenant(phones: int) -> None:
    places = places_for(phones)
    assert len({place.subnet for place in places}) == len({place.site for place in places}) == len(places)
    assert len(places) * PHONES_PER_SITE >= phones
    for place in places:
        assert ip_network(place.subnet).subnet_of(ip_network(tenant_subnet(place.tenant)))  # type: ignore[arg-type]


def test_every_seat_of_a_site_is_an_address_within_it() -> None:
    place = places_for(1)[0]
    for seat in range(PHONES_PER_SITE):
        assert ip_address(place.address(seat)) in ip_network(place.subnet)
    assert place.address(0) == "127.10.1.1"


def test_a_small_fleet_has_two_tenants_with_two_sites_each() -> None:
    assert {place.tenant for place in places_for(10)} == set(TENANTS)
    assert [place.site for place in places_for(10)] == ["headquarters", "office", "warehouse", "workshop"]


def test_more_phones_than_loopback_has_room_for_are_refused_with_the_limit() -> None:
    with pytest.raises(ValueError, match="125000 is the most"):
        places_for(125_001)
