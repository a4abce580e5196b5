"""Documents' meaning: which template is due, and what stands where."""

from __future__ import annotations

import pytest

from daemon.errors import ConfigError
from daemon.fleet.model import Mac
from daemon.fleet.records import Document
from daemon.provisioning.library import Library, choice_path, file_path, template_path, user_path, values_path
from daemon.provisioning.templates.shelf import load_templates

LAYOUT = (
    "<ipphonetamplate><description>{}</description><file_config><type>global_file</type><data>a=1</data></file_config>"
    "<file_config><type>file</type><data>b=2</data></file_config></ipphonetamplate>"
)
SHIPPED = {name: LAYOUT.format(f"shipped {name}").encode() for name in ("generic.xml", "yealink.xml", "420HD.xml")}


def library(**texts: str) -> Library:
    return Library(load_templates(SHIPPED, {}), documents(**texts), lambda sealed: sealed)


def documents(**texts: str) -> dict[str, Document]:
    return {path: Document(path, 1, text, 0.0, "ops") for path, text in texts.items()}


def chosen(found_in: Library, tenant: str, model: str, own: str = "", last: str = "generic") -> str:
    return found_in.template_for(tenant, model, own, last).description


def test_the_closest_template_by_name_is_due() -> None:
    found = library()
    assert chosen(found, "acme", "420HD") == "shipped 420HD.xml"
    assert chosen(found, "acme", "450HD") == "shipped generic.xml"
    assert chosen(found, "acme", "SIP-T46S", last="yealink") == "shipped yealink.xml"
    own = library(**{template_path("Acme/420HD"): LAYOUT.format("acme's")})
    assert chosen(own, "acme", "420HD") == "acme's"
    assert chosen(own, "globex", "420HD") == "shipped 420HD.xml"


def test_what_was_chosen_goes_before_what_is_close_and_the_devices_choice_before_its_tenants() -> None:
    texts = {
        template_path("reception"): LAYOUT.format("reception's"),
        template_path("lobby"): LAYOUT.format("lobby's"),
        choice_path("acme", "420HD"): "Reception",
    }
    found = library(**texts)
    assert chosen(found, "Acme", "420hd") == "reception's"
    assert chosen(found, "acme", "420HD", own="lobby") == "lobby's"
    assert chosen(found, "acme", "450HD") == "shipped generic.xml"


def test_a_choice_that_is_not_there_is_a_fault_and_not_a_guess() -> None:
    with pytest.raises(ConfigError, match=r"lobby.*is chosen, but not there"):
        library().template_for("acme", "420HD", "lobby")


def test_a_document_is_read_once_and_again_when_it_has_a_new_version() -> None:
    path = template_path("420HD")
    written = documents(**{path: LAYOUT.format("first")})
    found = Library(load_templates(SHIPPED, {}), written, lambda sealed: sealed)
    first = found.named("420HD")
    assert first is found.named("420hd")
    written[path] = Document(path, 2, LAYOUT.format("second"), 0.0, "ops")
    assert chosen(found, "acme", "420HD") == "second"
    written[path] = Document(path, 3, "", 0.0, "ops")
    assert chosen(found, "acme", "420HD") == "shipped 420HD.xml"


def test_values_texts_and_lines_are_found_by_what_they_are() -> None:
    mac = Mac("00908f4867af")
    found = library(
        **{
            values_path(): '{"Language": "German"}',
            values_path("420hd"): '{"Language": "French"}',
            file_path("DIRECTORY.cfg"): "a=1",
            user_path(mac): "speed_dial/1=2042\n\n  ring=3 \n",
        }
    )
    assert (found.values(), found.values("420HD"), found.values("450HD")) == (
        {"Language": "German"},
        {"Language": "French"},
        {},
    )
    assert found.text(file_path("directory.cfg")) == "a=1"
    assert found.lines(user_path(mac)) == ("speed_dial/1=2042", "ring=3")
    assert found.lines(user_path(Mac("00908f000001"))) == ()


def test_with_other_documents_it_says_what_would_be() -> None:
    found = library()
    would_be = found.with_documents(documents(**{template_path("420HD"): LAYOUT.format("new")}))
    assert chosen(would_be, "acme", "420HD") == "new"
    assert chosen(found, "acme", "420HD") == "shipped 420HD.xml"
