"""Bad input to a whole daemon, by curl and by raw sockets, to both listeners: paths, sizes, archives, documents.

Each is refused by its own fault and costs next to nothing; afterwards the daemon serves as before, has grown by some
megabytes at most, and its log holds no traceback. That nobody gets a half file while his tenant goes is here, too.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import trio

from tests.support.daemon_process import DaemonProcess, serving
from tests.support.desk_phone import ALERT, KEEP_ALIVE, DeskPhone
from tests.support.whole_daemon import (
    ACME,
    Operator,
    WholeDaemon,
    a_device,
    an_inventory,
    operator,
    whole_daemon,
    write_config,
)

MAC = "00908f4867af"
CANARY = b"a file that nobody may fetch"
FIRMWARE = bytes(range(256)) * 16
# KiB. The largest thing that is looked into is a table of 32 MiB, packed to nothing: 63 MiB at its worst, of which some
# stay with the allocator.
MAY_PEAK, MAY_GROW = 100 * 1024, 40 * 1024
GIGABYTE = 1024**3
JSON = "Content-Type: application/json\r\n"


@dataclass(frozen=True)
class Besieged:
    """A daemon of its own process, with somebody who may act over TCP, and somebody at the Unix socket."""

    daemon: DaemonProcess
    phones: str
    operators: str
    token: str
    at_socket: Operator

    def memory(self, which: str) -> int:
        """What it has in memory now (VmRSS), or had at most (VmHWM), in KiB."""
        status = Path(f"/proc/{self.daemon.process.pid}/status").read_text(encoding="ascii")
        return int(next(line for line in status.splitlines() if line.startswith(which)).split()[1])

    async def raw(self, listener: str, *pieces: bytes) -> bytes:
        """What comes back for these bytes until the connection ends, or is told to; an answer ends the sending."""
        parts = urlsplit(listener)
        answer = b""
        stream = await trio.open_tcp_stream(parts.hostname or "", parts.port or 0, local_address="127.10.1.7")

        async def listen() -> None:
            nonlocal answer
            try:
                async for chunk in stream:
                    answer += chunk
                    if b"connection: close\r\n" in answer.lower() and answer.endswith(b"}"):
                        break
            except trio.BrokenResourceError:
                pass  # a reset, behind what has come
            nursery.cancel_scope.cancel()

        with trio.fail_after(10):
            async with stream, trio.open_nursery() as nursery:
                nursery.start_soon(listen)
                try:
                    for piece in pieces:
                        await stream.send_all(piece)
                except trio.BrokenResourceError:
                    pass  # it has heard enough
        return answer

    async def bring_in(self, data: bytes, kind: str = "application/zip") -> httpx.Response:
        """Import that."""
        return await self.at_socket.client.post("/api/v1/imports", content=data, headers={"Content-Type": kind})


@asynccontextmanager
async def besieged(folder: Path) -> AsyncIterator[Besieged]:
    """One with a phone, firmware, and a file beside it that is nobody's business."""
    (folder / "state" / "firmware").mkdir(parents=True)
    (folder / "state" / "firmware" / "420HD.img").write_bytes(FIRMWARE)
    for place in (folder, folder / "state"):
        (place / "canary.cfg").write_bytes(CANARY)
    operators = {"listen": [f"unix://{folder / 'api.sock'}", "http://127.0.0.1:0"]}
    http = {"phones": {"listen": ["http://127.0.0.1:0"]}, "operators": operators}
    config = write_config(folder, an_inventory(a_device(MAC, "2041")), http=http, log={"format": "json"})
    async with serving(config) as daemon, operator(str(folder / "api.sock")) as at_socket:
        ready = await daemon.ready()
        told = await at_socket.tell("/operators", {"name": "ann", "role": "operator"})
        yield Besieged(daemon, ready["phones"], ready["operators"], told.json()["token"], at_socket)


