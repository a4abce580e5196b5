"""Files are made from what is in force: documents, sealed values, the vendor's syntax."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.config.settings import KeepAlive, Provisioning, Sip
from daemon.fleet.model import DeviceRecord
from daemon.fleet.records import Document
from daemon.provisioning.library import Library, template_path, user_path, values_path
from daemon.provisioning.making import FileMaker, Subject, global_name
from daemon.provisioning.placeholders.computed import House
from daemon.provisioning.sealing import seal_values
from daemon.provisioning.templates.shelf import load_templates
from daemon.provisioning.vendors.audiocodes import AUDIOCODES
from daemon.provisioning.vendors.yealink import YEALINK
from daemon.provisioning.zero_touch import Place, Rule
from tests.support.provisioned import ACME, ALICE, HQ, MAC, SEALER

LAYOUT = (
    "<ipphonetamplate><file_config><type>global_file</type><data>lang=%ITCS_Language%\nvlan=%ITCS_VLANID%</data>"
    "</file_config><file_config><type>file</type><data>ldap/password=%ITCS_LDAPPassword%\nname=%ITCS_DisplayName%"
    "</data></file_config></ipphonetamplate>"
)
YEALINKS = LAYOUT.replace("ldap/password", "ldap.password")
SHELF = load_templates({"generic.xml": LAYOUT.encode(), "yealink.xml": YEALINKS.encode()}, {})
SETTINGS = Provisioning(placeholders={"LDAPPassword": "plain"})


def maker(**texts: str) -> FileMaker:
    documents = {path: Document(path, 1, SEALER.seal(text), 0.0, "ops") for path, text in texts.items()}
    house = House(SETTINGS, KeepAlive(), Sip(domain="pbx.example.net"))
    return FileMaker({}, Library(SHELF, documents, SEALER.open), SEALER, house)


def subject(record: DeviceRecord = ALICE) -> Subject:
    return Subject(record, Place(ACME, HQ, Rule.DEFINED), "420HD", "prov.example.net", AUDIOCODES)


def made(by: FileMaker, whom: Subject, *, complete: bool = True) -> list[str]:
    return by.file(whom, complete=complete).body.decode().splitlines()


def test_a_devices_file_holds_what_differs_and_what_is_its_own() -> None:
    assert made(maker(), subject())[1:] == ["vlan=12", "ldap/password=plain", "name=Alice"]
    assert made(maker(), subject(), complete=False)[1:] == ["vlan=12", "name=Alice"]


def test_what_operators_and_users_wrote_down_reaches_the_file_in_its_order() -> None:
    texts = {
        values_path("420HD"): '{"LDAPPassword": "the model\'s"}',
        user_path(MAC): "speed_dial/1=2042",
    }
    assert made(maker(**texts), subject())[2:] == ["ldap/password=the model's", "name=Alice", "speed_dial/1=2042"]


def test_sealed_values_are_opened_for_the_file_alone() -> None:
    values = seal_values({"LDAPPassword": "rosebud"}, SEALER.seal)
    assert "rosebud" not in str(values)
    whom = subject(replace(ALICE, placeholders=values))
    assert "ldap/password=rosebud" in made(maker(), whom)
    assert made(maker(), whom, complete=False)[1:] == ["vlan=12", "name=Alice"]


def test_phones_of_a_vendor_without_includes_get_one_file_in_their_own_syntax() -> None:
    whom = replace(subject(), vendor=YEALINK, model="T46S")
    assert made(maker(), whom)[0] == "#!version:1.0.0.1"
    assert "lang = German" in made(maker(), whom)


def test_the_materials_are_the_same_as_long_as_nothing_was_edited() -> None:
    by = maker()
    assert by.materials(subject()) == by.materials(subject())
    edited = by.over(by.library.with_documents({template_path("420HD"): a_template()}))
    assert edited.materials(subject()) != by.materials(subject())


def a_template() -> Document:
    return Document(template_path("420HD"), 1, SEALER.seal(LAYOUT), 0.0, "ops")


@pytest.mark.parametrize("model", ["420HD", "GENERIC"])
def test_the_global_file_is_named_after_the_model(model: str) -> None:
    assert maker().global_url(ACME, model, "x:1") == f"http://x:1/ipp/tenant/acme/{global_name(model)}"


def test_a_device_with_a_template_of_its_own_includes_nothing_that_another_template_made() -> None:
    by = maker(**{template_path("lobby"): LAYOUT.replace("lang=", "language=")})
    whom = subject(replace(ALICE, template="lobby"))
    assert made(by, whom)[0] == "language=German"
    assert made(by, subject())[0].startswith("include ")
