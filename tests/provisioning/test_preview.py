"""What an edit would do: said before it is done, and true afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.config.settings import KeepAlive, Provisioning, Sip
from daemon.fleet.model import DeviceRecord, Mac
from daemon.fleet.records import Document
from daemon.provisioning.library import Library, template_path, values_path
from daemon.provisioning.making import FileMaker
from daemon.provisioning.placeholders.computed import House as Settled
from daemon.provisioning.preview import Edit, FileChange, Preview, explain, subject_of
from daemon.provisioning.templates.shelf import load_templates
from daemon.provisioning.vendors.vendor import Effect
from tests.support.provisioned import ACME, ALICE, MAC, SEALER, House

LAYOUT = (
    "<ipphonetamplate><file_config><type>global_file</type><data>personal_settings/language=%ITCS_Language%\n"
    "ems_server/keep_alive_period=%ITCS_KeepAlivePeriod%</data></file_config>"
    "<file_config><type>file</type><data>voip/line/0/auth_password=%ITCS_Line1AuthPassword%\n"
    "voip/line/0/description=%ITCS_DisplayName%</data></file_config></ipphonetamplate>"
)
SERVER = "prov.example.net:8081"
OTHER = Mac("00908f000002")


@pytest.fixture
def house() -> House:
    built = House()
    built.put(ALICE)
    built.put(replace(ALICE, mac=OTHER, tenant="globex", number="2042", display_name="Bob"))
    return built


def maker(house: House) -> FileMaker:
    library = Library(load_templates({"generic.xml": LAYOUT.encode()}, {}), house.documents, SEALER.open)
    return FileMaker(house.servers, library, SEALER, Settled(Provisioning(), KeepAlive(), Sip(domain="pbx.example")))


def written(path: str, text: str) -> dict[str, Document]:
    return {path: Document(path, 1, SEALER.seal(text), 0.0, "ops")}


def changes(house: House, edit: Edit) -> dict[Mac, FileChange]:
    preview = Preview(maker(house), house, edit, SERVER)
    found = (preview.of(device) for device in house.devices())
    return {change.mac: change for change in found if change}


def body(house: House, mac: Mac) -> bytes:
    whom = subject_of(house.known[mac], house.tenants, SERVER)
    return maker(house).file(whom, complete=True).body


def test_a_template_edit_names_the_devices_and_the_settings_that_change(house: House) -> None:
    edited = LAYOUT.replace("description=%ITCS_DisplayName%", "description=Phone of %ITCS_DisplayName%")
    found = changes(house, Edit(documents=written(template_path("acme/420HD"), edited)))
    (change,) = found.values()
    assert change.mac == MAC
    assert [(each.key, each.old, each.new) for each in change.changes] == [
        ("voip/line/0/description", "Alice", "Phone of Alice")
    ]
    assert change.effect is Effect.VOIP_RELOAD
    assert "+voip/line/0/description=Phone of Alice" in change.diff
    assert "rosebud" not in "".join(change.diff)


def test_what_reaches_phones_by_the_global_file_is_a_change_of_each_of_them(house: House) -> None:
    found = changes(house, Edit(documents=written(values_path(), '{"Language": "French"}')))
    # acme has German itself.
    assert {mac: change.effect for mac, change in found.items()} == {OTHER: Effect.REBOOT}
    assert found[OTHER].diff == ()  # its own file reads as before


def test_a_tenant_that_changes_changes_its_devices_alone(house: House) -> None:
    spanish = replace(ACME, placeholders={"Language": "Spanish"})
    assert set(changes(house, Edit(tenants={"acme": spanish}))) == {MAC}


def test_a_device_that_changes_changes_itself_alone(house: House) -> None:
    (change,) = changes(house, Edit(devices={MAC: replace(ALICE, display_name="Alicia")})).values()
    assert (change.mac, change.changes[0].new) == (MAC, "Alicia")


def test_an_edit_that_says_what_is_there_changes_nothing(house: House) -> None:
    assert not changes(house, Edit(documents=written(template_path("420HD"), LAYOUT)))
    assert not changes(house, Edit(devices={MAC: ALICE}, tenants={"acme": ACME}))


def test_a_file_that_could_not_be_made_any_more_says_why(house: House) -> None:
    broken = LAYOUT.replace("%ITCS_DisplayName%", "%ITCS_Nonsense%")
    found = changes(house, Edit(documents=written(template_path("acme/420HD"), broken)))
    assert "%ITCS_Nonsense%: has no value (device 00908f4867af)" in found[MAC].fault


def test_what_the_preview_says_is_what_is_then_served(house: House) -> None:
    before = {mac: body(house, mac) for mac in house.known}
    edit = Edit(documents=written(template_path("420HD"), LAYOUT.replace("=%ITCS_DisplayName%", "=desk")))
    told = changes(house, edit)
    house.documents.update(edit.documents)
    assert {mac for mac in house.known if body(house, mac) != before[mac]} == told.keys()
    house.documents.clear()
    assert {mac: body(house, mac) for mac in house.known} == before


def test_every_line_says_where_it_comes_from(house: House) -> None:
    lines = {line.text: line for line in explain(maker(house), subject_of(house.known[MAC], house.tenants, SERVER))}
    language = lines["personal_settings/language=German"]
    assert (language.template, language.shared) == ("shipped/generic.xml", True)
    assert [(value.name, value.text, value.family) for value in language.values] == [("Language", "German", "tenant")]
    password = lines["voip/line/0/auth_password=********"]
    assert (password.shared, password.values[0].text) == (False, "********")
    assert lines["voip/line/0/description=Alice"].values[0].family == "device"


def test_a_record_of_its_own_can_stand_in_for_the_devices() -> None:
    house = House()
    house.put(ALICE)
    other = DeviceRecord(MAC, tenant="globex")
    assert subject_of(house.known[MAC], house.tenants, SERVER, other).place.tenant.name == "globex"
