"""How long does it take to make 30,000 phones' files anew after a template was edited, and does anybody wait meanwhile?

A daemon with N devices runs as `ringkeeper serve` does. A template that all of them have is edited through the API;
then `POST /api/v1/files/generate`, which is `ringkeeper configuration generate`, makes every file. Meanwhile a probe
fetches a phone's complete file every 5 ms over one connection, and its slowest answer is told. Beside it: what a
preview of the same edit costs, which makes every file twice and compares.

    .venv/bin/python -m bench.generate [devices]
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
from functools import partial
from importlib import import_module
from pathlib import Path

import httpx
import trio

from tests.support.daemon_process import serving
from tests.support.waiting import until

bringing = import_module("bench.import")  # its name is a keyword
EDIT = "; edited\nsystem/extra=1\n"


async def probe(url: str, answers: list[float]) -> None:
    """A phone that asks for its file every 5 ms."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        while True:
            began = time.perf_counter()
            (await client.get("/configfiles/00908f000001.cfg")).raise_for_status()
            answers.append(time.perf_counter() - began)
            await trio.sleep(0.005)


async def imported(script: httpx.AsyncClient) -> bool:
    """Whether the import is over."""
    return (await script.get("/imports")).json()["items"][0]["state"] in ("done", "refused")


async def measured(what: str, url: str, process: int, work: object) -> None:
    """Do it once, and tell what it cost and whom it kept waiting."""
    answers: list[float] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(probe, url, answers)
        await trio.sleep(0.5)
        idle, before, began = max(answers), bringing.processor(process), time.perf_counter()
        answers.clear()
        told = await work()  # type: ignore[operator]
        spent, used = time.perf_counter() - began, bringing.processor(process) - before
        nursery.cancel_scope.cancel()
    print(
        f"{what}: {spent:.2f} s, {used:.2f} s of processor; slowest of {len(answers)} answers to a phone"
        f" {max(answers) * 1000:.0f} ms (idle {idle * 1000:.0f} ms); {told}",
        flush=True,
    )


async def main(devices: int, folder: Path) -> None:
    config = folder / "ringkeeper.yml"
    config.write_text(bringing.CONFIGURATION.format(folder=folder), encoding="utf-8")
    tenant = bringing.TENANT | {"subnet": "127.0.0.0/8"}
    async with serving(config) as daemon:
        url = (await daemon.ready())["phones"]
        transport = httpx.AsyncHTTPTransport(uds=str(folder / "api.sock"))
        async with httpx.AsyncClient(transport=transport, base_url="http://ringkeeper/api/v1", timeout=600) as script:
            (await script.put("/tenants/acme", json=tenant)).raise_for_status()
            data = bringing.table(devices, "User")
            (await script.post("/imports", content=data, headers={"Content-Type": "text/csv"})).raise_for_status()
            await until(partial(imported, script), bool, within=120.0)

            async def generate() -> str:
                answer = await script.post("/files/generate")
                last = json.loads(answer.text.splitlines()[-1])
                return f"{last['done']} files, {last['failed']} failed"

            async def preview() -> str:
                seen = (await script.post("/preview", json={"templates": {"420HD": edited}})).json()
                return f"{seen['changed']} would change"

            plain = (await script.get("/templates/420HD", params={"form": "plain"})).text
            (
                await script.put("/templates/420HD", content=plain, headers={"Content-Type": "text/plain"})
            ).raise_for_status()
            edited = (await script.get("/templates/420HD")).text.replace("]]>", f"{EDIT}]]>")
            await measured("made for the first time", url, daemon.process.pid, generate)
            await measured("made again, nothing edited", url, daemon.process.pid, generate)
            await measured("preview of an edit", url, daemon.process.pid, preview)
            xml = {"Content-Type": "application/xml"}
            (await script.put("/templates/420HD", content=edited, headers=xml)).raise_for_status()
            await measured("made anew after the edit", url, daemon.process.pid, generate)
        daemon.process.send_signal(signal.SIGTERM)
        await daemon.ends()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        trio.run(main, int(sys.argv[1]) if len(sys.argv) > 1 else 30_000, Path(folder))
