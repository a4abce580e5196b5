"""Former versions of templates."""

from __future__ import annotations

from tests.support.operators_desk import DeskWithFleet

PLAIN = "type=t\ndescription=Version {}\n\n[global]\na/b=1\n\n[device]\nc/d=2\n"
PATH = "/api/v1/templates/420HD"


async def test_former_versions_are_listed_shown_and_brought_back() -> None:
    desk = DeskWithFleet()
    async with desk.at_socket() as client:
        assert (await client.get(f"{PATH}/versions")).json() == {"items": []}
        for number in (1, 2):
            await client.put(PATH, content=PLAIN.format(number))
        await client.delete(PATH)
        items = (await client.get(f"{PATH}/versions")).json()["items"]
        assert [(item["version"], item["removed"], item["by"]) for item in items] == [
            (3, True, "local socket"),
            (2, False, "local socket"),
            (1, False, "local socket"),
        ]
        assert (await client.get(f"{PATH}/versions/1?form=plain")).text == PLAIN.format(1)
        assert (await client.get(f"{PATH}/versions/3")).status_code == 404
        assert (await client.get(f"{PATH}/versions/4")).status_code == 404
        back = await client.post(f"{PATH}/rollback", json={"version": 1})
        assert back.json() == {"name": "420HD", "version": 4, "applied": True, "warnings": []}
        assert (await client.get(f"{PATH}?form=plain")).text == PLAIN.format(1)
        assert (await client.post(f"{PATH}/rollback", json={"version": 3})).status_code == 409
        assert (await client.post(f"{PATH}/rollback", json={"version": 9})).status_code == 404
