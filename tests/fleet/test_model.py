"""Nouns that read themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.fleet.model import parse_mac
from tests.support.builders import ACME, HQ


@pytest.mark.parametrize("text", ["00908F4867AF", "00:90:8f:48:67:af", "00-90-8F-48-67-AF", "0090.8f48.67af"])
def test_a_mac_is_read_in_any_case_and_punctuation(text: str) -> None:
    assert parse_mac(text) == "00908f4867af"


@given(st.text(max_size=40))
def test_any_text_is_a_mac_or_a_bad_message(text: str) -> None:
    try:
        mac = parse_mac(text)
    except BadMessage:
        return
    assert len(mac) == 12


def test_a_tenant_has_the_networks_of_its_sites_too() -> None:
    assert [str(network) for network in ACME.networks()] == ["10.1.0.0/16", "10.1.2.0/24"]


def test_a_site_is_found_by_name() -> None:
    assert ACME.site_named("hq") is HQ
    assert ACME.site_named("moon") is None
