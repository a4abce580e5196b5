"""The files a page needs, held in memory: style, script, icon. Nothing comes from anywhere else."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from fastapi import APIRouter, Request, Response

from daemon.http.operators.problems import not_found

router = APIRouter(prefix="/static", include_in_schema=False)

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


class _File(NamedTuple):
    body: bytes
    kind: str
    etag: str


def _load() -> dict[str, _File]:
    found = {}
    for file in files(__package__).iterdir():
        kind = _TYPES.get("." + file.name.rpartition(".")[2])
        if kind is not None:
            body = file.read_bytes()
            found[file.name] = _File(body, kind, f'"{sha256(body).hexdigest()[:20]}"')
    return found


_FILES = _load()


@router.get("/{name}")
async def static_file(name: str, request: Request) -> Response:
    """One file; browsers ask every time and are mostly told that it is still the same."""
    file = _FILES.get(name)
    if file is None:
        raise not_found(f"file {name[:40]}")
    headers = {"ETag": file.etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    return Response(file.body, media_type=file.kind, headers=headers)
