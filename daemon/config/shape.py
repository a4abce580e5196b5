"""What the configuration classes say of themselves: their keys, nested blocks, paths and secrets.

Everything that treats keys alike by their type asks here, so that a new setting needs no second entry anywhere.
Not here: any value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

TWIN = "_file"  # behind the name of a secret: the file that holds it


@dataclass(frozen=True, slots=True)
class Shape:
    """The keys of one block by what they hold; `twins` maps a `_file` key to its secret.

    The entries of a list in `choices` are of several forms: each says by its `kind` which block it is.
    """

    keys: frozenset[str]
    blocks: dict[str, type[BaseModel]]
    lists: dict[str, type[BaseModel]]
    choices: dict[str, dict[str, type[BaseModel]]]
    paths: frozenset[str]
    twins: dict[str, str]


@cache
def shape_of(block: type[BaseModel]) -> Shape:
    """The shape of a block."""
    annotations = {name: field.annotation for name, field in block.model_fields.items()}
    parts = {name: (annotation, *get_args(annotation)) for name, annotation in annotations.items()}
    twins = {name + TWIN: name for name, annotation in annotations.items() if _is_secret(annotation)}
    return Shape(
        keys=frozenset(annotations) | frozenset(twins),
        blocks={name: part[0] for name, part in parts.items() if _is_block(part[0])},
        lists={name: part[1] for name, part in parts.items() if len(part) > 1 and _is_block(part[1])},
        choices={name: forms for name, part in parts.items() if len(part) > 1 and (forms := _forms(part[1]))},
        paths=frozenset(name for name, part in parts.items() if Path in part),
        twins=twins,
    )


def block_at(block: type[BaseModel], path: tuple[str | int, ...]) -> type[BaseModel] | None:
    """The class of the block at `path` below `block`, a path as pydantic says it; None where no block stands."""
    return _walk(block, path)[1]


def written_path(block: type[BaseModel], path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """A path as pydantic says it -> as it stands in the file, without the kinds it names inside `choices`."""
    return _walk(block, path)[0]


def _walk(block: type[BaseModel], path: tuple[str | int, ...]) -> tuple[tuple[str | int, ...], type[BaseModel] | None]:
    found: type[BaseModel] | None = block
    forms: dict[str, type[BaseModel]] = {}
    written: list[str | int] = []
    for key in path:
        if forms and isinstance(key, str):
            found, forms = forms.get(key), {}
            continue
        written.append(key)
        if found is not None and isinstance(key, str):
            shape = shape_of(found)
            found, forms = shape.blocks.get(key) or shape.lists.get(key), shape.choices.get(key, {})
    return tuple(written), found


def _forms(annotation: object) -> dict[str, type[BaseModel]]:
    """The blocks that an annotated union chooses from, by the only value of their `kind`; else nothing."""
    if get_origin(annotation) is not Annotated:
        return {}
    blocks = [part for part in get_args(get_args(annotation)[0]) if _is_block(part)]
    return {get_args(block.model_fields["kind"].annotation)[0]: block for block in blocks}


def _is_secret(annotation: object) -> bool:
    """One secret, whatever limits it has, perhaps left out; not a list of them, which one file cannot hold."""
    if get_origin(annotation) in (Annotated, Union, UnionType):
        return any(_is_secret(part) for part in get_args(annotation))
    return annotation is SecretStr


def _is_block(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
