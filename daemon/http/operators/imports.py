"""Routes that take users and devices in from a file, show how far that has come, and give them out as one.

An import answers when it is durable; whoever would rather watch asks for `application/x-ndjson` and gets a line of
progress several times a second, the result last. Not here: carrying it out (`import_run`), YAML as it is (`inventory`).
"""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated, Any

import structlog
import trio
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from daemon.errors import RingkeeperError
from daemon.exchange.bundle import is_bundle, pack
from daemon.exchange.files import lines_to_pack
from daemon.exchange.writing import users_table
from daemon.fleet.records import Role
from daemon.http.operators.access import Actor, Caller, Reader
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.import_run import ImportBook, ImportRun, ImportState, Order
from daemon.http.operators.problems import Problem, ProblemFault, not_found
from daemon.scheduler.timestamps import rfc3339

log = structlog.get_logger("operators")

router = APIRouter(tags=["imports"])

NDJSON = "application/x-ndjson"
TOLD_EVERY = 0.2  # seconds between two lines of progress: a bar that moves, and no load

_CSV, _ZIP, _YAML = "text/csv", "application/zip", "application/yaml"
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (_CSV, _ZIP, _YAML)},
    }
}


class ImportView(BaseModel):
    """An import; `line` 0 in a fault is the file as a whole."""

    id: int
    file: str
    by: str
    state: ImportState
    dry_run: bool
    partial: bool
    began_at: str
    rows: int
    total: int
    done: int
    users: int
    devices: int
    new_devices: int
    faults: list[ProblemFault]
    more_faults: int
    warnings: list[ProblemFault]


class ImportList(BaseModel):
    """The newest imports."""

    items: list[ImportView]


@router.post("/imports", openapi_extra=_BODY, response_model=ImportView)
async def begin_import(
    request: Request,
    desk: AtDesk,
    caller: Actor,
    *,
    dry_run: bool = False,
    partial: bool = False,
    tenant: Annotated[str, Query(max_length=63)] = "",
    file: Annotated[str, Query(max_length=200)] = "import",
) -> Any:
    """Take users and devices from a CSV or ZIP file, or an inventory; whole, or `partial`: the lines that will do."""
    data = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    yaml = kind.endswith("yaml") and not is_bundle(data)
    if yaml and partial:
        raise Problem(422, "an inventory is taken as a whole: partial is for tables")
    order = Order(file, caller.name, yaml=yaml, dry_run=dry_run, partial=partial, tenant=tenant)
    run = _book(request).begin(order, desk.clock.now())
    if NDJSON in request.headers.get("accept", ""):
        return _Watched(run, desk, data)
    await run.carry_out(desk, data)
    if run.state is ImportState.REFUSED:
        many = len(run.faults) + run.more_faults
        raise Problem(
            422, f"{many} {'fault' if many == 1 else 'faults'}; nothing was applied", tuple(_faults(run.faults))
        )
    return _view(run, desk)


@router.get("/imports")
async def list_imports(request: Request, desk: AtDesk, caller: Reader) -> ImportList:
    """The newest imports, newest first; they are forgotten with a restart."""
    return ImportList(items=[_view(run, desk) for run in _book(request)])


@router.get("/imports/{identity}")
async def show_import(identity: int, request: Request, desk: AtDesk, caller: Reader) -> ImportView:
    """One import: how far it has come, and what was wrong."""
    run = _book(request).find(identity)
    if run is None:
        raise not_found(f"import {identity}")
    return _view(run, desk)


@router.get("/exports/users.csv", response_class=Response, responses={200: {"content": {_CSV: {}}}})
async def export_table(desk: AtDesk, caller: Reader, secrets: bool = False) -> Response:
    """Users and devices as a table that an import takes without change; passwords for administrators who ask."""
    return _download(await _table(desk, caller, secrets=secrets), _CSV, "users.csv")


@router.get("/exports/users.zip", response_class=Response, responses={200: {"content": {_ZIP: {}}}})
async def export_bundle(desk: AtDesk, caller: Reader, secrets: bool = False) -> Response:
    """The same, with what users set on their phones."""
    table = await _table(desk, caller, secrets=secrets)
    macs = [device.mac for device in desk.directory.devices() if device.record.approved]
    documents = dict(desk.directory.documents)

    def packed() -> bytes:
        return pack(table, dict(lines_to_pack(macs, documents, desk.open_text)))

    return _download(await trio.to_thread.run_sync(packed), _ZIP, "users.zip")


async def _table(desk: Desk, caller: Caller, *, secrets: bool) -> str:
    require_right_to_secrets(caller, secrets=secrets)
    users = tuple(desk.directory.users.values())
    records = tuple(device.record for device in desk.directory.devices() if device.record.approved)
    opener = desk.open_text if secrets else None
    return await trio.to_thread.run_sync(partial(users_table, users, records, open_secret=opener))


def require_right_to_secrets(caller: Caller, *, secrets: bool) -> None:
    """Passwords leave only for administrators who ask for them, and that stands in the log."""
    if not secrets:
        return
    if not caller.may(Role.ADMINISTRATOR):
        raise Problem(
            403, f"an export with passwords needs the role {Role.ADMINISTRATOR}; {caller.name} is {caller.role}"
        )
    log.warning("passwords exported", event_name="secrets-exported", by=caller.name)


class _Watched(Response):
    """Carries an import out and tells of it meanwhile, a JSON object a line."""

    media_type = NDJSON

    def __init__(self, run: ImportRun, desk: Desk, data: bytes) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._run, self._desk, self._data = run, desk, data
        self._finished = trio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until it is over; should the watcher leave, an import that has begun goes on."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._carry_out)
            while not self._run.over:
                await self._tell(send, more=True)
                with trio.move_on_after(TOLD_EVERY):
                    await self._finished.wait()
        await self._tell(send, more=False)

    async def _carry_out(self) -> None:
        try:
            await self._run.carry_out(self._desk, self._data)
        except RingkeeperError as error:
            log.warning("import failed", event_name="import-failed", why=str(error))  # stands in the last line, too
        finally:
            self._finished.set()

    async def _tell(self, send: Send, *, more: bool) -> None:
        body = _view(self._run, self._desk).model_dump(mode="json")
        await send({"type": "http.response.body", "body": json.dumps(body).encode() + b"\n", "more_body": more})


def _book(request: Request) -> ImportBook:
    book: ImportBook = request.state.imports
    return book


def _view(run: ImportRun, desk: Desk) -> ImportView:
    order = run.order
    return ImportView(
        id=run.id,
        file=order.file,
        by=order.by,
        state=run.state,
        dry_run=order.dry_run,
        partial=order.partial,
        began_at=rfc3339(run.began_at),
        rows=run.rows,
        total=run.total,
        done=run.progress(desk),
        users=run.users,
        devices=run.devices,
        new_devices=run.new_devices,
        faults=_faults(run.faults),
        more_faults=run.more_faults,
        warnings=_faults(run.warnings),
    )


def _faults(faults: Any) -> list[ProblemFault]:
    return [ProblemFault(file=f.file, line=f.line, key=f.key, wrong=f.wrong, hint=f.hint) for f in faults]


def _download(content: str | bytes, kind: str, name: str) -> Response:
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
