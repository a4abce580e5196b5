from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from daemon.config.http_settings import Http, OperatorListener, PhoneListener, PhonesTls, ServerTls
from daemon.config.tls_contexts import load_http_contexts
from daemon.errors import RingkeeperError
from tests.support.certificates import Authority


def for_phones(authority: Authority, **more: object) -> Http:
    ours = authority.issue("ringkeeper")
    return Http(phones=PhoneListener(tls=PhonesTls(certificate=ours.certificate, key=ours.key, **more)))


def test_without_certificates_there_is_nothing() -> None:
    contexts = load_http_contexts(Http())
    assert (contexts.phones, contexts.operators) == (None, None)


def test_phones_are_asked_for_a_certificate_only_if_somebody_could_have_signed_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    plain = load_http_contexts(for_phones(authority)).phones
    asking = load_http_contexts(for_phones(authority, client_ca=authority.path)).phones
    assert plain is not None
    assert asking is not None
    assert (plain.verify_mode, asking.verify_mode) == (ssl.CERT_NONE, ssl.CERT_OPTIONAL)


@pytest.mark.parametrize("minimum", ["1.2", "1.3"])
def test_the_oldest_version_is_as_set(tmp_path: Path, minimum: str) -> None:
    context = load_http_contexts(for_phones(Authority(tmp_path), minimum=minimum)).phones
    assert context is not None
    assert context.minimum_version is {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[minimum]


@pytest.mark.parametrize("block", ["phones", "operators"])
def test_a_file_that_vanished_since_it_was_checked_is_named_with_its_block(tmp_path: Path, block: str) -> None:
    files = {"certificate": tmp_path / "none", "key": tmp_path / "none"}
    listeners = {"phones": PhoneListener(tls=PhonesTls(**files)), "operators": OperatorListener(tls=ServerTls(**files))}
    with pytest.raises(RingkeeperError, match=f"http.{block}.tls: a certificate, key or authority cannot be used"):
        load_http_contexts(Http.model_validate({block: listeners[block]}))
