from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.provisioning.masking import MASK, masked


def test_passwords_are_masked_and_names_are_not() -> None:
    text = "voip/line/0/auth_name=2041\nvoip/line/0/auth_password=hush\naccount.1.password = hush\n"
    assert (
        masked(text) == f"voip/line/0/auth_name=2041\nvoip/line/0/auth_password={MASK}\naccount.1.password = {MASK}\n"
    )


def test_the_secret_in_a_url_is_masked() -> None:
    assert masked("ems_server/provisioning/url=http://h/k/0123456789abcdef/") == (
        f"ems_server/provisioning/url=http://h/k/{MASK}/"
    )


def test_attributes_are_masked_too() -> None:
    assert "hush" not in masked('<REG reg.1.auth.password="hush" reg.1.address="2041"/>')


@settings(max_examples=50)
@given(st.text(max_size=200))
def test_a_text_without_secrets_in_any_form_stays_in_as_many_lines(text: str) -> None:
    assert masked(text).count("\n") == text.count("\n")
