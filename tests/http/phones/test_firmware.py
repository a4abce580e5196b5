from __future__ import annotations

import os
import shutil
from base64 import b64encode
from pathlib import Path

import pytest
import trio

from daemon.config.listen import Listen
from daemon.config.settings import Provisioning
from daemon.fleet.events import FileFetched
from daemon.http.asgi import Message
from daemon.http.phones.firmware import open_file
from daemon.http.server import HttpServer
from tests.support.builders import MAC
from tests.support.http_peer import SmallLimits, ask, scope
from tests.support.phones import INSIDE, OUTSIDE, SECRET, Scene
from tests.support.stored_files import stored

AGENT = "AUDC-IPPhone/2.2.16 (420HD; 00908F4867AF)"
IMAGE = bytes(range(256)) * 1000  # four chunks
PATH = "/firmwarefiles/420HD.img"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "firmware"
    folder.mkdir()
    (folder / "420HD.img").write_bytes(IMAGE)
    (tmp_path / "secret").write_text("not firmware")
    return folder


async def test_a_file_is_streamed_whole(folder: Path) -> None:
    scene = Scene(firmware=folder)
    answer = await scene.get(PATH)
    assert (answer.status, answer.body) == (200, IMAGE)
    assert answer.headers["content-length"] == str(len(IMAGE))
    assert (answer.headers["accept-ranges"], answer.headers["content-type"]) == ("bytes", "application/octet-stream")
    assert scene.app.statistics().firmware == 1


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=65530-65550", 65530, 65551),
        ("bytes=255999-", 255999, 256000),
        ("bytes=-7", 255993, 256000),
    ],
)
async def test_a_part_is_sent_alone(folder: Path, wanted: str, start: int, stop: int) -> None:
    answer = await Scene(firmware=folder).get(PATH, range=wanted)
    assert (answer.status, answer.body) == (206, IMAGE[start:stop])
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/256000"
    assert answer.headers["content-length"] == str(stop - start)


async def test_a_part_beyond_the_end_is_416(folder: Path) -> None:
    answer = await Scene(firmware=folder).get(PATH, range="bytes=256000-")
    assert (answer.status, answer.headers["content-range"]) == (416, "bytes */256000")


async def test_a_changed_file_is_resumed_from_its_start(folder: Path) -> None:
    scene = Scene(firmware=folder)
    first = await scene.get(PATH)
    os.utime(folder / "420HD.img", (1, 1))
    again = await scene.get(PATH, range="bytes=5-", if_range=first.headers["etag"])
    assert (again.status, again.headers["etag"] != first.headers["etag"]) == (200, True)
    resumed = await scene.get(PATH, range="bytes=5-", if_range=again.headers["last-modified"])
    assert (resumed.status, resumed.body) == (206, IMAGE[5:])


async def test_an_unchanged_file_is_304(folder: Path) -> None:
    scene = Scene(firmware=folder)
    first = await scene.get(PATH)
    assert (await scene.get(PATH, if_none_match=first.headers["etag"])).status == 304
    assert (await scene.get(PATH, if_modified_since=first.headers["last-modified"])).status == 304


async def test_head_says_the_length_and_sends_nothing(folder: Path) -> None:
    answer = await ask(Scene(firmware=folder).app, "HEAD", PATH, headers={"range": "bytes=0-1"})
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "256000", b"")


@pytest.mark.parametrize(
    "name", ["gone.img", "..%2fsecret", "../secret", ".hidden", "out.img", "folder", "pipe", "loop"]
)
async def test_nothing_but_plain_files_of_the_folder_is_served(folder: Path, name: str) -> None:
    (folder / ".hidden").write_text("x")
    (folder / "out.img").symlink_to(folder.parent / "secret")
    (folder / "folder").mkdir()
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe")
    assert (await Scene(firmware=folder).get(f"/firmwarefiles/{name}")).status == 404


def test_a_link_within_the_folder_is_followed(folder: Path) -> None:
    (folder / "current.img").symlink_to("420HD.img")
    file = open_file(folder, "current.img")
    assert file is not None
    assert file.size == len(IMAGE)
    file.close()


async def test_without_a_folder_there_is_no_firmware() -> None:
    assert (await Scene().get(PATH)).status == 404


async def test_a_fetch_by_a_phone_we_believe_is_an_event(folder: Path) -> None:
    scene = Scene(firmware=folder)
    await scene.get(PATH, user_agent=AGENT)
    assert scene.events == [FileFetched(MAC, "firmware", INSIDE, "420HD", AGENT, complete=False, with_secret=False)]
    assert scene.log == ["FileFetched"]


