"""What a phone must show before it is believed or given a secret."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config.settings import Provisioning
from daemon.fleet.model import DeviceRecord, Mac, Site, Tenant
from daemon.provisioning.first_contact import (
    LADDER,
    Belief,
    Extent,
    Proof,
    Reason,
    Rung,
    Serving,
    Shown,
    Terms,
    believe,
    decide_file,
    examine,
    in_networks,
    keeps_its_urls,
    terms_of,
)
from daemon.provisioning.tokens import token_hash

MAC, OTHER = Mac("00908f4867af"), Mac("00908f000002")
ACME = Tenant(
    "acme",
    subnet=ip_network("10.1.0.0/16"),
    sites=(Site("far", ip_network("10.7.0.0/24")),),
    addresses=(ip_network("198.51.100.0/28"),),
)
BARE = Tenant("bare")
ARMED = DeviceRecord(MAC, tenant="acme", armed_until=100.0)
DISARMED = DeviceRecord(MAC, tenant="acme")
UNAPPROVED = DeviceRecord(MAC, tenant="acme", approved=False, armed_until=100.0)
INSIDE, AT_SITE, OUTSIDE, TRUSTED = "10.1.9.9", "10.7.0.9", "192.0.2.1", "198.51.100.3"
NOW = 99.0
DEFAULT = terms_of(ACME, Provisioning())
EVERYTHING = Terms(tuple(Rung), Extent.STRIPPED)


@dataclass
class Comes:
    source: str = OUTSIDE
    secret: str = ""
    token: str = ""
    login: Mac | None = None
    certificate: Mac | None = None


def secret_matches(mac: Mac, generation: int, given: str) -> bool:
    return given == f"{mac}-{generation}"


def seen(comes: Comes, record: DeviceRecord | None = DISARMED, now: float = NOW) -> Shown:
    return examine(MAC, record, comes, secret_matches, now)


def test_the_defaults_ask_for_something_that_tells_one_phone_from_another() -> None:
    assert Terms(("secret", "certificate", "token", "window"), Extent.STRIPPED) == DEFAULT


def test_a_tenants_own_terms_stand_above_the_settings() -> None:
    strict = replace(ACME, rungs=("certificate",), unprotected="refused")
    assert terms_of(strict, Provisioning()) == Terms(("certificate",), Extent.REFUSED)
    assert set(LADDER) == set(Rung)


@pytest.mark.parametrize("source", [INSIDE, AT_SITE, f"::ffff:{INSIDE}"])
def test_a_report_from_a_network_of_the_tenant_is_believed(source: str) -> None:
    assert believe(ARMED, ACME, Shown(source)) == Belief(True, Reason.NETWORK)
    assert believe(None, ACME, Shown(source)).believed
    assert in_networks(ACME, source)


@pytest.mark.parametrize(
    ("comes", "reason"),
    [
        (Comes(secret=f"{MAC}-0"), Reason.SECRET),
        (Comes(login=MAC), Reason.LOGIN),
        (Comes(certificate=MAC), Reason.CERTIFICATE),
    ],
)
def test_a_report_with_a_proof_is_believed_wherever_it_comes_from(comes: Comes, reason: Reason) -> None:
    assert believe(ARMED, ACME, seen(comes)) == Belief(True, reason)
    assert believe(ARMED, None, seen(comes)) == Belief(True, reason)
    assert not believe(None, ACME, seen(comes, None)).believed


def test_a_report_without_a_proof_is_believed_from_its_networks_only() -> None:
    assert believe(ARMED, ACME, Shown(OUTSIDE)) == Belief(False, Reason.FOREIGN_NETWORK)
    assert believe(ARMED, ACME, Shown(TRUSTED)) == Belief(False, Reason.FOREIGN_NETWORK)
    assert believe(ARMED, BARE, Shown(INSIDE)) == Belief(False, Reason.NO_NETWORK)
    assert believe(ARMED, None, Shown(INSIDE)) == Belief(False, Reason.NO_NETWORK)


WRONG = [
    (Comes(INSIDE, secret="guess"), Reason.WRONG_SECRET),
    (Comes(INSIDE, login=OTHER), Reason.WRONG_LOGIN),
    (Comes(INSIDE, certificate=OTHER), Reason.WRONG_CERTIFICATE),
    (Comes(INSIDE, token="guess"), Reason.WRONG_TOKEN),
]


@pytest.mark.parametrize(("comes", "reason"), WRONG)
@pytest.mark.parametrize("record", [ARMED, UNAPPROVED, None])
def test_a_wrong_proof_is_worse_than_none(comes: Comes, reason: Reason, record: DeviceRecord | None) -> None:
    shown = seen(comes, record)
    assert decide_file(record, ACME, shown, EVERYTHING, NOW) == Serving(Extent.REFUSED, reason)
    assert believe(record, ACME, shown) == Belief(False, reason)


STORIES: list[tuple[DeviceRecord | None, Comes, Extent, Reason]] = [
    (ARMED, Comes(INSIDE), Extent.COMPLETE, Reason.FIRST_CONTACT),
    (ARMED, Comes(AT_SITE), Extent.COMPLETE, Reason.FIRST_CONTACT),
    (ARMED, Comes(OUTSIDE), Extent.REFUSED, Reason.FOREIGN_NETWORK),
    (ARMED, Comes(TRUSTED), Extent.REFUSED, Reason.FOREIGN_NETWORK),
    (UNAPPROVED, Comes(OUTSIDE), Extent.REFUSED, Reason.FOREIGN_NETWORK),
    (ARMED, Comes(OUTSIDE, secret=f"{MAC}-0"), Extent.COMPLETE, Reason.SECRET),
    (ARMED, Comes(OUTSIDE, certificate=MAC), Extent.COMPLETE, Reason.CERTIFICATE),
    (ARMED, Comes(OUTSIDE, login=MAC), Extent.REFUSED, Reason.FOREIGN_NETWORK),  # not a rung by default
    (DISARMED, Comes(INSIDE), Extent.STRIPPED, Reason.WINDOW_CLOSED),
    (DISARMED, Comes(INSIDE, secret=f"{MAC}-0"), Extent.COMPLETE, Reason.SECRET),
    (UNAPPROVED, Comes(INSIDE), Extent.STRIPPED, Reason.UNAPPROVED),
    (UNAPPROVED, Comes(INSIDE, secret=f"{MAC}-0"), Extent.STRIPPED, Reason.UNAPPROVED),
    (None, Comes(INSIDE), Extent.STRIPPED, Reason.UNKNOWN_PHONE),
    (None, Comes(OUTSIDE), Extent.REFUSED, Reason.UNKNOWN_PHONE),
    (None, Comes(""), Extent.REFUSED, Reason.UNKNOWN_PHONE),
]


@pytest.mark.parametrize(("record", "comes", "extent", "reason"), STORIES)
def test_how_much_of_its_file_a_phone_gets(
    record: DeviceRecord | None, comes: Comes, extent: Extent, reason: Reason
) -> None:
    assert decide_file(record, ACME, seen(comes, record), DEFAULT, NOW) == Serving(extent, reason)


REACHED = {
    Rung.SECRET: Comes(secret=f"{MAC}-0"),
    Rung.LOGIN: Comes(login=MAC),
    Rung.CERTIFICATE: Comes(certificate=MAC),
    Rung.TOKEN: Comes(token="0123456789ABCDEF"),
    Rung.WINDOW: Comes(INSIDE),
    Rung.ADDRESSES: Comes(TRUSTED),
}


@pytest.mark.parametrize("rung", Rung)
def test_a_rung_counts_where_the_tenant_has_it_and_nowhere_else(rung: Rung) -> None:
    record = replace(ARMED, token_hash=token_hash("0123456789abcdef"), token_until=100.0)
    shown = seen(REACHED[rung], record)
    only, without = Terms((rung,), Extent.REFUSED), Terms(tuple(set(Rung) - {rung}), Extent.REFUSED)
    assert decide_file(record, ACME, shown, only, NOW) == Serving(Extent.COMPLETE, LADDER[rung][1])
    assert decide_file(record, ACME, shown, without, NOW).extent is Extent.REFUSED
    assert decide_file(replace(record, approved=False), ACME, shown, only, NOW).extent is not Extent.COMPLETE


def test_a_token_ends_when_it_ends_and_with_its_use() -> None:
    issued = replace(DISARMED, token_hash=token_hash("0123456789abcdef"), token_until=100.0)
    comes = Comes(token="0123456789abcdef")
    assert seen(comes, issued, 99.9).token is Proof.RIGHT
    assert seen(comes, issued, 100.0).token is Proof.WRONG
    assert seen(comes, replace(issued, token_hash="", token_until=0.0)).token is Proof.WRONG
    assert seen(Comes(token=""), issued).token is Proof.ABSENT


def test_a_former_secret_is_no_proof_but_no_wrong_one_while_the_device_is_armed() -> None:
    renewed = replace(ARMED, secret_generation=4)
    former = Comes(INSIDE, secret=f"{MAC}-3")
    assert seen(former, renewed).secret is Proof.ABSENT
    assert decide_file(renewed, ACME, seen(former, renewed), DEFAULT, NOW).reason is Reason.FIRST_CONTACT
    assert seen(former, renewed, now=100.0).wrong is Reason.WRONG_SECRET
    assert seen(Comes(secret=f"{MAC}-2"), renewed).wrong is Reason.WRONG_SECRET


def test_the_window_ends_when_it_ends() -> None:
    assert decide_file(ARMED, ACME, Shown(INSIDE), DEFAULT, 100.0).reason is Reason.WINDOW_CLOSED


def test_where_the_terms_say_so_a_fetch_without_proof_is_refused() -> None:
    strict = replace(DEFAULT, unprotected=Extent.REFUSED)
    for record, source in ((DISARMED, INSIDE), (ARMED, OUTSIDE), (UNAPPROVED, OUTSIDE)):
        assert decide_file(record, ACME, Shown(source), strict, NOW).extent is Extent.REFUSED
    assert decide_file(UNAPPROVED, ACME, Shown(INSIDE), strict, NOW).extent is Extent.STRIPPED


@given(
    record=st.sampled_from([ARMED, DISARMED, UNAPPROVED, None]),
    tenant=st.sampled_from([ACME, BARE]),
    source=st.one_of(st.ip_addresses().map(str), st.text(max_size=20), st.just(INSIDE)),
    secret=st.sampled_from(["", f"{MAC}-0", "guess"]),
    certificate=st.sampled_from([None, MAC, OTHER]),
    token=st.sampled_from(["", "guess", "0123456789abcdef"]),
    now=st.floats(0, 200),
)
def test_with_the_defaults_a_complete_file_needs_approval_and_a_proof(
    *,
    record: DeviceRecord | None,
    tenant: Tenant,
    source: str,
    secret: str,
    certificate: Mac | None,
    token: str,
    now: float,
) -> None:
    shown = seen(Comes(source, secret, token, None, certificate), record, now)
    serving = decide_file(record, tenant, shown, DEFAULT, now)
    if serving.extent is Extent.COMPLETE:
        assert record is not None
        assert record.approved
        assert secret == f"{MAC}-0" or certificate == MAC or (now < record.armed_until and in_networks(tenant, source))
        assert certificate != OTHER
        assert token == ""


def test_only_a_phone_that_used_its_secret_keeps_its_urls() -> None:
    assert keeps_its_urls(DISARMED)
    assert not keeps_its_urls(ARMED)
    assert not keeps_its_urls(UNAPPROVED)
    assert not keeps_its_urls(None)
