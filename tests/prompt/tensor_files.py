# SPDX-License-Identifier: Apache-2.0
"""Tensor files made by hand: good ones, and such as torch.save would never write."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from typing import Any


def archive(pickled: bytes, storage: bytes, *, method: int = zipfile.ZIP_STORED, **others: bytes) -> bytes:
    """Return the zip archive; `others` are further records (None in place of one leaves it out)."""
    out = io.BytesIO()
    records = {"data.pkl": pickled, "byteorder": b"little", "data/0": storage, "version": b"3\n", **others}
    with zipfile.ZipFile(out, "w", method) as file:
        for name, content in records.items():
            file.writestr(f"archive/{name}", content)
    return out.getvalue()


def pickled_tensor(
    shape: Sequence[Any],
    strides: Sequence[Any],
    *,
    size: int,
    offset: int = 0,
    storage: str = "torch\nFloatStorage",
    function: str = "torch._utils\n_rebuild_tensor_v2",
) -> bytes:
    """Return the pickle of one tensor, as torch.save writes it."""
    persistent = b"(" + text("storage") + name(storage) + text("0") + text("cpu") + number(size) + b"tQ"
    hooks = name("collections\nOrderedDict") + b")R"
    numbers = number(offset) + numbers_of(shape) + numbers_of(strides)
    return b"\x80\x02" + name(function) + b"(" + persistent + numbers + b"\x89" + hooks + b"tR."


def name(lines: str) -> bytes:
    """Return the opcode for a function or a class."""
    return b"c" + lines.encode() + b"\n"


def text(value: str) -> bytes:
    """Return the opcode for a text."""
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    """Return the opcode for an integer."""
    packed = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(packed)]) + packed


def numbers_of(values: Sequence[Any]) -> bytes:
    """Return a tuple of integers, or of opcodes as they are."""
    return b"(" + b"".join(value if isinstance(value, bytes) else number(value) for value in values) + b"t"
