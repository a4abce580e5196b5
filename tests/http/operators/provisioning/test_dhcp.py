from __future__ import annotations

import httpx
import pytest

from daemon.config.settings import Settings
from daemon.fleet.records import Role
from daemon.provisioning.dhcp import snippets
from daemon.provisioning.urls import Form, address_for
from tests.support.builders import record
from tests.support.operators_desk import DeskWithFleet

BASE = "http://prov.example.net:8081"


async def ask(query: str, server: str = "prov.example.net") -> httpx.Response:
    desk = DeskWithFleet(record())
    http = {"phones": {"listen": ["http://0.0.0.0:8081"]}}
    desk.settings = Settings.model_validate({"provisioning": {"server": server}, "http": http})
    async with desk.script(Role.MONITOR) as client:
        return await client.get(f"/api/v1/dhcp?{query}")


@pytest.mark.parametrize("server", ["isc", "dnsmasq", "kea"])
async def test_each_server_gets_the_text_that_the_command_prints(server: str) -> None:
    answer = await ask(f"server={server}&tenant=acme&vendor=all")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == snippets(server, address_for(BASE, Form.ZERO_TOUCH, "acme"), "all")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("server=isc", f"{BASE}/firmwarefiles;ipp/dhcpoption160.cfg"),
        ("server=isc&via_proxy=192.0.2.5:80", "http://192.0.2.5:80/firmwarefiles;ipp/httpproxy/"),
        ("server=isc&form=region&tenant=HQ", f"{BASE}/firmwarefiles;ipp/region/HQ"),
        ("server=isc&tenant=acme&url=https://other", "https://other/firmwarefiles;ipp/tenant/acme"),
        ("form=direct&tenant=acme", f"{BASE}/ipp/tenant/acme\n"),
    ],
)
async def test_each_form_holds_its_url(query: str, found: str) -> None:
    assert found in (await ask(query)).text


@pytest.mark.parametrize(
    ("query", "status", "wrong"),
    [
        ("", 422, "no snippet for ''"),
        ("server=windows", 422, "isc, dnsmasq, kea"),
        ("server=isc&vendor=acme", 422, "audiocodes"),
        ("server=isc&form=zero-touch", 422, "say which"),
        ("server=isc&via_proxy=x", 422, "like 192.0.2.1:8080"),
        ("server=isc&tenant=nobody", 404, "there is no tenant nobody"),
        ("server=isc&tenant=hq", 404, "there is no tenant hq"),
        ("server=isc&form=other", 422, "expected form"),
    ],
)
async def test_what_makes_no_text_is_refused_with_the_reason(query: str, status: int, wrong: str) -> None:
    answer = await ask(query)
    assert answer.status_code == status
    assert wrong in answer.json()["detail"]


async def test_it_cannot_guess_how_phones_reach_us() -> None:
    answer = await ask("server=isc", server="")
    assert (answer.status_code, answer.json()["errors"][0]["key"]) == (422, "url")
    assert (await ask("server=isc&url=http://p", server="")).status_code == 200
