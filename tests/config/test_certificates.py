from __future__ import annotations

from pathlib import Path

import pytest

from daemon.config.certificates import check_certificates
from daemon.config.loader import load_settings
from daemon.config.positions import read_yaml
from daemon.config.settings import Settings, Sip, SipTls
from daemon.config.sheet import Sheet
from daemon.errors import ConfigError, Fault
from tests.support.certificates import Authority

WRITTEN = "sip:\n  tls:\n    certificate: a\n    key: b\n    client_ca: c\n    ca: d\n"


def faults_of(tls: SipTls) -> list[Fault]:
    faults: list[Fault] = []
    sheet = Sheet(read_yaml(WRITTEN, "ringkeeper.yml", faults), "ringkeeper.yml", faults)
    check_certificates(Settings(sip=Sip(tls=tls)), sheet)
    return faults


def test_a_certificate_with_its_key_and_authorities_will_do(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    tls = authority.issue("pbx.example.net")
    assert faults_of(tls.model_copy(update={"client_ca": authority.path, "ca": authority.path})) == []
    assert faults_of(SipTls()) == []


def test_every_file_that_is_missing_is_named_with_its_line(tmp_path: Path) -> None:
    none = tmp_path / "none"
    faults = faults_of(SipTls(certificate=none, key=none, client_ca=none, ca=none))
    assert sorted((fault.line, fault.key) for fault in faults) == [
        (3, "sip.tls.certificate"),
        (4, "sip.tls.key"),
        (5, "sip.tls.client_ca"),
        (6, "sip.tls.ca"),
    ]
    assert all("No such file" in fault.wrong for fault in faults)


def test_a_key_of_another_certificate_is_a_fault_of_the_key(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ours, other = authority.issue("a"), authority.issue("b")
    [fault] = faults_of(SipTls(certificate=ours.certificate, key=other.key))
    assert (fault.line, fault.wrong) == (4, f"{other.key} does not belong to the certificate")


@pytest.mark.parametrize(
    ("rungs", "at_fault"), [("certificate", True), ("secret, login, certificate", True), ("certificate, token", False)]
)
def test_certificates_that_no_phone_can_show_must_not_be_all_that_counts(
    tmp_path: Path, rungs: str, at_fault: bool
) -> None:
    authority = Authority(tmp_path)
    ours = authority.issue("prov.example.net")
    path = tmp_path / "ringkeeper.yml"
    asking = f"{{certificate: {ours.certificate}, key: {ours.key}, client_ca: {authority.path}}}"
    for listen, impossible in (("http", True), ("https", False)):
        path.write_text(
            f"http:\n  phones:\n    listen: [{listen}://127.0.0.1:0]\n    tls: {asking}\n"
            f"provisioning:\n  rungs: [{rungs}]\n"
        )
        if at_fault and impossible:
            with pytest.raises(ConfigError) as caught:
                load_settings(path)
            [fault] = caught.value.faults
            assert (fault.line, fault.key) == (6, "provisioning.rungs")
        else:
            assert load_settings(path).http.phones.takes_certificates is not impossible


def test_what_is_no_certificate_is_a_fault(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("not PEM\n")
    faults = faults_of(SipTls(certificate=text, key=text, ca=text))
    assert sorted(fault.key for fault in faults) == ["sip.tls.ca", "sip.tls.certificate"]


def test_they_are_checked_when_the_configuration_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ringkeeper.yml"
    path.write_text("sip:\n  listen: [tls://127.0.0.1:0]\n  tls: {certificate: none.pem, key: none.key}\n")
    with pytest.raises(ConfigError, match=r"ringkeeper.yml:3 sip.tls.certificate: .*/none.pem cannot be read"):
        load_settings(path)


@pytest.mark.parametrize("listener", ["phones", "operators"])
def test_those_of_the_http_listeners_are_checked_as_well(tmp_path: Path, listener: str) -> None:
    path = tmp_path / "ringkeeper.yml"
    path.write_text(f"http:\n  {listener}:\n    tls: {{certificate: none.pem, key: none.key}}\n")
    with pytest.raises(ConfigError, match=rf"ringkeeper.yml:3 http.{listener}.tls.key: .*/none.key cannot be read"):
        load_settings(path)


def test_so_are_the_authorities_of_outputs(tmp_path: Path) -> None:
    path = tmp_path / "ringkeeper.yml"
    path.write_text("outputs:\n  - {name: log, kind: syslog, host: a, transport: tls, ca: none.pem}\n")
    with pytest.raises(ConfigError, match=r"ringkeeper.yml:2 outputs\[0\].ca: .*/none.pem cannot be read"):
        load_settings(path)
