from __future__ import annotations

import pytest

from daemon.provisioning.image import judge
from daemon.simulate.image import HEADER, SIZE, make_image, version_in


def test_an_image_says_its_version_to_its_own_model_and_nothing_to_another() -> None:
    image = make_image("420HD", "2.2.16.142")
    assert len(image) == SIZE
    assert version_in(image[:HEADER], "420HD") == "2.2.16.142"
    assert version_in(image[:HEADER], "430HD") == ""


@pytest.mark.parametrize("head", [b"", b"420HD", b"420HD 2.2.16", bytes(HEADER), b"420HD 2.2.16 x\n"])
def test_what_is_no_image_says_nothing(head: bytes) -> None:
    assert version_in(head, "420HD") == ""


def test_the_daemon_reads_the_same_from_it() -> None:
    judged = judge("420HD.img", make_image("420HD", "2.2.16.142"))
    assert (judged.model, judged.version, judged.objection) == ("420HD", "2.2.16.142", "")
