from __future__ import annotations

import pytest

from daemon.fleet.events import UserLinesHeard
from daemon.fleet.records import Draft
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.http_peer import Answered, ask
from tests.support.phones import INSIDE, OUTSIDE, SECRET, Directory, Scene, a_file

PATH = "/configfiles/00908F4867AF.cfg"
LINE = "personal_settings/functional_key/0/speed_dial_number=2042\n"
BODY = f"voip/line/0/auth_password=hush\n{LINE}".encode()
HEARD = UserLinesHeard(MAC, Draft(f"user/{MAC}", f"sealed {LINE}"), INSIDE)


async def put(
    scene: Scene, path: str = PATH, body: bytes = BODY, method: str = "PUT", source: str = INSIDE
) -> Answered:
    return await ask(scene.app, method, path, body, source=source)


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("path", [PATH, "/ipp/tenant/acme/00908f4867af.cfg", "/ipp/region/hq/00908f4867af.cfg"])
async def test_what_a_user_set_is_kept_before_the_phone_is_told_so(method: str, path: str) -> None:
    scene = Scene()
    answer = await put(scene, path, method=method)
    assert (answer.status, answer.body) == (204, b"")
    assert scene.events == [HEARD]
    assert scene.log == ["UserLinesHeard", "stored"]
    assert scene.app.statistics().user_files == 1


async def test_a_post_without_a_body_is_a_fetch() -> None:
    scene = Scene(file=a_file())
    answer = await put(scene, body=b"", method="POST")
    assert (answer.status, answer.body) == (200, b"system/type=420HD\n")
    assert scene.log == ["FileFetched", "stored"]


async def test_a_phone_without_settings_of_its_user_changes_nothing() -> None:
    scene = Scene()
    assert (await put(scene, body=b"system/type=420HD\n")).status == 204
    assert scene.events == []


async def test_with_its_secret_a_phone_may_write_from_anywhere() -> None:
    scene = Scene()
    assert (await put(scene, f"/k/{SECRET}{PATH}", source=OUTSIDE)).status == 204
    assert (await put(scene, f"/k/wrong{PATH}")).status == 404


async def test_wrong_secrets_count_as_guesses_and_a_slowed_address_must_prove_itself() -> None:
    scene = Scene()
    for number in range(scene.settings.guesses.wrong_proofs + 1):
        assert (await put(scene, f"/k/guess-{number}{PATH}")).status == 404
    assert scene.app.statistics().guessers.slowed == 1
    statuses = {(await put(scene)).status for _ in range(scene.settings.guesses.judged_per_minute + 2)}
    assert statuses == {204, 404}
    assert (await put(scene, f"/k/{SECRET}{PATH}")).status == 204


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (PATH, OUTSIDE),
        (f"/configfiles/{OTHER_MAC}.cfg", INSIDE),
        ("/configfiles/Audiocodes_420HD_global_GENERIC_empty.cfg", INSIDE),
        ("/configfiles/dhcpoption160.cfg", INSIDE),
        ("/configfiles/..%2f..%2f00908f4867af.cfg", INSIDE),
        ("/configfiles/" + "a" * 300 + ".cfg", INSIDE),
        (f"/configfiles/{MAC}-app.log", INSIDE),
        ("/firmwarefiles/420HD.img", INSIDE),
    ],
)
async def test_nobody_writes_what_is_not_theirs(path: str, source: str) -> None:
    scene = Scene()
    assert (await put(scene, path, source=source)).status in {404, 405}
    assert scene.events == []


async def test_a_phone_that_waits_for_approval_leaves_nothing_here() -> None:
    scene = Scene(directory=Directory(record(approved=False)))
    assert (await put(scene)).status == 404


async def test_another_makers_file_is_kept_under_its_own_name() -> None:
    scene = Scene()
    assert (await put(scene, f"/configfiles/{MAC}-local.cfg", b"linekey.1.value=2042\n")).status == 204
    assert scene.events == [
        UserLinesHeard(MAC, Draft(f"user/{MAC}/local.cfg", "sealed linekey.1.value = 2042\n"), INSIDE)
    ]


async def test_what_is_no_phones_file_is_refused_with_a_reason() -> None:
    scene = Scene()
    assert (await put(scene, body=b"\xff\xfe")).status == 400
    assert scene.app.statistics().refused == {"user_lines": 1}


async def test_nothing_is_promised_that_is_not_kept() -> None:
    assert (await put(Scene(store_fails=True))).status == 503
    assert (await put(Scene(accepting=False))).status == 503
