# SPDX-License-Identifier: Apache-2.0
"""The pickles inside of PyTorch's tensor files, read by an interpreter that makes nothing but descriptions of tensors.

Bytes in, plain data out. Names of functions are looked up in a table of this module's own and never imported: nothing
that a file says runs. Python's pickle module is not used. The opcodes are those that torch.load(weights_only=True)
knows, less those that tensors do not need. Work and memory are bounded by the number of bytes, which is bounded, too.
Source: torch/_weights_only_unpickler.py, torch/_utils.py (2.13). Must not know files, requests or models.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

MAX_PICKLE_BYTES = 64 * 1024
"""A tensor's has some 200; what holds more is no prompt."""

INT64_MAX = 2**63 - 1

_STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexDoubleStorage": "complex128",
    "ComplexFloatStorage": "complex64",
}
"""Their elements."""

_DTYPES = frozenset(
    """
    float8_e5m2 float8_e4m3fn float8_e5m2fnuz float8_e4m3fnuz float8_e8m0fnu uint16 uint32 uint64 complex32
    """.split()  # noqa: SIM905 - as a list of quoted names it would be no easier to read
)
"""What has no storage class of its own."""


class TensorFileError(Exception):
    """This is no file of a tensor that can be read; the message says why, in a few words."""


class Storage(NamedTuple):
    """A piece of memory that a file holds."""

    key: str
    size: int
    """Elements."""
    dtype: str | None
    """None: bytes, of whatever the tensor says."""


class StoredTensor(NamedTuple):
    """A tensor as a view of a storage. Numbers are not checked against it, only not below zero."""

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Name(NamedTuple):
    """What a pickle calls a function or a class: never more than its name."""

    name: str


class _Other:
    """Something that no tensor depends on: a dict, a layout."""


class _Mark:
    """The bottom of a tuple or list that is being put together."""


