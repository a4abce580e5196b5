from __future__ import annotations

import pytest

from daemon.fleet.events import FileFetched, TokenUsed, UnknownPhoneHeard
from daemon.provisioning.first_contact import Reason
from daemon.provisioning.served import FileKind, Refusal
from tests.support.builders import MAC
from tests.support.http_peer import ask
from tests.support.phones import INSIDE, OUTSIDE, SECRET, Directory, Scene, a_file

PATH = f"/ipp/tenant/acme/{MAC}.cfg"
AGENT = "AUDC-IPPhone/2.2.16 (420HD; 00908F4867AF)"


@pytest.mark.parametrize(
    ("path", "kind", "tenant", "name"),
    [
        ("/ipp/tenant/acme/00908F4867AF.cfg", FileKind.TENANT, "acme", "00908F4867AF.cfg"),
        ("/ipp/tenant/Café West/00908f4867af.cfg", FileKind.TENANT, "Café West", "00908f4867af.cfg"),
        ("/ipp/tenant/acme/dhcpoption160.cfg", FileKind.TENANT, "acme", "dhcpoption160.cfg"),
        ("/ipp/region/hq/00908f4867af.cfg", FileKind.REGION, "hq", "00908f4867af.cfg"),
        ("/ipp/httpproxy/00908f4867af.cfg", FileKind.HTTPPROXY, "", "00908f4867af.cfg"),
        ("/ipp/httpproxy/dhcpoption160.cfg", FileKind.HTTPPROXY, "", "dhcpoption160.cfg"),
        ("/ipp/dhcpoption160.cfg", FileKind.SYSTEM, "", "dhcpoption160.cfg"),
        ("/ipp/00908f4867af.cfg", FileKind.SYSTEM, "", "00908f4867af.cfg"),
        ("/configfiles/00908f4867af.cfg", FileKind.CONFIGFILES, "", "00908f4867af.cfg"),
        ("/configfiles/Audiocodes_420HD_global.cfg", FileKind.CONFIGFILES, "", "Audiocodes_420HD_global.cfg"),
    ],
)
async def test_every_path_becomes_a_question(path: str, kind: FileKind, tenant: str, name: str) -> None:
    scene = Scene(file=a_file())
    answer = await scene.get(path, host="rk:8081", user_agent=AGENT)
    assert answer.status == 200
    (asked,) = scene.asked
    assert (asked.kind, asked.tenant_url, asked.name) == (kind, tenant, name)
    assert (asked.source, asked.user_agent, asked.secret, asked.host) == (INSIDE, AGENT, "", "rk:8081")


async def test_a_file_comes_with_its_template_and_is_not_to_be_kept() -> None:
    answer = await Scene(file=a_file(template_name="420HD\r\nx: é")).get(PATH)
    assert answer.body == b"system/type=420HD\n"
    assert answer.headers["x-template-name"] == "420HD??x: ?"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-type"].startswith("text/plain")
    open_file = await Scene(file=a_file(secret_inside=False)).get(PATH)
    assert open_file.headers["cache-control"] == "no-cache"


async def test_an_unchanged_file_is_not_sent_again() -> None:
    scene = Scene(file=a_file())
    etag = (await scene.get(PATH)).headers["etag"]
    assert not etag.startswith("W/")
    again = await scene.get(PATH, if_none_match=etag)
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
    other = await Scene(file=a_file(b"other")).get(PATH, if_none_match=etag)
    assert other.status == 200


async def test_a_fetch_is_delivered_and_stored_before_the_file_goes_out() -> None:
    scene = Scene(file=a_file())
    await scene.get(PATH, user_agent=AGENT)
    assert scene.events == [FileFetched(MAC, "config", INSIDE, "420HD", AGENT, complete=True, with_secret=False)]
    assert scene.log == ["FileFetched", "stored"]
    assert scene.app.statistics().files == 1


async def test_an_unchanged_file_is_a_fetch_that_hands_nothing_out() -> None:
    scene = Scene(file=a_file())
    await scene.get(PATH, if_none_match="*")
    (event,) = scene.events
    assert isinstance(event, FileFetched)
    assert not event.complete


