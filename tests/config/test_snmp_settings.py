"""What the settings of SNMP refuse, and that they hide what is secret."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from daemon.config.snmp_settings import Access, Snmp, SnmpUser

NMS = {"name": "nms", "password": "long enough"}


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ({"users": [NMS, NMS]}, "same name"),
        ({"users": [NMS | {"password": "short"}]}, "at least 8"),
        ({"users": [{"name": "nms"}]}, "needs a password"),
        ({"users": [NMS | {"authentication": "none"}]}, "privacy needs authentication"),
        ({"users": [NMS | {"authentication": "MD5"}]}, "SHA-256"),
        ({"managers": [{"host": "a", "version": "v3", "user": "nms"}]}, "nobody called nms"),
        ({"managers": [{"host": "a", "version": "v3"}]}, r"nobody called \(nothing\)"),
        ({"receiver": {"users": ["nms"]}}, "nobody called nms"),
        ({"receiver": {"listen": ["udp://0.0.0.0:162"], "communities": []}}, "hears nobody"),
        ({"receiver": {"listen": ["udp://0.0.0.0:162", "udp://0.0.0.0:162"]}}, "same address"),
        (
            {"receiver": {"listen": ["udp://[::]:161"]}, "agent": {"listen": "udp://[::]:161", "community": "public"}},
            "same address",
        ),
        ({"agent": {"access": [{"user": "nms"}]}}, "nobody called nms"),
        ({"agent": {"listen": "udp://127.0.0.1:161"}}, "nobody may ask"),
        ({"agent": {"listen": "tcp://127.0.0.1:161"}}, "udp://"),
    ],
)
def test_what_cannot_work_is_refused(written: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        Snmp.model_validate(written)


def test_an_access_is_given_to_one_community_or_one_user() -> None:
    for written in ({}, {"community": "status", "user": "nms"}):
        with pytest.raises(ValidationError, match="either community or user"):
            Access.model_validate(written)


def test_a_users_passwords_are_not_shown() -> None:
    user = SnmpUser.model_validate(NMS | {"privacy_password": "hush hush"})
    assert "long enough" not in f"{user!r}{user.model_dump_json()}"
    assert "hush hush" not in f"{user!r}{user.model_dump_json()}"
