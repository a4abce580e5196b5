"""Lines beside a template's own."""

from __future__ import annotations

import pytest

from daemon.errors import ConfigError
from daemon.fleet.model import Mac
from daemon.provisioning.templates.daylight import DAYLIGHT_LINES
from daemon.provisioning.templates.extra_lines import insertions, lines_path, read_extra_lines
from daemon.provisioning.templates.template import Marker


class Texts(dict[str, str]):
    """Documents."""

    def text(self, path: str) -> str:
        return self.get(path, "")


def test_each_marker_gets_the_lines_of_its_owner() -> None:
    texts = Texts(
        {
            "lines/tenant/acme": "; why\n\na=1",
            "lines/site/acme/hq": "b=2",
            "lines/site/acme/lab": "b=3",
            "user/00908f4867af": "c=4",
        }
    )
    found = insertions(texts, "acme", "hq", Mac("00908f4867af"))
    assert {marker: [line.text for line in lines] for marker, lines in found.items() if marker != Marker.DAYLIGHT} == {
        Marker.TENANT: ["a=1"],
        Marker.SITE: ["b=2"],
        Marker.USER: ["c=4"],
    }
    assert found[Marker.DAYLIGHT] == DAYLIGHT_LINES
    [line] = found[Marker.TENANT]
    assert (line.origin, line.number) == ("lines/tenant/acme", 3)
    assert insertions(texts, "acme")[Marker.SITE] == ()
    assert insertions(texts, "")[Marker.TENANT] == ()


def test_faulty_lines_and_markers_are_named() -> None:
    with pytest.raises(ConfigError) as caught:
        read_extra_lines(lines_path("acme"), "a=1\nno setting\nzzz1_tenant_cfg")
    assert [str(fault) for fault in caught.value.faults] == [
        "lines/tenant/acme:2 no setting: neither key=value, nor include, nor a comment",
        "lines/tenant/acme:3 zzz1_tenant_cfg: a marker has no place here",
    ]
