from __future__ import annotations

import pytest

from daemon.http.operators.problems import Problem
from daemon.http.operators.provisioning.template_views import name_in, template_items, version_of
from tests.support.operators_desk import DeskWithFleet


def test_a_tilde_in_a_url_is_the_slash_of_a_name() -> None:
    assert name_in("acme~420HD") == "acme/420HD"
    assert name_in("420HD_LYNC") == "420HD_LYNC"


@pytest.mark.parametrize("part", ["", "~", "a~", "~b", "a~b~c", "defaults", "a/../b", ".hidden", "a\nb"])
def test_other_parts_of_urls_are_no_names(part: str) -> None:
    with pytest.raises(Problem):
        name_in(part)


async def test_every_shipped_template_is_there_and_was_edited_by_nobody() -> None:
    desk = DeskWithFleet().app.desk
    items = list(template_items(desk))
    assert {"generic", "420HD", "450HD_LYNC"} <= {item.name for item in items}
    assert not any(item.edited or item.defaults for item in items)
    assert version_of(desk, "template/420hd") == 0
