"""The zero-touch default of a tenant and model."""

from __future__ import annotations

from tests.support.operators_desk import DeskWithFleet

PATH = "/api/v1/templates/defaults/acme/420HD"


async def test_a_second_default_takes_the_place_of_the_first() -> None:
    desk = DeskWithFleet()
    async with desk.at_socket() as client:
        for name in ("420HD_LYNC", "generic"):
            chosen = await client.put(PATH, json={"template": name})
            assert chosen.json() == {"tenant": "acme", "model": "420HD", "template": name}
        listed = await client.get("/api/v1/templates/defaults")
        assert listed.json() == {"items": [{"tenant": "acme", "model": "420hd", "template": "generic"}]}
        library = desk.provisioner.maker.library
        assert library.template_for("acme", "420HD").name == "shipped/generic.xml"
        assert library.template_for("globex", "420HD").name == "shipped/420HD.xml"
        assert (await client.delete(PATH)).status_code == 204
        assert (await client.delete(PATH)).status_code == 404
        assert library.template_for("acme", "420HD").name == "shipped/420HD.xml"


async def test_what_is_not_there_cannot_be_chosen() -> None:
    desk = DeskWithFleet()
    async with desk.at_socket() as client:
        assert (await client.put(PATH, json={"template": "450XL"})).status_code == 404
        assert (await client.put(PATH.replace("acme", "nobody"), json={"template": "420HD"})).status_code == 404
        assert (await client.put(PATH.replace("420HD", "!"), json={"template": "420HD"})).status_code == 422
    assert desk.heard == []
