"""Option 160 and the snippets that carry it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from daemon.errors import Refused
from daemon.provisioning.dhcp import SERVERS, snippets, system_url, tenant_url

BASE = "http://prov.example.net:8081"


def test_the_forms_of_the_option() -> None:
    assert system_url(BASE) == f"{BASE}/firmwarefiles;ipp/dhcpoption160.cfg"
    assert tenant_url(f"{BASE}/", "acme") == f"{BASE}/firmwarefiles;ipp/tenant/acme"
    assert system_url("https://[2001:db8::1]:443").startswith("https://[2001:db8::1]:443/")


def test_a_tenants_name_cannot_leave_its_place_in_the_url() -> None:
    assert tenant_url(BASE, 'a/b";x') == f"{BASE}/firmwarefiles;ipp/tenant/a%2Fb%22%3Bx"


@pytest.mark.parametrize(
    "base", ["", "prov.example.net", "ftp://x", 'http://x"', "http://x/y", "http://x;y", "http://x\n"]
)
def test_what_is_no_address_of_ours_is_refused(base: str) -> None:
    with pytest.raises(Refused):
        snippets("isc", base, "acme")


def test_a_server_without_a_snippet_is_refused() -> None:
    with pytest.raises(Refused, match="isc, dnsmasq, kea"):
        snippets("windows", BASE, "acme")


@pytest.mark.parametrize("server", SERVERS)
def test_the_semicolon_is_quoted_everywhere(server: str) -> None:
    quoted = f'"{tenant_url(BASE, "acme")}"'
    text = snippets(server, BASE, "acme")
    assert text.count(quoted) == 2
    assert "firmwarefiles;" not in text.replace(quoted, "")


def test_without_a_tenant_the_system_url_is_printed() -> None:
    assert f'160,"{system_url(BASE)}"' in snippets("dnsmasq", BASE)


def test_keas_snippet_is_json_below_its_comment() -> None:
    block = json.loads(snippets("kea", BASE, "acme").split("\n", 1)[1])
    [phones] = block["Dhcp4"]["client-classes"]
    assert {option["data"] for option in phones["option-data"]} == {tenant_url(BASE, "acme")}


@pytest.mark.peer
@pytest.mark.parametrize("tenant", ["acme", ""])
def test_dnsmasq_takes_its_snippet(tenant: str, tmp_path: Path) -> None:
    program = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin:/sbin")
    assert program, "dnsmasq is missing: apt-get install dnsmasq-base"
    file = tmp_path / "phones.conf"
    file.write_text(snippets("dnsmasq", BASE, tenant))
    checked = subprocess.run([program, "--test", f"--conf-file={file}"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
