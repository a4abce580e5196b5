"""What would be: an edit before it is made, a file line by line, a phone before it comes."""

from __future__ import annotations

from daemon.fleet.records import Role
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.operators_desk import DeskWithFleet

GENERIC = (
    "<ipphonetamplate><file_config><type>global_file</type><data>personal_settings/language=%ITCS_Language%</data>"
    "</file_config><file_config><type>file</type><data>voip/line/0/description={}</data></file_config></ipphonetamplate>"
)


async def test_an_edit_names_the_devices_that_would_change_and_writes_nothing() -> None:
    desk = DeskWithFleet(record(), record(OTHER_MAC, number="2042"))
    edit = {"tenants": [{"name": "acme", "subnet": "10.1.0.0/16", "placeholders": {"Language": "German"}}]}
    async with desk.script(Role.OPERATOR) as script:
        seen = (await script.post("/api/v1/preview", json=edit)).json()
    assert (seen["devices"], seen["changed"], seen["effects"]) == (2, 2, {"reboot": 2})
    change = next(item for item in seen["items"] if item["mac"] == MAC)
    language = {"key": "personal_settings/language", "old": "English", "new": "German", "effect": "reboot"}
    assert language.items() <= change["changes"][0].items()
    assert not desk.heard
    assert not desk.fleet.tenants["acme"].placeholders


async def test_templates_choices_and_values_can_be_tried_together() -> None:
    desk = DeskWithFleet(record())
    edit = {
        "templates": {"lobby": GENERIC.format("%ITCS_Where%")},
        "choices": {"acme/420HD": "lobby"},
        "placeholders": {"420HD": {"Where": "in the lobby"}},
    }
    async with desk.script(Role.OPERATOR) as script:
        seen = (await script.post("/api/v1/preview", json=edit)).json()
        broken = (await script.post("/api/v1/preview", json=edit | {"placeholders": {}})).json()
    assert "+voip/line/0/description=in the lobby" in seen["items"][0]["diff"]
    assert (broken["changed"], broken["faults"]) == (1, 1)
    assert "%ITCS_Where%: has no value" in broken["items"][0]["fault"]


async def test_a_device_edit_that_cannot_be_is_refused_with_its_reason() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as script:
        unknown = await script.post("/api/v1/preview", json={"devices": [{"mac": OTHER_MAC, "number": "1"}]})
        no_template = await script.post("/api/v1/preview", json={"templates": {"420HD": "<nonsense/>"}})
    assert unknown.status_code == 404
    assert no_template.status_code == 422
    assert "ipphonetamplate" in no_template.text


async def test_a_monitor_may_look_at_files_but_not_try_edits() -> None:
    desk = DeskWithFleet(record(sip_password=""))
    async with desk.script(Role.MONITOR) as script:
        assert (await script.post("/api/v1/preview", json={})).status_code == 403
        seen = (await script.get(f"/api/v1/devices/{MAC}/configuration")).json()
    assert (seen["vendor"], seen["file"]) == ("AudioCodes", f"{MAC}.cfg")
    line = next(line for line in seen["lines"] if line["text"] == "voip/line/0/id=2041")
    assert line["values"] == [{"name": "Line1Id", "text": "2041", "family": "device"}]
    secret = next(line for line in seen["lines"] if line["text"].startswith("ems_server/user_password"))
    assert secret["text"] == "ems_server/user_password=********"


async def test_what_a_phone_will_get_is_known_before_it_comes() -> None:
    desk = DeskWithFleet()
    phone = {"url": "http://prov.example.net/firmwarefiles;ipp/tenant/acme", "model": "420HD"}
    async with desk.script(Role.MONITOR) as script:
        firmware, configuration = (await script.post("/api/v1/preview/phone", json=phone)).json()["items"]
        nonsense = (await script.post("/api/v1/preview/phone", json=phone | {"url": "nonsense"})).json()
    assert firmware["url"] == "http://prov.example.net/firmwarefiles/420HD.img"
    assert (configuration["tenant"], configuration["rule"]) == ("acme", "tenant in the URL")
    assert "personal_settings/language=English" in configuration["lines"]
    assert nonsense["items"] == []
