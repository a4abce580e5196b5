from __future__ import annotations

from daemon.fleet.events import UserLinesHeard
from daemon.fleet.records import Draft, Role
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.operators_desk import DeskWithFleet
from tests.support.provisioned import SEALER

PATH = f"/api/v1/devices/{MAC}/user-configuration"
LINE = "personal_settings/functional_key/0/speed_dial_number=2042"


def heard(desk: DeskWithFleet, rest: str = "", text: str = f"{LINE}\n") -> None:
    desk.deliver(UserLinesHeard(MAC, Draft(f"user/{MAC}{rest}", SEALER.seal(text)), "10.1.2.7"))


async def test_what_a_phone_sent_is_shown_copied_and_forgotten() -> None:
    desk = DeskWithFleet(record(), record(OTHER_MAC, number="2042"))
    async with desk.script(Role.OPERATOR) as script:
        assert (await script.get(PATH)).status_code == 404
        assert (await script.delete(PATH)).status_code == 404
        heard(desk)
        heard(desk, "/local.cfg", "linekey.1.value = 2042\n")
        shown = (await script.get(PATH)).json()
        assert (shown["lines"], shown["by"], shown["files"]) == ([LINE], "the phone", [f"{MAC}-local.cfg"])
        copied = await script.post(f"{PATH}/copy", json={"to": [OTHER_MAC, MAC]})
        assert copied.json() == {"devices": 1}
        assert desk.fleet.documents[f"user/{OTHER_MAC}"].by == "operator"
        assert (await script.delete(PATH)).status_code == 204
        assert (await script.get(PATH)).status_code == 404
        assert (await script.get(PATH.replace(MAC, OTHER_MAC))).json()["lines"] == [LINE]


async def test_a_copy_goes_to_all_or_to_none() -> None:
    desk = DeskWithFleet(record(), record(OTHER_MAC, number="2042"))
    heard(desk)
    async with desk.script(Role.OPERATOR) as script:
        assert (await script.post(f"{PATH}/copy", json={"to": [OTHER_MAC, "00908f999999"]})).status_code == 404
        assert (await script.post(f"{PATH}/copy", json={"to": []})).status_code == 422
    assert f"user/{OTHER_MAC}" not in desk.fleet.documents


async def test_only_settings_of_a_user_are_written() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as script:
        written = await script.put(PATH, json={"lines": [LINE]})
        assert (written.status_code, written.json()["by"]) == (200, "operator")
        refused = await script.put(PATH, json={"lines": [LINE, "voip/line/0/auth_password=x"]})
        assert refused.status_code == 422
        assert "auth_password" in refused.json()["detail"]
    async with desk.script(Role.MONITOR) as script:
        assert (await script.put(PATH, json={"lines": [LINE]})).status_code == 403
