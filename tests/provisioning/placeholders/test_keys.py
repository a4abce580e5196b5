"""What values keys take."""

from __future__ import annotations

import pytest

from daemon.provisioning.placeholders.keys import key_fault, key_kind
from daemon.provisioning.placeholders.known import DEFAULTS
from daemon.provisioning.placeholders.lookup import PLACEHOLDER, Family, Layer, Lookup, expand
from daemon.provisioning.templates.daylight import DAYLIGHT_LINES
from daemon.provisioning.templates.shelf import load_templates
from daemon.store.files import read_shipped_templates

SHELF = load_templates(read_shipped_templates(), {})
AUDIOCODES = sorted(name for name in SHELF.names() if name not in {"poly", "yealink"})
LOOKUP = Lookup(
    [Layer(Family.SYSTEM, {**DEFAULTS, "KeepAlivePeriod": "60", "Proxy_address": "a", "Proxy_port": "5060"})]
)


@pytest.mark.parametrize("name", AUDIOCODES)
def test_every_key_of_a_shipped_template_is_known_and_takes_its_default(name: str) -> None:
    template = SHELF.named(name)
    assert template is not None
    lines = [line for line in (*template.shared, *template.own, *DAYLIGHT_LINES) if line.key]
    assert [line.key for line in lines if key_kind(line.key) is None] == []
    values = [(line.key, expand(line.text, LOOKUP)) for line in lines]
    faults = [(key, key_fault(key, made.text.partition("=")[2])) for key, made in values if not made.wrong]
    assert [fault for fault in faults if fault[1]] == []
    assert len(faults) > 30 or "LYNC" in name


def test_a_value_out_of_range_is_said_and_an_unknown_key_is_not_judged() -> None:
    assert key_fault("ems_server/keep_alive_period", "301") == "is not a whole number from 0 to 300"
    assert key_fault("voip/line/7/enabled", "1") == ""
    assert key_fault("voip/line/8/enabled", "maybe") == ""


def test_daylight_saving_asks_for_known_placeholders_only() -> None:
    assert {name for line in DAYLIGHT_LINES for name in PLACEHOLDER.findall(line.text)} <= DEFAULTS.keys()
