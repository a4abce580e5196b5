"""What the configuration classes say of themselves: their keys, nested blocks, paths and secrets.

Everything that treats keys alike by their type asks here, so that a new setting needs no second entry anywhere.
Not here: any value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, SecretStr

TWIN = "_file"  # behind the name of a secret: the file that holds it


@dataclass(frozen=True, slots=True)
class Shape:
    """The keys of one block by what they hold; `twins` maps a `_file` key to its secret."""

    keys: frozenset[str]
    blocks: dict[str, type[BaseModel]]
    lists: dict[str, type[BaseModel]]
    paths: frozenset[str]
    twins: dict[str, str]


@cache
def shape_of(block: type[BaseModel]) -> Shape:
    """The shape of a block."""
    annotations = {name: field.annotation for name, field in block.model_fields.items()}
    parts = {name: (annotation, *get_args(annotation)) for name, annotation in annotations.items()}
    twins = {name + TWIN: name for name, part in parts.items() if SecretStr in part}
    return Shape(
        keys=frozenset(annotations) | frozenset(twins),
        blocks={name: part[0] for name, part in parts.items() if _is_block(part[0])},
        lists={name: part[1] for name, part in parts.items() if len(part) > 1 and _is_block(part[1])},
        paths=frozenset(name for name, part in parts.items() if Path in part),
        twins=twins,
    )


def block_at(block: type[BaseModel], path: tuple[str | int, ...]) -> type[BaseModel] | None:
    """The class of the block at `path` below `block`; None where no block stands."""
    found: type[BaseModel] | None = block
    for key in path:
        if found is not None and isinstance(key, str):
            shape = shape_of(found)
            found = shape.blocks.get(key) or shape.lists.get(key)
    return found


def _is_block(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
