"""The gate: a site of 500 phones and a guesser behind one address, and how whoever is refused is told."""

from __future__ import annotations

from base64 import b64encode

import pytest
from structlog.testing import capture_logs

from daemon.authentication.digest import answer_challenge
from daemon.config.settings import Provisioning
from daemon.fleet.model import Mac
from daemon.provisioning.first_contact import Reason
from daemon.provisioning.served import Refusal
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.http_peer import Answered
from tests.support.phones import INSIDE, OUTSIDE, SECRET, Directory, Scene, a_file

PATH = f"/ipp/tenant/acme/{MAC}.cfg"
LOGINS = Provisioning(rungs=("secret", "login", "window"))
KEEP_ALIVE = "/rest/v1/ipphoneMgrStatus/keep-alive"


def body(mac: str) -> bytes:
    return b'{"mac":"%s","status":"registered","model":"420HD"}' % mac.encode()


def a_site(count: int, source: str) -> Directory:
    """So many phones that were last believed from there."""
    directory = Directory(*(record(Mac(f"00908f10{number:04x}"), number="") for number in range(count)))
    for number in range(count):
        device = directory.device(Mac(f"00908f10{number:04x}"))
        assert device is not None
        device.source = source
    return directory


async def guess(scene: Scene, count: int, start: int = 0) -> list[Answered]:
    """A guesser at the same address, who asks for MACs that nobody has."""
    scene.file = Refusal(Reason.UNKNOWN_PHONE, mac=OTHER_MAC)
    answers = []
    for number in range(start, start + count):
        scene.file = Refusal(Reason.UNKNOWN_PHONE, mac=Mac(f"00908fff{number:04x}"))
        answers.append(await scene.get(f"/configfiles/00908fff{number:04x}.cfg"))
    return answers


async def test_500_good_phones_are_served_while_a_guesser_behind_the_same_address_is_slowed() -> None:
    limit = Provisioning().guesses
    scene = Scene(directory=a_site(500, INSIDE))
    with capture_logs() as logs:
        answers = await guess(scene, 2 * limit.unknown_phones)
    assert len({(answer.status, answer.body) for answer in answers}) == 1  # slowed or not: nobody can tell
    slowed = limit.unknown_phones - 1 - limit.judged_per_minute
    assert scene.app.statistics().refused == {"unknown phone": 2 * limit.unknown_phones - slowed, "slowed": slowed}

    scene.file = a_file()
    for number in range(500):
        assert (await scene.get(f"/configfiles/00908F10{number:04X}.cfg")).status == 200
        assert (await scene.post(KEEP_ALIVE, body(f"00908f10{number:04x}"))).status == 200
    assert scene.app.statistics().guessers.slowed == 1

    told = [line for line in logs if line.get("event_name") == "phone-guesser"]
    assert [line["source"] for line in told] == [INSIDE]


async def a_slowed_scene() -> Scene:
    scene = Scene(directory=a_site(2, OUTSIDE))  # from here they were never believed
    limit = scene.settings.guesses
    await guess(scene, limit.unknown_phones + 1 + limit.judged_per_minute)
    scene.file = a_file()
    return scene


async def test_at_a_slowed_address_a_phone_that_was_never_believed_there_must_prove_itself() -> None:
    scene = await a_slowed_scene()
    path = "/configfiles/00908f100001.cfg"
    assert (await scene.get(path)).status == 404
    assert (await scene.post(KEEP_ALIVE, body("00908f100001"))).status == 404
    assert (await scene.get(f"/k/{SECRET}{path}")).status == 200
    assert (await scene.post(f"/k/{SECRET}{KEEP_ALIVE}", body("00908f100001"))).status == 200
    assert (await scene.get(f"/t/0123456789abcdef{path}")).status == 200
    assert (await scene.get(path, source=OUTSIDE)).status == 200
    assert (await scene.get("/configfiles/dhcpoption160.cfg")).status == 200  # nothing to be guessed


async def test_a_slowed_address_is_looked_at_again_a_little_every_minute_and_freely_after_the_window() -> None:
    scene = await a_slowed_scene()
    scene.at += 60
    statuses = [(await scene.get("/configfiles/00908f100001.cfg")).status for _ in range(8)]
    assert statuses == [200] * 6 + [404] * 2
    scene.at += 600
    assert [(await scene.get("/configfiles/00908f100001.cfg")).status for _ in range(8)] == [200] * 8


