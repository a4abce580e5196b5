"""Firmware and files with a whole daemon: uploads over real sockets, a restart, and what a phone then gets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import httpx

from tests.support.whole_daemon import API, WholeDaemon, a_device, an_inventory, whole_daemon, write_config

MAC = "00908f4867af"
MIB = 1024 * 1024
IMAGE = b"AUDC\0 420HD \0 2.2.16.123 \0" + bytes(range(256)) * (12 * 1024)  # 3 MiB: larger than max_body below
LINE = "personal_settings/functional_key/0/speed_dial_number=2042"
FIRMWARE = f"{API}/firmware/420HD.img"


async def test_an_image_survives_a_restart_and_nothing_is_left_of_what_was_refused(tmp_path: Path) -> None:
    config = write_config(
        tmp_path,
        an_inventory(a_device(MAC, "2041")),
        http={
            "phones": {"listen": ["http://127.0.0.1:0"]},
            "operators": {"listen": [f"unix://{tmp_path / 'api.sock'}"], "max_body": MIB},
        },
        files={"quota": 4 * MIB, "max_size": 3 * MIB + 100, "keep_free": 0},
    )
    content = tmp_path / "state" / "content"
    async with whole_daemon(config) as daemon:
        client = daemon.client
        assert (await client.put(f"{API}/firmware/big.img", content=_zeros(4))).status_code == 413
        taken = await client.put(FIRMWARE, content=IMAGE)
        assert (taken.status_code, taken.json()["version"]) == (200, "2.2.16.123")
        other = await client.put(f"{API}/firmware/440HD.img", content=bytes(2 * MIB))
        assert other.status_code == 507
        assert _files(content) == [sha256(IMAGE).hexdigest()]
        assert await daemon.metric('ringkeeper_uploads_refused_total{reason="quota"}') == 1
        assert await daemon.metric("ringkeeper_models_without_firmware") == 0

    (content / ".upload-cut-off-by-a-crash").write_bytes(b"half")
    async with whole_daemon(config) as daemon:
        assert _files(content) == [sha256(IMAGE).hexdigest()]
        async with _phone(daemon) as phone:
            fetched = await phone.get("/firmwarefiles/420HD.img")
            assert (fetched.content, fetched.headers["etag"]) == (IMAGE, f'"{sha256(IMAGE).hexdigest()}"')
        assert (await daemon.client.delete(FIRMWARE)).status_code == 204
        assert _files(content) == []


async def test_what_a_user_set_is_in_the_next_file_after_a_restart(tmp_path: Path) -> None:
    config = write_config(tmp_path, an_inventory(a_device(MAC, "2041")))
    path = f"/configfiles/{MAC}.cfg"
    async with whole_daemon(config) as daemon, _phone(daemon) as phone:
        sent = await phone.put(path, content=f"voip/line/0/auth_password=evil\n{LINE}\n")
        assert sent.status_code == 204
    async with whole_daemon(config) as daemon, _phone(daemon) as phone:
        fetched = await phone.post(path)
        assert fetched.text.splitlines()[-1] == LINE
        assert "evil" not in fetched.text
        shown = await daemon.client.get(f"{API}/files/{MAC}.cfg")
        assert shown.text.splitlines()[-1] == LINE


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def _phone(daemon: WholeDaemon) -> httpx.AsyncClient:
    """At an address of acme's."""
    transport = httpx.AsyncHTTPTransport(local_address="127.10.0.7")
    return httpx.AsyncClient(base_url=daemon.running.phones_url, transport=transport)


async def _zeros(mebibytes: int) -> AsyncIterator[bytes]:
    """A body that does not say how long it is."""
    for _ in range(mebibytes):
        yield bytes(MIB)