async def test_no_bad_input_gets_through_or_costs_much(tmp_path: Path) -> None:
    async with besieged(tmp_path) as siege:
        phone = DeskPhone(siege.phones, MAC)
        before = (await phone.fetch()).body
        await nothing_leads_out_of_a_folder(siege)
        await endless_bodies_are_cut_short(siege)
        await floods_of_headers_and_parameters_are_refused(siege)
        await absurd_ranges_get_the_file_or_nothing(siege)
        await what_is_nested_ten_thousand_deep_is_refused(siege)
        await strangers_are_not_parsed(siege)
        at_first = siege.memory("VmRSS")
        for _ in range(3):
            await endless_bodies_are_cut_short(siege)
            await what_is_nested_ten_thousand_deep_is_refused(siege)
            await bombs_do_not_go_off(siege)
        assert siege.memory("VmHWM") - at_first < MAY_PEAK
        assert siege.memory("VmRSS") - at_first < MAY_GROW
        await tables_that_will_not_do_are_refused_whole(siege)
        await documents_that_reach_out_or_into_themselves_are_refused(siege)

        assert (await phone.keep_alive()).status == 200
        assert (await phone.fetch()).body == before
        assert (await siege.at_socket.see("/devices"))["items"][0]["mac"] == MAC
        assert await siege.at_socket.ready() == 200
        assert [line for line in siege.daemon.log if "exception" in line or line["level"] == "error"] == []


FOLDERS = ("/ipp", "/ipp/tenant/acme", "/ipp/region/acme", "/ipp/httpproxy", "/configfiles", "/firmwarefiles", "")
UPWARDS = ("..", "%2e%2e", "%252e%252e", "..%2f..", "..%252f..", "..%5c..", "..\\..", "....//..", "%c0%ae%c0%ae")
NAMES = ("420HD.img%00.cfg", "420HD.img%2500", "%00", "a" * 4096 + ".cfg", "%2e" * 1300, "..", ".", "%20", "~root")