async def test_a_phone_with_its_secret_is_noted_from_anywhere() -> None:
    scene = Scene(file=a_file(with_secret=True))
    await scene.get(f"/k/{SECRET}/configfiles/{MAC}.cfg", source=OUTSIDE)
    assert scene.asked[0].secret == SECRET
    (event,) = scene.events
    assert isinstance(event, FileFetched)
    assert event.with_secret


async def test_a_token_is_spent_before_its_file_goes_out() -> None:
    scene = Scene(file=a_file(with_token=True, reason="one-time token"))
    await scene.get(f"/t/0123456789abcdef/configfiles/{MAC}.cfg", source=OUTSIDE)
    assert scene.asked[0].token == "0123456789abcdef"
    assert scene.events[0] == TokenUsed(MAC, OUTSIDE)
    assert scene.log == ["TokenUsed", "FileFetched", "stored", "stored"]
    assert scene.app.statistics().proofs == {"one-time token": 1}
    assert (await Scene(file=a_file(with_token=True), store_fails=True).get(f"/t/x{PATH}")).status == 503


async def test_a_token_is_kept_while_nothing_is_handed_out() -> None:
    for file, headers in ((a_file(with_token=True), {"if_none_match": "*"}), (a_file(complete=False), {})):
        scene = Scene(file=file)
        await scene.get(f"/t/0123456789abcdef{PATH}", **headers)
        assert not any(isinstance(event, TokenUsed) for event in scene.events)


async def test_a_complete_file_is_a_sign_of_life_wherever_it_went() -> None:
    scene = Scene(file=a_file(reason="trusted address"))
    await scene.get(PATH, source=OUTSIDE)
    assert [type(event) for event in scene.events] == [FileFetched]


async def test_a_stripped_file_for_somebody_elsewhere_is_no_sign_of_life() -> None:
    scene = Scene(file=a_file(complete=False))
    assert (await scene.get(PATH, source=OUTSIDE)).status == 200
    assert scene.events == []


async def test_a_phone_nobody_defined_is_noted() -> None:
    scene = Scene(directory=Directory(), file=a_file(complete=False, newcomer_of="acme"))
    assert (await scene.get(PATH)).status == 200
    assert scene.events == [UnknownPhoneHeard(MAC, "acme", "420HD", INSIDE)]


async def test_a_wrong_secret_gets_nothing_even_where_none_would_do() -> None:
    scene = Scene(file=Refusal(Reason.WRONG_SECRET, mac=MAC))
    assert (await scene.get(f"/k/guess{PATH}")).status == 404
    assert (scene.events, scene.app.statistics().refused) == ([], {"wrong_secret": 1})
    assert scene.app.statistics().guessers.guesses == {"wrong proof": 1}


@pytest.mark.parametrize(
    "path",
    [
        "/ipp/tenant/acme/../../etc/passwd",
        "/configfiles/..",
        "/configfiles/.hidden",
        "/configfiles/a\\b",
        "/configfiles/a\0b",
        "/configfiles/" + "a" * 200,
        "/configfiles/a/b",
        "/configfiles/",
        "/ipp/tenant/" + "t" * 200 + "/a.cfg",
    ],
)
async def test_a_name_that_is_none_is_not_even_asked_for(path: str) -> None:
    scene = Scene(file=a_file())
    assert (await scene.get(path)).status == 404
    assert scene.asked == []


async def test_a_refusal_is_404_and_counted_by_its_reason() -> None:
    scene = Scene(file=Refusal("unknown phone", detail="said in the log"))
    answer = await scene.get(PATH)
    assert (answer.status, b"unknown" in answer.body) == (404, False)
    assert scene.app.statistics().refused == {"unknown phone": 1}


async def test_head_gets_the_headers_and_is_no_fetch() -> None:
    scene = Scene(file=a_file())
    answer = await ask(scene.app, "HEAD", PATH)
    assert (answer.status, answer.headers["content-length"], scene.events) == (200, "18", [])


async def test_a_file_is_held_back_while_its_fetch_cannot_be_stored() -> None:
    answer = await Scene(file=a_file(), store_fails=True).get(PATH)
    assert (answer.status, b"420HD" in answer.body) == (503, False)
