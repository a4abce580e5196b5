"""The settings of uploaded files: firmware and whatever else phones fetch as it is. Each default with its reason.

Not here: the folder of files that nobody uploaded (`provisioning.firmware`), documents (`provisioning`).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from daemon.config.block import Block

_MIB = 1024 * 1024
_GIB = 1024 * _MIB


class Files(Block):
    """How much may be uploaded. Sizes in bytes."""

    # Thirty models, each with the firmware in use, the one before and the one on trial, of some 64 MiB. Files of the
    # same content count once; one that takes another's place needs room beside it until it is durable.
    quota: Annotated[int, Field(ge=_MIB)] = 8 * _GIB
    max_size: Annotated[int, Field(ge=1024)] = 512 * _MIB  # of one file; desk phones' images are well below
    # What the file system keeps free beyond all uploads: the database lives there, and stops when it is full.
    keep_free: Annotated[int, Field(ge=0)] = 512 * _MIB
    max_files: Annotated[int, Field(ge=1)] = 1000  # names; thirty models do not need more, a script gone wild does