async def test_anybody_else_gets_the_file_and_is_not_noted(folder: Path) -> None:
    scene = Scene(firmware=folder)
    assert (await scene.get(PATH, source=OUTSIDE, user_agent=AGENT)).status == 200
    assert (await scene.get(PATH, user_agent="curl/8")).status == 200
    assert scene.events == []


async def test_a_wrong_secret_is_refused_and_the_right_one_noted(folder: Path) -> None:
    scene = Scene(firmware=folder)
    assert (await scene.get(f"/k/guess{PATH}", user_agent=AGENT)).status == 404
    assert (await scene.get(f"/k/{SECRET}{PATH}", source=OUTSIDE, user_agent=AGENT)).status == 200
    assert len(scene.events) == 1


async def test_wrong_secrets_count_as_guesses_and_yet_firmware_is_nobodys_secret(folder: Path) -> None:
    scene = Scene(firmware=folder)
    limit = scene.settings.guesses.wrong_proofs
    for number in range(limit + 1):
        assert (await scene.get(f"/k/guess-{number}{PATH}", user_agent=AGENT)).status == 404
    statistics = scene.app.statistics()
    assert (statistics.refused, statistics.guessers.slowed) == ({"wrong_secret": limit + 1}, 1)
    assert (await scene.get(PATH, user_agent=AGENT)).status == 200  # it shows nothing, so there is nothing to guess


async def test_a_wrong_login_is_refused(folder: Path) -> None:
    scene = Scene(firmware=folder, settings=Provisioning(rungs=("secret", "login")))
    wrong = "Basic " + b64encode(f"{MAC}:guess".encode()).decode()
    assert (await scene.get(PATH, authorization=wrong)).status == 404
    assert scene.app.statistics().guessers.guesses == {"wrong proof": 1}


async def test_a_download_broken_off_is_counted_apart(folder: Path) -> None:
    scene = Scene(firmware=folder)
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if len(sent) == 2:
            raise OSError("the phone has seen the header")
        sent.append(message)

    await scene.app(scope("GET", PATH, {}, INSIDE), receive, send)
    statistics = scene.app.statistics()
    assert (statistics.firmware, statistics.firmware_aborted) == (0, 1)


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_descriptors_are_given_back(folder: Path) -> None:
    scene = Scene(firmware=folder)
    before = open_descriptors()
    for headers in ({}, {"range": "bytes=9-"}, {"range": "bytes=999999999-"}, {"if_none_match": "*"}):
        await scene.get(PATH, **headers)
    assert open_descriptors() == before


@pytest.mark.peer
async def test_curl_resumes_a_download(folder: Path, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    assert curl, "curl is not installed: apt install curl"
    copy = tmp_path / "copy.img"
    copy.write_bytes(IMAGE[:100_000])
    listen = Listen("http", host="127.0.0.1", port=0)
    server = HttpServer(Scene(firmware=folder).app, (listen,), SmallLimits(), "phones")
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        await trio.run_process([curl, "-sS", "-f", "-C", "-", "-o", str(copy), f"{server.addresses[0]}{PATH}"])
        await server.aclose()
    assert copy.read_bytes() == IMAGE
    assert server.statistics().responses == {"2xx": 1}


async def test_an_uploaded_file_goes_before_the_one_in_the_folder(folder: Path, tmp_path: Path) -> None:
    content = b"uploaded" * 1000
    place = tmp_path / "content"
    place.write_bytes(content)
    file = stored(content=content)
    scene = Scene(firmware=folder, stored={"420HD.img": (file, place)})
    answer = await scene.get(PATH)
    assert (answer.body, answer.headers["etag"]) == (content, f'"{file.hash}"')
    assert (await scene.get(PATH, if_none_match=f'"{file.hash}"')).status == 304
    assert (await scene.get(PATH, range="bytes=8-", if_range=f'"{file.hash}"')).body == content[8:]


async def test_content_that_the_disk_has_lost_leaves_the_folders_file(folder: Path, tmp_path: Path) -> None:
    shorter = tmp_path / "rotten"
    shorter.write_bytes(b"x")
    for place in (shorter, tmp_path / "gone"):
        scene = Scene(firmware=folder, stored={"420HD.img": (stored(), place)})
        assert (await scene.get(PATH)).body == IMAGE
