from __future__ import annotations

from pathlib import Path

import pytest

from daemon.cli.dhcp import DhcpServer, Vendor
from daemon.provisioning.dhcp import SERVERS, VENDOR_NAMES
from tests.support.command_line import run


def _config(folder: Path, text: str) -> str:
    config = folder / "ringkeeper.yml"
    config.write_text(text)
    return str(config)


@pytest.mark.parametrize("server", ["isc", "dnsmasq", "kea"])
def test_each_server_gets_its_text_without_a_running_daemon(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "provisioning: {server: prov.example.net}\nhttp: {phones: {listen: ['http://0.0.0.0:8081']}}\n"
    config = _config(tmp_path, text)

    assert run("dhcp", "--server", server, "--tenant", "acme", "--config", config) == 0
    assert "http://prov.example.net:8081/firmwarefiles;ipp/tenant/acme" in capsys.readouterr().out


def test_the_usual_port_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "provisioning: {server: prov.example.net}\nhttp: {phones: {listen: ['http://0.0.0.0:80']}}\n"

    assert run("dhcp", "--server", "isc", "--config", _config(tmp_path, text)) == 0
    assert "http://prov.example.net/firmwarefiles;ipp/dhcpoption160.cfg" in capsys.readouterr().out


def test_it_cannot_guess_how_phones_reach_us(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = _config(tmp_path, "log: {level: info}\n")

    assert run("dhcp", "--server", "isc", "--config", config) == 1
    assert "provisioning.server is not set" in capsys.readouterr().err
    assert run("dhcp", "--server", "isc", "--url", "http://192.0.2.1:8081", "--config", config) == 0


def test_another_server_is_a_fault_of_usage() -> None:
    assert run("dhcp", "--server", "windows") == 2


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (("--server", "isc", "--via-proxy", "192.0.2.5:80"), "http://192.0.2.5:80/firmwarefiles;ipp/httpproxy/"),
        (("--server", "kea", "--form", "region", "--tenant", "hq"), "http://p:8081/firmwarefiles;ipp/region/hq"),
        (("--server", "dnsmasq", "--tenant", "acme", "--vendor", "yealink"), '"http://p:8081/ipp/tenant/acme/"'),
        (("--form", "direct", "--tenant", "acme"), "http://p:8081/ipp/tenant/acme\n"),
    ],
)
def test_each_form_holds_its_url(words: tuple[str, ...], printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("dhcp", *words, "--url", "http://p:8081") == 0
    assert printed in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--tenant", "acme"), 2, "for which DHCP server?"),
        (("--server", "isc", "--form", "zero-touch"), 1, "say which"),
        (("--server", "isc", "--form", "system", "--tenant", "acme"), 1, "names no tenant"),
        (("--server", "isc", "--via-proxy", "sbc"), 1, "like 192.0.2.1:8080"),
    ],
)
def test_what_makes_no_text_is_said(
    words: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("dhcp", *words, "--url", "http://p:8081") == code
    assert said in capsys.readouterr().err


def test_every_server_and_vendor_can_be_chosen() -> None:
    assert set(DhcpServer) == set(SERVERS)
    assert set(Vendor) == set(VENDOR_NAMES)