async def test_wrong_secrets_slow_an_address_too_but_one_phone_with_a_stale_one_does_not() -> None:
    scene = Scene(file=Refusal(Reason.WRONG_SECRET, mac=MAC))
    for _ in range(100):
        assert (await scene.get(f"/k/stale{PATH}")).status == 404
    assert scene.app.statistics().guessers.slowed == 0
    for number in range(scene.settings.guesses.wrong_proofs):
        await scene.get(f"/k/guess-{number}{PATH}")
    assert scene.app.statistics().guessers.slowed == 1


@pytest.mark.parametrize("reason", [Reason.UNKNOWN_PHONE, Reason.FOREIGN_NETWORK, Reason.WINDOW_CLOSED])
async def test_who_is_refused_for_want_of_proof_is_asked_to_log_in_where_the_url_s_tenant_takes_logins(
    reason: Reason,
) -> None:
    scene = Scene(file=Refusal(reason, mac=MAC), settings=LOGINS)
    answer = await scene.get(PATH, source=OUTSIDE)
    assert answer.status == 401
    assert answer.headers["www-authenticate"]
    elsewhere = await scene.get(f"/ipp/tenant/nobody/{MAC}.cfg", source=OUTSIDE)
    assert elsewhere.status == 401  # a name that nobody has follows the settings
    without = Scene(file=Refusal(reason, mac=MAC))
    assert (await without.get(PATH, source=OUTSIDE)).status == 404


async def test_what_a_challenge_says_does_not_depend_on_the_mac() -> None:
    scene = Scene(settings=LOGINS)
    scene.file = Refusal(Reason.UNKNOWN_PHONE, mac=OTHER_MAC)
    unknown = await scene.get(f"/configfiles/{OTHER_MAC}.cfg", source=OUTSIDE)
    scene.file = Refusal(Reason.FOREIGN_NETWORK, mac=MAC)
    known = await scene.get(f"/configfiles/{MAC}.cfg", source=OUTSIDE)
    assert (unknown.status, unknown.body) == (known.status, known.body) == (401, unknown.body)


async def test_a_phone_logs_in_by_digest() -> None:
    scene = Scene(file=Refusal(Reason.FOREIGN_NETWORK, mac=MAC), settings=replace_logins("MD5"))
    challenge = (await scene.get(PATH, source=OUTSIDE)).headers["www-authenticate"]
    answer = answer_challenge([challenge], "GET", PATH, str(MAC), SECRET, "cnonce")
    assert answer is not None
    scene.file = a_file(with_secret=True)
    assert (await scene.get(PATH, source=OUTSIDE, authorization=answer)).status == 200
    assert scene.asked[-1].login == MAC
    again = await scene.get(PATH, source=OUTSIDE, authorization=answer)
    assert (again.status, "stale=true" in again.headers["www-authenticate"]) == (401, True)


def replace_logins(*schemes: str) -> Provisioning:
    return LOGINS.model_copy(update={"logins": schemes})


async def test_a_wrong_login_is_refused_like_a_wrong_secret() -> None:
    scene = Scene(file=a_file(), settings=LOGINS)
    wrong = "Basic " + b64encode(f"{MAC}:guess".encode()).decode()
    answer = await scene.get(PATH, authorization=wrong)
    assert (answer.status, scene.asked) == (404, [])
    assert scene.app.statistics().refused == {"wrong_login": 1}
    assert scene.app.statistics().logins.verdicts["wrong"] == 1


async def test_a_report_may_log_in_as_well() -> None:
    scene = Scene(settings=LOGINS)
    assert (await scene.post(KEEP_ALIVE, body(MAC), source=OUTSIDE)).status == 401
    assert (await scene.post(KEEP_ALIVE, b"", source=OUTSIDE)).status == 401  # as curl --digest begins
    plain = Scene()
    assert (await plain.post(KEEP_ALIVE, b"", source=OUTSIDE)).status == 400
    assert (await plain.post(KEEP_ALIVE, body(MAC), source=OUTSIDE)).status == 404
