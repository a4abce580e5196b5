"""JSON bodies in the form of an inventory's entries, when the path says part of it: read, checked, every fault named.

Not here: whole entries, which routes name as their parameter.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from daemon.config.faults import translate
from daemon.http.operators.problems import Problem, ProblemFault

Entry = TypeVar("Entry", bound=BaseModel)


def body_of(entry: type[BaseModel]) -> dict[str, Any]:
    """What OpenAPI is told of such a body: any of the entry's keys, none required."""
    schema = schema_of(entry)
    schema.pop("required", None)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def schema_of(noun: type[BaseModel]) -> dict[str, Any]:
    """Its JSON schema, whole in itself."""
    schema = noun.model_json_schema(mode="validation")
    known = schema.pop("$defs", {})
    inlined: dict[str, Any] = _inlined(schema, known)
    return inlined


async def read_body(request: Request, entry: type[Entry], **said: Any) -> Entry:
    """The request's body as an entry; `said` is what the path said. `Problem` 422 with every fault."""
    body = await read_object(request)
    contrary = [key for key, value in said.items() if key in body and body[key] != value]
    if contrary:
        faults = tuple(ProblemFault(key=key, wrong="is another than the path's") for key in contrary)
        raise Problem(422, "the body contradicts the path", faults)
    try:
        return entry.model_validate({**body, **said})
    except ValidationError as error:
        found = translate(error, entry, lambda _path: ("", 0))
        faults = tuple(ProblemFault(key=fault.key, wrong=fault.wrong, hint=fault.hint) for fault in found)
        raise Problem(422, "the request does not have the expected form", faults) from None


async def read_object(request: Request) -> dict[str, Any]:
    """The request's body as a JSON object, {} if it is empty; `Problem` 422 for anything else."""
    try:
        body = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError):
        raise Problem(422, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise Problem(422, "the body is not a JSON object")
    return body


def _inlined(schema: Any, known: dict[str, Any]) -> Any:
    """The schema without references, which would have to stand elsewhere in the document."""
    if isinstance(schema, list):
        return [_inlined(item, known) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(known[schema["$ref"].rpartition("/")[2]], known)
    return {key: _inlined(value, known) for key, value in schema.items()}