async def nothing_leads_out_of_a_folder(siege: Besieged) -> None:
    paths = [f"{folder}/{up}/{end}" for folder in FOLDERS for up in UPWARDS for end in ("canary.cfg", "../canary.cfg")]
    paths += [f"{folder}/{name}" for folder in FOLDERS for name in NAMES]
    paths += [f"/k/{'..%2f' * 3}{path}" for path in paths[:20]] + ["//etc/passwd", "/%2e%2e/%2e%2e/etc/passwd"]
    for method, most in (("GET", 404), ("POST", 405), ("PUT", 405)):
        said = b"x=1" if method == "PUT" else b""
        asked = [
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(said)}\r\n\r\n".encode() + said
            for path in paths
        ]
        asked.append(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = await siege.raw(siege.phones, b"".join(asked))
        statuses = list(map(int, re.findall(rb"HTTP/1.1 (\d{3}) ", answer)))
        assert len(statuses) == len(paths) + 1
        assert set(statuses) <= {400, 404, most}
        assert CANARY not in answer
    assert await curl(siege, "--path-as-is", f"{siege.phones}/firmwarefiles/../../canary.cfg") == (404, b"")
    assert await curl(siege, f"{siege.phones}/firmwarefiles/420HD.img") == (200, FIRMWARE)


async def curl(siege: Besieged, *arguments: str) -> tuple[int, bytes]:
    """Status and, of a success, the body."""
    program = shutil.which("curl")
    assert program, "curl is not installed: apt install curl"
    said = (await trio.run_process([program, "-s", "-w", "%{http_code}", *arguments], capture_stdout=True)).stdout
    status = int(said[-3:])
    return status, said[:-3] if status < 300 else b""


async def endless_bodies_are_cut_short(siege: Besieged) -> None:
    bearer = f"{JSON}Authorization: Bearer {siege.token}\r\n"
    for listener, path, more, status in (
        (siege.phones, KEEP_ALIVE, "", 413),
        (siege.phones, f"/configfiles/{MAC}.cfg", "", 413),
        (siege.operators, "/api/v1/users", bearer, 413),
        (siege.operators, "/api/v1/users", "", 401),
        (siege.operators, "/-/healthy", "", 405),
    ):
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{more or JSON}"
        declared = await siege.raw(listener, f"{head}Content-Length: {GIGABYTE}\r\n\r\n".encode(), b"[")
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        chunked = await siege.raw(
            listener, f"{head}Transfer-Encoding: chunked\r\n\r\n".encode(), *[chunk] * (GIGABYTE // 0x10000)
        )
        for answer in (declared, chunked):
            assert int(answer[9:12]) == status, (path, answer[:200])


async def floods_of_headers_and_parameters_are_refused(siege: Besieged) -> None:
    bearer = f"Authorization: Bearer {siege.token}\r\n".encode()
    many = b"".join(b"X-%d: y\r\n" % number for number in range(100_000))
    for listener in (siege.phones, siege.operators):
        for flood in (many, b"X: " + b"y" * 2**20 + b"\r\n", b"X: \x00\r\n"):
            answer = await siege.raw(listener, b"GET / HTTP/1.1\r\nHost: x\r\n" + flood + b"\r\n")
            assert answer[9:12] in {b"431", b"400"}
    for count, status in ((100_000, b"431"), (3000, b"422")):
        query = b"&".join([b"a=b"] * count)
        asked = b"GET /api/v1/devices?" + query + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + bearer + b"\r\n"
        answer = await siege.raw(siege.operators, asked)
        assert answer[9:12] == status
        assert len(answer) < 10_000  # not a fault for each


async def absurd_ranges_get_the_file_or_nothing(siege: Besieged) -> None:
    url = f"{siege.phones}/firmwarefiles/420HD.img"
    for wanted, status in (
        ("bytes=" + "0-0," * 3000, 200),
        ("bytes=0-" + "9" * 5000, 200),
        ("bytes=" + "9" * 15 + "-", 416),
        ("bytes=" + "9" * 5000 + "-", 200),
        ("bytes=-" + "9" * 15, 206),
        ("bytes=-0", 416),
        ("bytes=5-2", 200),
        ("bytes=--5", 200),
        ("lines=1-2", 200),
    ):
        found, body = await curl(siege, "-H", f"Range: {wanted}", url)
        assert (found, body) == (status, FIRMWARE if status < 300 else b""), wanted[:40]


async def what_is_nested_ten_thousand_deep_is_refused(siege: Besieged) -> None:
    phone = DeskPhone(siege.phones, MAC)
    for deep in (b"[" * 10_000 + b"]" * 10_000, b'{"":' * 10_000 + b"1" + b"}" * 10_000, b"[" * 30_000):
        for path in (KEEP_ALIVE, ALERT):
            assert (await phone.post(path, deep)).status == 400
        for method, path in (
            ("POST", "/users"),
            ("POST", "/operations"),
            ("PUT", "/tenants/acme"),
            ("PUT", "/users/acme/alice"),
            ("PATCH", f"/devices/{MAC}"),
            ("POST", "/inventory"),
            ("PUT", "/placeholders/system"),
        ):
            answer = await siege.at_socket.client.request(
                method, f"/api/v1{path}", content=deep, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code in {400, 404, 422}, (method, path, answer.text)


async def strangers_are_not_parsed(siege: Besieged) -> None:
    """Two megabytes of small objects take a quarter of a second, in which nothing else happens."""
    costly = b"[" + b",".join([b'{"a":[1,2]}'] * 150_000) + b"]"
    head = b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    answer = await siege.raw(siege.operators, head % len(costly) + costly)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert len(answer.split(b"\r\n\r\n")[0]) < 1000


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


ZEROS = bytes(64 * 1024 * 1024)
TABLE = b"Name,Tenant,MAC,Model\n"
INNER = zipped(("users.csv", ZEROS))
BOMBS = {
    "unpacks to more than is taken": INNER,
    "pack it by deflate": zipped(("users.csv", ZEROS), method=zipfile.ZIP_LZMA),
    "holds no table": zipped(*((f"{number}.zip", INNER) for number in range(50))),
    "leads out of the archive": zipped(("users.csv", TABLE), ("../../state/canary.cfg", b"x")),
    "unpacks to more": zipped(("users.csv", TABLE), (f"{MAC}.cfg", ZEROS)),
}


async def bombs_do_not_go_off(siege: Besieged) -> None:
    for told, bomb in BOMBS.items():
        answer = await siege.bring_in(bomb)
        assert answer.status_code == 422, told
        assert told in answer.text
    entry = zipped(("x", b""))
    directory = entry[entry.index(b"PK\x01\x02") : entry.index(b"PK\x05\x06")]
    answer = await siege.bring_in(entry.replace(directory, directory * 200_000))
    assert (answer.status_code, "has 200000 entries" in answer.text) == (422, True)


async def tables_that_will_not_do_are_refused_whole(siege: Besieged) -> None:
    long = TABLE + b"".join(b"u%d,acme,00908f%06x,420HD\n" % (n, 0x100000 + n) for n in range(31_000))
    answer = await siege.bring_in(long, "text/csv")
    assert (answer.status_code, "30000" in answer.text.replace(",", "")) == (422, True), answer.text[:300]
    twice = TABLE + b"a,acme,00908f000001,420HD\nb,acme,00:90:8F:00:00:01,420HD\n"
    answer = await siege.bring_in(twice, "text/csv")
    assert (answer.status_code, answer.json()["errors"][0]["line"]) == (422, 3), answer.text
    listed = {"devices": [{"mac": "00908f000001"}, {"mac": "00-90-8F-00-00-01"}]}
    answer = await siege.at_socket.client.post("/api/v1/inventory", content=json.dumps(listed))
    assert (answer.status_code, "stands in line 1 already" in answer.text) == (422, True), answer.text
    assert len(await siege.at_socket.items("/devices")) == 1


def a_template(inside: str, before: str = "") -> str:
    block = f"<file_config><type>file</type><name>%ITCS_mac%.cfg</name><data>{inside}</data></file_config>"
    return f'<?xml version="1.0"?>{before}<ipphonetamplate><type>x</type>{block}</ipphonetamplate>'


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
DOCUMENTS = (
    a_template("&l9;", f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>'),
    a_template("&x;", '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    a_template("a=1", '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">'),
    a_template("include %ITCS_mac%.cfg"),
    a_template("a=1").replace("<type>x", "<extends>LOOP</extends><type>x"),
    a_template("<a>" * 10_000),
)


async def documents_that_reach_out_or_into_themselves_are_refused(siege: Besieged) -> None:
    for document in DOCUMENTS:
        answer = await siege.at_socket.client.put("/api/v1/templates/LOOP", content=document)
        assert answer.status_code == 422, answer.text
        assert "root:" not in answer.text
    assert (await siege.at_socket.client.get("/api/v1/templates/LOOP")).status_code == 404


async def test_nobody_gets_a_half_file_while_the_tenant_goes(tmp_path: Path) -> None:
    name = "globex"
    macs = [f"00908f0001{number:02x}" for number in range(20)]
    globex = {"name": name, "subnet": "127.20.0.0/16", "sites": [{"name": "hq"}]}
    phones = [a_device(mac, qualify=False, tenant=name, site="hq") for mac in macs]
    inventory: dict[str, Any] = an_inventory(*phones) | {"tenants": [ACME, globex]}
    async with whole_daemon(write_config(tmp_path, inventory)) as daemon:
        url = daemon.running.phones_url
        whole = {mac: (await DeskPhone(url, mac, "127.20.0.7").get(f"/configfiles/{mac}.cfg")).body for mac in macs}
        ends = {body.splitlines()[-1] for body in whole.values()}
        statuses: set[int] = set()
        over = trio.Event()

        async def fetch(mac: str) -> None:
            phone = DeskPhone(url, mac, "127.20.0.7")
            while not over.is_set():
                for path in (f"/configfiles/{mac}.cfg", f"/ipp/tenant/{name}/{mac}.cfg", f"/ipp/region/hq/{mac}.cfg"):
                    reply = await phone.get(path)  # raises if less comes than was promised
                    statuses.add(reply.status)
                    assert reply.status != 200 or reply.body.splitlines()[-1] in ends

        async with trio.open_nursery() as nursery:
            for mac in macs[:6]:
                nursery.start_soon(fetch, mac)
            await all_deleted(daemon, name, macs)
            over.set()
        assert statuses <= {200, 404}
        assert name not in [item["name"] for item in await daemon.items("/tenants")]
        assert await daemon.items("/devices") == []


async def all_deleted(daemon: WholeDaemon, name: str, macs: list[str]) -> None:
    """The tenant, as soon as its last phone is; without its network first, or they would come back as newcomers."""
    assert (await daemon.client.delete(f"/api/v1/tenants/{name}")).status_code == 409
    assert (await daemon.client.put(f"/api/v1/tenants/{name}", json={"sites": [{"name": "hq"}]})).status_code == 200
    for mac in macs:
        assert (await daemon.client.delete(f"/api/v1/devices/{mac}")).status_code == 204
    assert (await daemon.client.delete(f"/api/v1/tenants/{name}")).status_code == 204
