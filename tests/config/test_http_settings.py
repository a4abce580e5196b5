from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from daemon.config.http_settings import OperatorListener, PhoneListener, PhonesTls
from daemon.config.loader import load_settings


@pytest.mark.parametrize("listener", [PhoneListener, OperatorListener])
def test_https_needs_a_certificate(listener: type[BaseModel]) -> None:
    with pytest.raises(ValidationError, match=r"write tls.certificate and tls.key"):
        listener.model_validate({"listen": ["https://127.0.0.1:0"]})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"certificate": "a.pem"}, "certificate and key go together"),
        ({"client_ca": "ca.pem"}, "client_ca says nothing without"),
        ({"minimum": "0.9"}, "Input should be"),
    ],
)
def test_tls_that_makes_no_sense_is_refused(values: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        PhonesTls.model_validate(values)


def test_a_version_needs_no_quotes(tmp_path: Path) -> None:
    path = tmp_path / "ringkeeper.yml"
    path.write_text("http:\n  phones:\n    tls: {minimum: 1.1}\n")
    assert load_settings(path).http.phones.tls.minimum == "1.1"


def test_the_operators_have_no_ceiling_but_their_connections() -> None:
    assert OperatorListener(max_connections=7).max_in_progress == 7
