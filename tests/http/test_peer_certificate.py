from __future__ import annotations

from hashlib import sha256

from daemon.http.peer_certificate import PeerCertificate, read_certificate


def test_a_certificate_has_its_name_and_its_fingerprint() -> None:
    fields = {
        "subject": ((("organizationName", "Maker"),), (("commonName", "maker"),), (("commonName", "00908F4867AF"),)),
        "subjectAltName": (("DNS", "phone.example.net"), ("IP Address", "192.0.2.7")),
    }
    read = read_certificate(b"der", fields)
    assert read == PeerCertificate("00908F4867AF", sha256(b"der").hexdigest(), ("phone.example.net",))


def test_a_certificate_may_be_nameless() -> None:
    assert read_certificate(b"der", {}).common_name == ""
