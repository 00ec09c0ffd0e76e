# SPDX-License-Identifier: Apache-2.0
"""The interpreter of pickles: what it makes, and that it makes nothing else."""

from __future__ import annotations

import contextlib
import pickle
import random
from typing import Any

import pytest

from fastfront.prompt.tensor_pickle import MAX_PICKLE_BYTES, Storage, StoredTensor, TensorFileError, Unpickler
from tests.prompt.tensor_files import name, number, numbers_of, pickled_tensor, text

GOOD = pickled_tensor((2, 3), (3, 1), size=6)


def test_a_tensor_is_described() -> None:
    """Type and numbers are read, nothing else is needed."""
    found = Unpickler(GOOD).load()
    assert found == StoredTensor(Storage("0", 6, "float32"), "float32", 0, (2, 3), (3, 1))


@pytest.mark.parametrize(
    "value", [None, True, False, 0, 255, 65535, -1, 2**31 - 1, 2**80, "text", (), (1,), (1, 2, 3), [1, 2]]
)
def test_plain_values_are_those_of_pickle(value: Any) -> None:
    """What Python's own pickle writes in protocol 2 comes out again."""
    assert Unpickler(pickle.dumps(value, protocol=2)).load() == value


def test_a_shared_value_is_recalled() -> None:
    """What a pickle remembers it may use again."""
    pair = ("ab" * 3, 7)
    assert Unpickler(pickle.dumps([pair, pair, [pair]], protocol=2)).load() == [pair, pair, [pair]]


def test_several_pickles_follow_each_other() -> None:
    """Each begins behind the one before."""
    unpickler = Unpickler(pickle.dumps(1, protocol=2) + pickle.dumps("x", protocol=2) + b"rest")
    assert (unpickler.load(), unpickler.load()) == (1, "x")
    assert unpickler.at == len(pickle.dumps(1, protocol=2) + pickle.dumps("x", protocol=2))


@pytest.mark.parametrize("function", ["os\nsystem", "builtins\neval", "torch._utils\n_rebuild_qtensor", "torch\nload"])
def test_functions_that_are_not_known_are_refused_by_name(function: str) -> None:
    """A name is never more than text."""
    with pytest.raises(TensorFileError, match=r"Unsupported global: GLOBAL \S+"):
        Unpickler(pickled_tensor((1,), (1,), size=1, function=function)).load()


@pytest.mark.parametrize(
    "opcode", [b"i", b"o", b"\x81", b"\x92", b"\x93", b"\x82", b"P", b"\x95", b"0", b"1", b"2", b"\x8b"]
)
def test_opcodes_that_no_tensor_needs_are_refused(opcode: bytes) -> None:
    """INST, OBJ, NEWOBJ, STACK_GLOBAL, EXT1, FRAME, ... are not there."""
    with pytest.raises(TensorFileError, match="Unsupported operand"):
        Unpickler(b"\x80\x02" + opcode + b"a\nb\n.").load()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        b"N",
        b".",
        b"(.",
        b"t.",
        b"\x86.",
        b"N\x86.",
        b"(\x85.",
        b"a.",
        b"NNa.",
        b"(e.",
        b"NNNs.",
        b"(u.",
        b"N(u.",
        b"NNb.",
        b"q\x00.",
        b"h\x00.",
        b"Q.",
        b"NQ.",
        b"NNR.",
        b"N)R.",
        name("torch\nSize") + b")R.",
        name("torch\nSize") + b"NR.",
        name("torch\nSize") + number(3) + b"\x85R.",
        name("torch._utils\n_rebuild_parameter") + b"N\x85R.",
        name("torch._utils\n_rebuild_tensor_v3") + b")R.",
        b"ctorch",
        b"c\xff\n\n.",
        b"X\xff\xff\xff\xff.",
        b"X\x01\x00\x00\x00\xff.",
        b"\x8a\x09abc",
    ],
)
def test_malformed_pickles_are_refused(data: bytes) -> None:
    """Whatever is missing, the answer is an error of our own."""
    with pytest.raises(TensorFileError):
        Unpickler(data).load()


@pytest.mark.parametrize(
    "pickled",
    [
        pickled_tensor((-1, 3), (3, 1), size=6),
        pickled_tensor((2, 2**63), (3, 1), size=6),
        pickled_tensor((2, b"N"), (3, 1), size=6),
        pickled_tensor((2, b"\x88"), (3, 1), size=6),
        pickled_tensor((2, 3), (3,), size=6),
        pickled_tensor((2, 3), (3, 1), size=-6),
        pickled_tensor((2, 3), (3, 1), size=6, offset=-1),
        pickled_tensor((2, 3), (3, 1), size=6, storage="torch\nQInt8Storage"),
        pickled_tensor((2, 3), (3, 1), size=6, storage="evil\nFloatStorage"),
        pickled_tensor((2, 3), (3, 1), size=6, storage="torch.storage\nUntypedStorage"),
        pickled_tensor((2, 3), (3, 1), size=6, function="torch._utils\n_rebuild_sparse_tensor"),
    ],
)
def test_tensors_that_cannot_be_are_refused(pickled: bytes) -> None:
    """Sizes below zero or beyond 64 bits, strides of another number, types that are no tensor's."""
    with pytest.raises(TensorFileError):
        Unpickler(pickled).load()


def test_a_long_pickle_is_not_read_to_its_end() -> None:
    """64 KiB is enough for any tensor."""
    assert Unpickler(b"(" + b"N" * (MAX_PICKLE_BYTES - 3) + b"t.").load() == (None,) * (MAX_PICKLE_BYTES - 3)
    with pytest.raises(TensorFileError, match="too long"):
        Unpickler(b"(" + b"N" * MAX_PICKLE_BYTES + b"t.").load()


def test_deep_nesting_is_no_deep_recursion() -> None:
    """A tuple in a tuple in a tuple, as deep as 64 KiB can say."""
    deep = Unpickler(b")" + b"\x85" * (MAX_PICKLE_BYTES - 2) + b".").load()
    assert isinstance(deep, tuple)
    del deep


def test_every_cut_and_many_changes_are_errors_or_values() -> None:
    """Nothing but TensorFileError comes out of bytes that somebody has changed."""
    for end in range(len(GOOD)):
        with pytest.raises(TensorFileError):
            Unpickler(GOOD[:end]).load()
    seed = random.randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    opcodes = b".(NKJMX}])tRQabuscqhr\x85\x86\x87\x88\x89\x8a"
    for _ in range(20_000):
        data = bytearray(GOOD)
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.choice(opcodes) if rng.random() < 0.7 else rng.randrange(256)
        with contextlib.suppress(TensorFileError):
            Unpickler(bytes(data)).load()


def test_helpers_write_what_pickle_writes() -> None:
    """The pickles of these tests are well formed: Python's reader takes their parts."""
    assert pickle.loads(b"\x80\x02" + numbers_of((1, 300, -5)) + b".") == (1, 300, -5)
    assert pickle.loads(b"\x80\x02" + text("é") + b".") == "é"
