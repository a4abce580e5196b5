"""What a phone must show before it is believed or given a secret."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.fleet.model import DeviceRecord, Mac, Site, Tenant
from daemon.provisioning.first_contact import (
    Belief,
    Extent,
    Reason,
    Serving,
    believe,
    decide_file,
    keeps_its_urls,
)

MAC = Mac("00908f4867af")
ACME = Tenant("acme", subnet=ip_network("10.1.0.0/16"), sites=(Site("far", ip_network("10.7.0.0/24")),))
BARE = Tenant("bare")
ARMED = DeviceRecord(MAC, tenant="acme", armed_until=100.0)
DISARMED = DeviceRecord(MAC, tenant="acme")
UNAPPROVED = DeviceRecord(MAC, tenant="acme", approved=False, armed_until=100.0)
INSIDE, AT_SITE, OUTSIDE = "10.1.9.9", "10.7.0.9", "192.0.2.1"
NOW = 99.0


@pytest.mark.parametrize("source", [INSIDE, AT_SITE, f"::ffff:{INSIDE}"])
def test_a_report_from_a_network_of_the_tenant_is_believed(source: str) -> None:
    assert believe(ARMED, ACME, source, False) == Belief(True, Reason.NETWORK)
    assert believe(None, ACME, source, False).believed


def test_a_report_from_elsewhere_is_believed_with_the_secret_only() -> None:
    assert believe(ARMED, ACME, OUTSIDE, False) == Belief(False, Reason.FOREIGN_NETWORK)
    assert believe(ARMED, ACME, OUTSIDE, True) == Belief(True, Reason.SECRET)


def test_a_tenant_without_a_network_believes_only_the_secret() -> None:
    assert believe(ARMED, BARE, INSIDE, False) == Belief(False, Reason.NO_NETWORK)
    assert believe(ARMED, None, INSIDE, False) == Belief(False, Reason.NO_NETWORK)
    assert believe(ARMED, BARE, INSIDE, True).believed


def test_a_phone_nobody_knows_has_no_secret_to_show() -> None:
    assert not believe(None, ACME, OUTSIDE, True).believed


STORIES: list[tuple[DeviceRecord | None, str, bool, Extent, Reason]] = [
    (ARMED, INSIDE, False, Extent.COMPLETE, Reason.FIRST_CONTACT),
    (ARMED, AT_SITE, False, Extent.COMPLETE, Reason.FIRST_CONTACT),
    (ARMED, OUTSIDE, False, Extent.REFUSED, Reason.FOREIGN_NETWORK),
    (UNAPPROVED, OUTSIDE, False, Extent.REFUSED, Reason.FOREIGN_NETWORK),
    (ARMED, OUTSIDE, True, Extent.COMPLETE, Reason.SECRET),
    (DISARMED, INSIDE, False, Extent.STRIPPED, Reason.WINDOW_CLOSED),
    (DISARMED, INSIDE, True, Extent.COMPLETE, Reason.SECRET),
    (UNAPPROVED, INSIDE, False, Extent.STRIPPED, Reason.UNAPPROVED),
    (UNAPPROVED, INSIDE, True, Extent.STRIPPED, Reason.UNAPPROVED),
    (None, INSIDE, False, Extent.STRIPPED, Reason.UNKNOWN_PHONE),
    (None, OUTSIDE, False, Extent.REFUSED, Reason.UNKNOWN_PHONE),
    (None, OUTSIDE, True, Extent.REFUSED, Reason.UNKNOWN_PHONE),
    (None, "", False, Extent.REFUSED, Reason.UNKNOWN_PHONE),
]


@pytest.mark.parametrize(("record", "source", "with_secret", "extent", "reason"), STORIES)
def test_how_much_of_its_file_a_phone_gets(
    record: DeviceRecord | None, source: str, with_secret: bool, extent: Extent, reason: Reason
) -> None:
    assert decide_file(record, ACME, source, with_secret, NOW, unprotected="stripped") == Serving(extent, reason)


def test_the_window_ends_when_it_ends() -> None:
    assert decide_file(ARMED, ACME, INSIDE, False, 100.0, unprotected="stripped").reason is Reason.WINDOW_CLOSED


def test_where_the_setting_says_so_a_fetch_without_proof_is_refused() -> None:
    for record, source in ((DISARMED, INSIDE), (ARMED, OUTSIDE), (UNAPPROVED, OUTSIDE)):
        assert decide_file(record, ACME, source, False, NOW, unprotected="refused").extent is Extent.REFUSED
    assert decide_file(UNAPPROVED, ACME, INSIDE, False, NOW, unprotected="refused").extent is Extent.STRIPPED


def test_an_armed_device_of_a_tenant_without_a_network_needs_its_secret() -> None:
    assert decide_file(ARMED, BARE, INSIDE, False, NOW, unprotected="stripped").extent is Extent.REFUSED
    assert decide_file(ARMED, BARE, INSIDE, True, NOW, unprotected="stripped").extent is Extent.COMPLETE


@given(
    record=st.sampled_from([ARMED, DISARMED, UNAPPROVED, None]),
    tenant=st.sampled_from([ACME, BARE, None]),
    source=st.one_of(st.ip_addresses().map(str), st.text(max_size=20), st.just(INSIDE)),
    with_secret=st.booleans(),
    now=st.floats(0, 200),
    unprotected=st.sampled_from(["stripped", "refused"]),
)
def test_a_complete_file_needs_approval_and_one_of_the_two_proofs(
    *,
    record: DeviceRecord | None,
    tenant: Tenant | None,
    source: str,
    with_secret: bool,
    now: float,
    unprotected: Literal["stripped", "refused"],
) -> None:
    serving = decide_file(record, tenant, source, with_secret, now, unprotected=unprotected)
    if serving.extent is Extent.COMPLETE:
        assert record is not None
        assert record.approved
        assert with_secret or (now < record.armed_until and believe(record, tenant, source, False).believed)


def test_only_a_phone_that_used_its_secret_keeps_its_urls() -> None:
    assert keeps_its_urls(DISARMED)
    assert not keeps_its_urls(ARMED)
    assert not keeps_its_urls(UNAPPROVED)
    assert not keeps_its_urls(None)
