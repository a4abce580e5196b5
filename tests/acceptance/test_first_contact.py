"""Each rung of the ladder with a real HTTP client: tokens, logins, renewed secrets, and the same 404 for all else."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

import httpx

from tests.support.certificates import Authority
from tests.support.whole_daemon import ACME, a_device, an_inventory, whole_daemon, write_config

MAC, STRANGER = "00908f4867af", "00908f0000aa"
PASSWORD = "tr0ub4dor&3"
OUTSIDE, INSIDE, OFFICE = "127.99.0.1", "127.10.3.4", "127.50.0.1"
SECRET = re.compile(r"/k/([A-Za-z0-9_-]{32})/")


class Client:
    """What asks from a given address."""

    def __init__(self, url: str, address: str, tls: ssl.SSLContext | None = None) -> None:
        self._url = url
        self._address = address
        self._tls = tls or ssl.create_default_context()

    async def get(self, path: str, auth: httpx.Auth | tuple[str, str] | None = None) -> httpx.Response:
        transport = httpx.AsyncHTTPTransport(local_address=self._address, verify=self._tls)
        async with httpx.AsyncClient(transport=transport, base_url=self._url, timeout=30) as client:
            return await client.get(path, auth=auth)


def secret_in(answer: httpx.Response) -> str:
    assert PASSWORD in answer.text
    found = SECRET.search(answer.text)
    assert found
    return found[1]


async def test_a_token_opens_one_file_once_and_a_restart_does_not_bring_it_back(tmp_path: Path) -> None:
    config = write_config(tmp_path, an_inventory(a_device(MAC, "2041", sip_password=PASSWORD)))
    async with whole_daemon(config) as daemon:
        outside = Client(daemon.running.phones_url, OUTSIDE)
        issued = (await daemon.tell(f"/devices/{MAC}/token", {})).json()
        wrong = [
            await outside.get(f"/configfiles/{MAC}.cfg"),
            await outside.get(f"/configfiles/{STRANGER}.cfg"),
            await outside.get(f"/t/{issued['token']}/configfiles/{STRANGER}.cfg"),
            await outside.get(f"/t/0123456789abcdef/configfiles/{MAC}.cfg"),
        ]
        secret = secret_in(await outside.get(issued["path"]))
        wrong.append(await outside.get(issued["path"]))
        assert {(answer.status_code, answer.text) for answer in wrong} == {(404, wrong[0].text)}
        assert (await outside.get(f"/k/{secret}/configfiles/{MAC}.cfg")).status_code == 200
        steps = (await daemon.see(f"/devices/{MAC}"))["timeline"]
        assert ("token used", f"from {OUTSIDE}") in {(step["new"], step["reason"]) for step in steps}
        assert await daemon.metric('ringkeeper_phone_proofs_total{proof="one-time token"}') == 1
    async with whole_daemon(config) as daemon:
        assert (await Client(daemon.running.phones_url, OUTSIDE).get(issued["path"])).status_code == 404


async def test_a_tenant_with_logins_and_trusted_addresses(tmp_path: Path) -> None:
    acme = {**ACME, "rungs": ["secret", "login", "window", "addresses"], "addresses": ["127.50.0.0/24"]}
    acme["unprotected"] = "refused"
    inventory = an_inventory(a_device(MAC, "2041", sip_password=PASSWORD), tenants=[acme])
    async with whole_daemon(write_config(tmp_path, inventory)) as daemon:
        url, path = daemon.running.phones_url, f"/ipp/tenant/acme/{MAC}.cfg"
        outside = Client(url, OUTSIDE)
        secret = secret_in(await Client(url, OFFICE).get(path))
        challenged, unknown = await outside.get(path), await outside.get(f"/ipp/tenant/acme/{STRANGER}.cfg")
        assert (challenged.status_code, unknown.status_code) == (401, 401)
        assert PASSWORD in (await outside.get(path, httpx.DigestAuth(MAC, secret))).text
        assert PASSWORD in (await outside.get(path, (MAC, secret))).text
        assert (await outside.get(path, httpx.DigestAuth(MAC, "guess"))).status_code == 404
        assert (await outside.get(path, (STRANGER, secret))).status_code == 404
        assert (await Client(url, INSIDE).get(path)).status_code == 401  # the login has closed the window


async def test_a_renewed_secret_is_fetched_by_the_former_url_within_the_window(tmp_path: Path) -> None:
    config = write_config(tmp_path, an_inventory(a_device(MAC, "2041", sip_password=PASSWORD)))
    async with whole_daemon(config) as daemon:
        inside, outside = (Client(daemon.running.phones_url, address) for address in (INSIDE, OUTSIDE))
        first = secret_in(await inside.get(f"/configfiles/{MAC}.cfg"))
        assert (await outside.get(f"/k/{first}/configfiles/{MAC}.cfg")).status_code == 200
        assert (await daemon.tell(f"/devices/{MAC}/renew-secret", {})).status_code == 200
        assert (await outside.get(f"/k/{first}/configfiles/{MAC}.cfg")).status_code == 404
        second = secret_in(await inside.get(f"/k/{first}/configfiles/{MAC}.cfg"))
        assert second != first
        assert (await outside.get(f"/k/{second}/configfiles/{MAC}.cfg")).status_code == 200
        assert (await inside.get(f"/k/{first}/configfiles/{MAC}.cfg")).status_code == 404


async def test_a_factory_certificate_opens_the_file_of_its_own_mac(tmp_path: Path) -> None:
    server, factory = Authority(tmp_path, "server"), Authority(tmp_path, "factory")
    ours = server.issue("127.0.0.1")
    tls = {"certificate": str(ours.certificate), "key": str(ours.key), "client_ca": str(factory.path)}
    http = {
        "phones": {"listen": ["https://127.0.0.1:0"], "tls": tls},
        "operators": {"listen": [f"unix://{tmp_path / 'api.sock'}"]},
    }
    inventory = an_inventory(a_device(MAC, "2041", sip_password=PASSWORD))

    def shows(name: str) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=server.path)
        shown = factory.issue(name)
        assert shown.certificate
        context.load_cert_chain(shown.certificate, shown.key)
        return context

    async with whole_daemon(write_config(tmp_path, inventory, http=http)) as daemon:
        url, path = daemon.running.phones_url, f"/configfiles/{MAC}.cfg"
        assert PASSWORD in (await Client(url, OUTSIDE, shows(MAC.upper())).get(path)).text
        for other in (STRANGER, "phone.example.net"):
            assert (await Client(url, OUTSIDE, shows(other)).get(path)).status_code == 404
        assert (await Client(url, INSIDE, shows(STRANGER)).get(path)).status_code == 404