class Unpickler:
    """Reads one pickle after the other out of some bytes."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self.at = at
        """Behind what has been read."""
        self._end = at
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def load(self) -> Any:
        """Return what the next pickle describes: a StoredTensor, a number, a list, ... Raises TensorFileError."""
        self._stack.clear()
        self._memo.clear()
        self._end = min(len(self._data), self.at + MAX_PICKLE_BYTES)
        try:
            while (opcode := self._take(1)) != _STOP:
                step, *arguments = _OPCODES.get(opcode) or (None,)
                if step is None:
                    raise TensorFileError(f"Unsupported operand {opcode[0]}")
                step(self, *arguments)
            return self._pop()
        except (IndexError, KeyError, UnicodeDecodeError) as error:
            raise TensorFileError("the pickle is malformed") from error

    # -- What opcodes do

    def _take(self, count: int) -> bytes:
        if count > self._end - self.at:
            raise TensorFileError("the pickle ends too early, or is too long")
        taken = self._data[self.at : self.at + count]
        self.at += count
        return taken

    def _take_line(self) -> str:
        end = self._data.find(b"\n", self.at, self._end)
        if end < 0:
            raise TensorFileError("the pickle ends too early, or is too long")
        line = self._data[self.at : end]
        self.at = end + 1
        return line.decode()

    def _number(self, form: str) -> int:
        value: int = struct.unpack(form, self._take(struct.calcsize(form)))[0]
        return value

    def _pop(self) -> Any:
        value = self._stack.pop()
        if type(value) is _Mark:
            raise TensorFileError("the pickle is malformed")
        return value

    def _pop_marked(self) -> list[Any]:
        for index in range(len(self._stack) - 1, -1, -1):
            if type(self._stack[index]) is _Mark:
                items = self._stack[index + 1 :]
                del self._stack[index:]
                return items
        raise TensorFileError("the pickle is malformed")

    def _pop_many(self, count: int) -> tuple[Any, ...]:
        return tuple(reversed([self._pop() for _ in range(count)]))

    def push(self, value: Any) -> None:
        """NONE, NEWTRUE, NEWFALSE: a value."""
        self._stack.append(value)

    def push_new(self, make: Callable[[], Any]) -> None:
        """MARK, EMPTY_TUPLE, EMPTY_LIST, EMPTY_DICT: something new."""
        self._stack.append(make())

    def skip(self, count: int) -> None:
        """PROTO: pass over bytes."""
        self._take(count)

    def read_name(self) -> None:
        """GLOBAL: the name of a function or a class."""
        self.push(_Name(f"{self._take_line()}.{self._take_line()}"))

    def read_text(self, length_form: str) -> None:
        """BINUNICODE, SHORT_BINSTRING: a text."""
        self.push(self._take(self._number(length_form)).decode())

    def read_long(self) -> None:
        """LONG1: an integer of any size."""
        self.push(int.from_bytes(self._take(self._number("<B")), "little", signed=True))

    def read_number(self, form: str) -> None:
        """BININT, BININT1, BININT2, BINFLOAT: a number."""
        self.push(self._number(form))

    def make_tuple(self, count: int | None = None) -> None:
        """TUPLE, TUPLE1, TUPLE2, TUPLE3: a tuple of what is on the stack."""
        self.push(tuple(self._pop_marked()) if count is None else self._pop_many(count))

    def append(self) -> None:
        """APPEND: one more of a list."""
        self._extend([self._pop()])

    def append_many(self) -> None:
        """APPENDS: more of a list."""
        self._extend(self._pop_marked())

    def _extend(self, items: list[Any]) -> None:
        into = self._stack[-1]
        if type(into) is not list:
            raise TensorFileError("the pickle is malformed")
        into += items

    def set_item(self) -> None:
        """SETITEM: a member of a dict, which nobody asks for."""
        self._pop_many(2)
        self._check_other()

    def set_items(self) -> None:
        """SETITEMS: members of a dict."""
        self._pop_marked()
        self._check_other()

    def build(self) -> None:
        """BUILD: the state of an object, which nobody asks for."""
        self._pop()
        self._check_other()

    def _check_other(self) -> None:
        if type(self._stack[-1]) is not _Other:
            raise TensorFileError("the pickle is malformed")

    def remember(self, form: str) -> None:
        """BINPUT, LONG_BINPUT: the last value gets a number."""
        self._memo[self._number(form)] = self._stack[-1]

    def recall(self, form: str) -> None:
        """BINGET, LONG_BINGET: the value of that number."""
        self.push(self._memo[self._number(form)])

    def call(self) -> None:
        """REDUCE: a function with its arguments, of those that are known here by name."""
        arguments, function = self._pop(), self._pop()
        if type(function) is not _Name:
            raise TensorFileError("the pickle calls what is no function")
        make = _FUNCTIONS.get(function.name)
        if make is None or type(arguments) is not tuple:
            raise TensorFileError(f"Unsupported global: GLOBAL {function.name[:100]}")
        try:
            self.push(make(*arguments))
        except (TypeError, ValueError) as error:  # too few of them, or too many
            raise TensorFileError(f"{function.name} has other arguments") from error

    def find_storage(self) -> None:
        """BINPERSID: a storage, of which the file has the bytes elsewhere."""
        said = self._pop()
        if type(said) is not tuple or len(said) not in {5, 6} or said[0] != "storage" or type(said[1]) is not _Name:
            raise TensorFileError("Unknown typename for persistent_load, expected 'storage'")
        kind, key, count = said[1].name, said[2], said[4]
        if type(key) is not str or (len(said) == 6 and said[5] is not None):
            raise TensorFileError("the storage has no key")
        name = kind.rpartition(".")[2]
        dtype = _STORAGES.get(name)
        if not kind.startswith("torch.") or (dtype is None and name != "UntypedStorage"):
            raise TensorFileError(f"Unsupported storage: {kind[:100]}")
        (size,) = _naturals((count,))
        self.push(Storage(key, size, dtype))


def _naturals(values: object) -> tuple[int, ...]:
    """Return the numbers, which must be integers from 0 to 2**63 - 1."""
    if type(values) is not tuple or not all(type(value) is int and 0 <= value <= INT64_MAX for value in values):
        raise TensorFileError("a size, stride or offset is no number")
    return values


def _tensor(storage: object, offset: object, shape: object, strides: object, *rest: object) -> StoredTensor:
    if type(storage) is not Storage or storage.dtype is None:
        raise TensorFileError("the tensor has no storage")
    return _view(storage, storage.dtype, offset, shape, strides)


def _tensor_of_dtype(storage: object, *arguments: object) -> StoredTensor:
    offset, shape, strides, _grad, _hooks, dtype = arguments[:6]
    if type(storage) is not Storage or type(dtype) is not _Name:
        raise TensorFileError("the tensor has no storage or type")
    module, _, name = dtype.name.partition(".")
    if module != "torch" or name not in {*_DTYPES, *_STORAGES.values()}:
        raise TensorFileError(f"Unsupported type: {dtype.name[:100]}")
    return _view(storage, name, offset, shape, strides)


def _view(storage: Storage, dtype: str, offset: object, shape: object, strides: object) -> StoredTensor:
    (start,) = _naturals((offset,))
    sizes, steps = _naturals(shape), _naturals(strides)
    if len(sizes) != len(steps):
        raise TensorFileError("sizes and strides differ in number")
    return StoredTensor(storage, dtype, start, sizes, steps)


def _parameter(tensor: object, *_: object) -> StoredTensor:
    if type(tensor) is not StoredTensor:
        raise TensorFileError("the parameter has no tensor")
    return tensor


def _sparse(*_: object) -> StoredTensor:
    raise TensorFileError("sparse tensors are not read here: send to_dense()")


def _size(sizes: object) -> tuple[int, ...]:
    return _naturals(sizes)


def _other(*_: object) -> _Other:
    return _Other()


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_of_dtype,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_sparse_tensor": _sparse,
    "torch.Size": _size,
    "torch.serialization._get_layout": _other,
    "collections.OrderedDict": _other,
}
"""What pickles may call, and what it makes here. Arguments are of any type and number."""

_STOP = b"."

_OPCODES: dict[bytes, tuple[Any, ...]] = {
    b"\x80": (Unpickler.skip, 1),  # PROTO: pickles of protocol 2 and later begin so
    b"c": (Unpickler.read_name,),
    b"R": (Unpickler.call,),
    b"Q": (Unpickler.find_storage,),
    b"b": (Unpickler.build,),
    b"(": (Unpickler.push_new, _Mark),
    b")": (Unpickler.push_new, tuple),
    b"]": (Unpickler.push_new, list),
    b"}": (Unpickler.push_new, _Other),
    b"N": (Unpickler.push, None),
    b"\x88": (Unpickler.push, True),
    b"\x89": (Unpickler.push, False),
    b"J": (Unpickler.read_number, "<i"),
    b"K": (Unpickler.read_number, "<B"),
    b"M": (Unpickler.read_number, "<H"),
    b"G": (Unpickler.read_number, ">d"),
    b"\x8a": (Unpickler.read_long,),
    b"X": (Unpickler.read_text, "<I"),
    b"U": (Unpickler.read_text, "<B"),
    b"t": (Unpickler.make_tuple,),
    b"\x85": (Unpickler.make_tuple, 1),
    b"\x86": (Unpickler.make_tuple, 2),
    b"\x87": (Unpickler.make_tuple, 3),
    b"a": (Unpickler.append,),
    b"e": (Unpickler.append_many,),
    b"s": (Unpickler.set_item,),
    b"u": (Unpickler.set_items,),
    b"q": (Unpickler.remember, "<B"),
    b"r": (Unpickler.remember, "<I"),
    b"h": (Unpickler.recall, "<B"),
    b"j": (Unpickler.recall, "<I"),
}
"""Each with the method that does it and its arguments."""
