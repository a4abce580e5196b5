"""SIPp as the desk phones of the whole daemon: everything a phone may want of a registrar, and its answers to pings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest

from tests.support.sipp import Over, free_port, sipp, sipp_answering
from tests.support.whole_daemon import (
    HURRIED_QUALIFY,
    WholeDaemon,
    a_device,
    an_inventory,
    whole_daemon,
    write_config,
)

pytestmark = pytest.mark.peer

OPEN, LOCKED = "00908f4867af", "00908f4867b0"  # 2041 has no password and is taken at its word; 2042 has one
PASSWORD = "secret-of-2042"
PROOF = ("-au", "2042", "-ap", PASSWORD)
GUESS = ("-au", "2042", "-ap", "guessed")
BOTH = pytest.mark.parametrize("over", ["udp", "tcp"])


class Office(NamedTuple):
    """A daemon, and where it listens for SIP."""

    daemon: WholeDaemon
    server: tuple[str, int]  # over UDP and TCP

    async def contacts(self, mac: str = OPEN) -> Any:
        """What it holds of a phone."""
        return (await self.daemon.see(f"/devices/{mac}"))["contact"]


@asynccontextmanager
async def office(folder: Path, host: str = "127.0.0.1", **qualify: Any) -> AsyncIterator[Office]:
    """Two phones. Only MD5 is offered: SIPp 3.6.1 knows no other."""
    port = free_port(host)
    written = f"[{host}]" if ":" in host else host
    sip = {
        "listen": [f"udp://{written}:{port}", f"tcp://{written}:{port}"],
        "domain": "pbx-a.example.net",
        "digest_algorithms": ["MD5"],
    }
    inventory = an_inventory(a_device(OPEN, "2041"), a_device(LOCKED, "2042", sip_password=PASSWORD))
    config = write_config(folder, inventory, sip=sip, qualify=HURRIED_QUALIFY | qualify)
    async with whole_daemon(config) as daemon:
        yield Office(daemon, (host, port))


@BOTH
@pytest.mark.parametrize("scenario", ["register.xml", "contacts.xml", "star.xml", "brief.xml", "path.xml"])
async def test_the_registrar_does_what_the_scenario_expects(scenario: str, over: Over, tmp_path: Path) -> None:
    async with office(tmp_path) as there:
        await sipp(scenario, there.server, over=over)


@BOTH
async def test_a_phone_with_a_password_proves_it_refreshes_and_goes(over: Over, tmp_path: Path) -> None:
    async with office(tmp_path) as there:
        await sipp("digest_register.xml", there.server, *PROOF, user="2042", over=over)
        assert (await there.contacts(LOCKED))["uri"].startswith("sip:2042@127.0.0.1:")
        await sipp("digest.xml", there.server, *PROOF, user="2042", over=over)


@BOTH
async def test_a_guessed_password_changes_nothing(over: Over, tmp_path: Path) -> None:
    async with office(tmp_path) as there:
        await sipp("wrong_password.xml", there.server, *GUESS, user="2042", over=over)
        assert await there.contacts(LOCKED) is None


@BOTH
async def test_who_is_not_known_meets_the_same_challenges_as_who_is(over: Over, tmp_path: Path) -> None:
    async with office(tmp_path) as there:
        await sipp("wrong_password.xml", there.server, *GUESS, user="9999", over=over)


@pytest.mark.alone
async def test_registrations_get_through_although_a_third_of_the_packets_is_lost(tmp_path: Path) -> None:
    calls = 60
    async with office(tmp_path) as there:
        # Repeated twice a second and 30 times at most, so that chance does not fail it.
        patient = ("-T2", "500", "-max_non_invite_retrans", "30", "-r", "30")
        await sipp("repeated.xml", there.server, "-lost", "33", *patient, calls=calls)
        assert await there.contacts() is not None
        # Each call is one registration, however often it was repeated.
        assert await there.daemon.metric("ringkeeper_sip_registrations_total") <= calls


async def test_a_phone_registers_is_pinged_and_is_missed_when_it_goes(tmp_path: Path) -> None:
    async with office(tmp_path) as there:
        port = free_port()
        await sipp("desk_phone.xml", there.server, "-p", str(port))
        contact = await there.contacts()
        assert (contact["uri"], contact["port"]) == (f"sip:2041@127.0.0.1:{port}", port)
        async with sipp_answering("answer_options.xml", port):
            await there.daemon.see_until(f"/devices/{OPEN}", lambda seen: seen["reachability"] == "OK")
        await there.daemon.see_until(f"/devices/{OPEN}", lambda seen: seen["reachability"] == "UNREACHABLE")
        await there.daemon.alarm_names_until("deviceUnreachable")


async def test_over_ipv6_a_phone_registers_proves_its_password_and_is_pinged(tmp_path: Path) -> None:
    async with office(tmp_path, "::1") as there:
        for over in get_args(Over):
            await sipp("register.xml", there.server, over=over)
            await sipp("digest.xml", there.server, *PROOF, user="2042", over=over)
        port = free_port("::1")
        await sipp("desk_phone.xml", there.server, "-p", str(port))
        contact = await there.contacts()
        assert (contact["uri"], contact["host"], contact["port"]) == (f"sip:2041@[::1]:{port}", "::1", port)
        async with sipp_answering("answer_options.xml", port, host="::1"):
            await there.daemon.see_until(f"/devices/{OPEN}", lambda seen: seen["reachability"] == "OK")


async def test_answers_that_come_late_are_counted_as_such_and_prove_life(tmp_path: Path) -> None:
    async with office(tmp_path) as there:
        port = free_port()
        await sipp("desk_phone.xml", there.server, "-p", str(port))
        async with sipp_answering("answer_late.xml", port):
            await there.daemon.see_until(f"/devices/{OPEN}", lambda seen: seen["reachability"] != "NO_STATUS")
            await there.daemon.see_until(f"/devices/{OPEN}", lambda seen: seen["rtt_ms"] is None)
            late = 'ringkeeper_sip_probes_total{result="late"}'
            while await there.daemon.metric(late) < 1:
                await there.daemon.see("/summary")
