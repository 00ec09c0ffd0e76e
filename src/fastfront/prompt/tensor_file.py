# SPDX-License-Identifier: Apache-2.0
"""Files that `torch.save` writes of one tensor: where in them the tensor's elements are. Nothing in them is run.

Bytes in, a view of those bytes out. Both forms are read: the zip archive (since PyTorch 1.6) and the older sequence of
pickles. Records of an archive lie uncompressed, as torch.save puts them, so that nothing can unfold; every position is
checked before it is read. Source: torch/serialization.py (2.13). Must not know models or requests.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from fastfront.prompt.tensor_pickle import MAX_PICKLE_BYTES, Storage, StoredTensor, TensorFileError, Unpickler

_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
"""The first pickle of the older form."""
_PROTOCOL_VERSION = 1001

MAX_RECORDS = 256
"""Of an archive: that of one tensor has seven."""

_LOCAL, _CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
_END, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_END_BYTES, _MAX_COMMENT = 22, 0xFFFF
_MAX_32 = 0xFFFFFFFF

_WIDTHS = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
    "complex128": 16,
    "complex64": 8,
}
"""Bytes of an element, by the types that storages have."""


class LoadedTensor(NamedTuple):
    """A tensor's elements, somewhere in `storage`: offset and strides count elements. Not checked against it."""

    storage: memoryview
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def load_tensor(data: bytes) -> LoadedTensor | None:
    """Return the tensor that a file holds, None if it holds something else. Raises TensorFileError."""
    if data.startswith(_LOCAL):
        return _load_archive(data)
    return _load_pickles(data)


def _load_archive(data: bytes) -> LoadedTensor | None:
    records = _records(data)
    pickles = [name for name in records if name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise TensorFileError("the archive has no data.pkl")
    folder = pickles[0].removesuffix("data.pkl")
    order = records.get(folder + "byteorder")
    if order is not None and bytes(order) != b"little":
        raise TensorFileError("only little-endian files are read")
    pickled = records[pickles[0]]
    if len(pickled) > MAX_PICKLE_BYTES:
        raise TensorFileError("the pickle is too long")
    found = Unpickler(bytes(pickled)).load()
    if not isinstance(found, StoredTensor):
        return None
    record = records.get(f"{folder}data/{found.storage.key}")
    if record is None:
        raise TensorFileError("the archive has no record of the tensor's storage")
    return _loaded(found, record)


def _load_pickles(data: bytes) -> LoadedTensor | None:
    unpickler = Unpickler(data)
    if unpickler.load() != _MAGIC_NUMBER:
        raise TensorFileError("Invalid magic number; corrupt file?")
    if unpickler.load() != _PROTOCOL_VERSION:
        raise TensorFileError("Invalid protocol version")
    unpickler.load()  # what machine wrote it
    found = unpickler.load()
    keys: Any = unpickler.load()
    if not isinstance(found, StoredTensor):
        return None
    if keys != [found.storage.key]:
        raise TensorFileError("the file has other storages than the tensor's")
    # The number of elements, then they.
    begin = unpickler.at + 8
    if begin > len(data) or struct.unpack_from("<q", data, unpickler.at)[0] != found.storage.size:
        raise TensorFileError("the storage has another size")
    return _loaded(found, memoryview(data)[begin:])


def _loaded(found: StoredTensor, record: memoryview) -> LoadedTensor:
    size = _storage_bytes(found.storage)
    if size > len(record):
        raise TensorFileError("the storage is longer than the file")
    return LoadedTensor(record[:size], found.dtype, found.offset, found.shape, found.strides)


def _storage_bytes(storage: Storage) -> int:
    return storage.size * (1 if storage.dtype is None else _WIDTHS[storage.dtype])


def _records(data: bytes) -> dict[str, memoryview]:
    """Return the content of an archive's files by their names."""
    view = memoryview(data)
    count, at = _directory(data)
    records: dict[str, memoryview] = {}
    for _ in range(count):
        fields = _unpack("<4s6H3I5H2I", data, at)
        signature, _, _, flags, method, _, _, _, packed, size, name_bytes, extra_bytes, comment_bytes = fields[:13]
        if signature != _CENTRAL:
            raise TensorFileError("invalid header or archive is corrupted")
        if flags & 1 or method != 0:
            raise TensorFileError("only uncompressed records are read")
        name_at = at + 46
        at = name_at + name_bytes + extra_bytes + comment_bytes
        name = _slice(view, name_at, name_bytes).tobytes().decode("utf-8", "replace")
        extra = _slice(view, name_at + name_bytes, extra_bytes).tobytes()
        size, packed, header_at = _widened(extra, size, packed, fields[-1])
        if size != packed or name in records:
            raise TensorFileError("invalid header or archive is corrupted")
        signature, *_, local_name_bytes, local_extra_bytes = _unpack("<4s5H3I2H", data, header_at)
        if signature != _LOCAL:
            raise TensorFileError("invalid header or archive is corrupted")
        records[name] = _slice(view, header_at + 30 + local_name_bytes + local_extra_bytes, size)
    return records


def _directory(data: bytes) -> tuple[int, int]:
    """Return how many records an archive has, and where its directory begins."""
    end = data.rfind(_END, max(0, len(data) - _END_BYTES - _MAX_COMMENT))
    if end < 0:
        raise TensorFileError("failed finding central directory")
    _, _, _, _, count, _, at, _ = _unpack("<4s4H2IH", data, end)
    if data[max(0, end - 20) : end].startswith(_LOCATOR_64):
        (end_64,) = _unpack("<Q", data, end - 20 + 8)
        signature, _, _, _, _, _, _, count, _, at = _unpack("<4sQ2H2I4Q", data, end_64)
        if signature != _END_64:
            raise TensorFileError("failed finding central directory")
    if count > MAX_RECORDS:
        raise TensorFileError(f"the archive has more than {MAX_RECORDS} records")
    return count, at


def _widened(extra: bytes, *values: int) -> list[int]:
    """Return sizes and position of a record: those that do not fit 32 bits are in an extra field, in this order."""
    wide = list(values)
    missing = [index for index, value in enumerate(wide) if value == _MAX_32]
    at = 0
    while missing and at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == 1 and size >= 8 * len(missing):
            for number, index in enumerate(missing):
                (wide[index],) = _unpack("<Q", extra, at + 4 + 8 * number)
            return wide
        at += 4 + size
    if missing:
        raise TensorFileError("invalid header or archive is corrupted")
    return wide


def _unpack(form: str, data: bytes, at: int) -> tuple[Any, ...]:
    if at < 0 or at + struct.calcsize(form) > len(data):
        raise TensorFileError("invalid header or archive is corrupted")
    return struct.unpack_from(form, data, at)


def _slice(view: memoryview, at: int, size: int) -> memoryview:
    if at + size > len(view):
        raise TensorFileError("invalid header or archive is corrupted")
    return view[at : at + size]
