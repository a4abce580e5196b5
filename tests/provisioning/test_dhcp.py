"""The snippets that carry option 160, read by the servers they are for where these can be had."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from daemon.errors import Refused
from daemon.provisioning.dhcp import ALL, SERVERS, VENDOR_NAMES, snippets
from daemon.provisioning.urls import Address, Form, address_for
from daemon.provisioning.vendors.registry import VENDORS
from tests.support.namespaces import program

BASE = "http://prov.example.net:8081"
ACME = address_for(BASE, Form.ZERO_TOUCH, "acme")
SYSTEM = address_for(BASE, Form.SYSTEM)
FOLDER = f"{BASE}/ipp/tenant/acme/"
CHECK = {
    "dnsmasq": ("dnsmasq-base", "--test", "--conf-file={file}"),
    "dhcpd": ("isc-dhcp-server", "-t", "-cf", "{file}"),
    "kea-dhcp4": ("kea-dhcp4-server", "-t", "{file}"),
}
PROGRAMS = {"isc": "dhcpd", "dnsmasq": "dnsmasq", "kea": "kea-dhcp4"}


def test_a_server_or_a_vendor_without_a_snippet_is_refused() -> None:
    with pytest.raises(Refused, match="isc, dnsmasq, kea"):
        snippets("windows", ACME)
    with pytest.raises(Refused, match="audiocodes"):
        snippets("isc", ACME, "acme phones")


def test_a_direct_url_is_no_dhcp_servers_business() -> None:
    with pytest.raises(Refused, match="typed into a phone"):
        snippets("isc", address_for(BASE, Form.DIRECT, "acme"))


@pytest.mark.parametrize("server", SERVERS)
def test_the_semicolon_is_quoted_everywhere(server: str) -> None:
    text = snippets(server, ACME)
    assert text.count(f'"{ACME.option()}"') == 2
    assert "firmwarefiles;" not in re.sub(r'"[^"\n]*"', "", text)


@pytest.mark.parametrize("server", SERVERS)
def test_what_66_and_67_are_together_stands_in_a_remark(server: str) -> None:
    assert f'66 "{BASE}" with 67 "firmwarefiles;ipp/tenant/acme"' in snippets(server, ACME)


@pytest.mark.parametrize("server", SERVERS)
def test_each_vendors_phones_are_told_in_their_own_way(server: str) -> None:
    text = snippets(server, ACME, ALL)
    assert f'"{ACME.option()}"' in text
    assert text.count(f'"{FOLDER}"') == sum(len(each.url_options) for each in VENDORS if not each.splits_option)
    assert all(f"{vendor}-phones" in text for vendor in VENDOR_NAMES if vendor != ALL)


def test_without_a_tenant_the_system_url_is_printed() -> None:
    assert f'160,"{SYSTEM.option()}"' in snippets("dnsmasq", SYSTEM)
    assert f'160,"{BASE}/ipp/"' in snippets("dnsmasq", SYSTEM, "yealink")


def test_keas_snippet_is_json_below_its_comments() -> None:
    lines = [line for line in snippets("kea", ACME).splitlines() if not line.startswith("//")]
    [phones] = json.loads("\n".join(lines))["Dhcp4"]["client-classes"]
    assert {option["data"] for option in phones["option-data"]} == {ACME.option()}


@pytest.mark.peer
@pytest.mark.parametrize("address", [ACME, SYSTEM], ids=["tenant", "system"])
@pytest.mark.parametrize("server", SERVERS)
def test_each_server_takes_its_snippet(server: str, address: Address, tmp_path: Path) -> None:
    name = PROGRAMS[server]
    package, *words = CHECK[name]
    file = tmp_path / "phones.conf"
    file.write_text(snippets(server, address, ALL))
    command = [program(name, package), *(word.format(file=file) for word in words)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr + checked.stdout
