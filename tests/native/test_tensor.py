# SPDX-License-Identifier: Apache-2.0
"""Base64 and floats of tensors beside the standard library's, one at a time."""

from __future__ import annotations

import base64
import binascii
import itertools
import random
import struct
from typing import Any

import pytest

from fastfront._native.tensor import cast_floats, decode_base64, float_width


def expected_base64(text: str) -> bytes | None:
    try:
        return binascii.a2b_base64(text.encode(), strict_mode=True) if text else b""
    except (binascii.Error, UnicodeEncodeError):
        return None


def test_base64_of_every_length() -> None:
    """What was encoded comes out again."""
    data = random.Random(1).randbytes(100)
    for size in range(100):
        assert decode_base64(base64.b64encode(data[:size]).decode()) == data[:size]


@pytest.mark.parametrize(
    "text", ["a", "aG", "aGV", "====", "a===", "aGVsbG8=\n", "aG sbG8=", "aG=s", "aGV-", "é", "\ud800"]
)
def test_what_is_no_base64_is_none(text: str) -> None:
    """No white space, no other alphabet, padding only where it belongs."""
    assert decode_base64(text) is None


def test_changed_base64_is_judged_as_strictly_as_pythons() -> None:
    """Beside binascii's strict mode, on texts with a few wrong characters."""
    seed = random.randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    for _ in range(3000):
        text = list(base64.b64encode(rng.randbytes(rng.randrange(12))).decode())
        for _ in range(rng.randrange(3)):
            if text:
                text[rng.randrange(len(text))] = rng.choice("=A+/ \n-_é")
        whole = "".join(text)
        if whole.endswith("=") and len(whole.rstrip("=")) % 4 == 0:
            continue  # padding behind whole quads: binascii takes it or not, by Python's version
        assert decode_base64(whole) == expected_base64(whole), whole


def cast(values: bytes, dtype: str, to: str, **where: Any) -> bytes:
    count = len(values) // float_width(dtype)
    return cast_floats(values, dtype, **{"offset": 0, "shape": (1, count), "strides": (count, 1), "to": to, **where})


def test_float16_is_pythons() -> None:
    """Every float16 to float32 and back, and what lies between two of them to the nearest, ties to even."""
    finite = [bits for bits in range(1 << 16) if bits & 0x7C00 != 0x7C00]
    halves = struct.pack(f"<{len(finite)}H", *finite)
    numbers = struct.unpack(f"<{len(finite)}e", halves)
    singles = struct.pack(f"<{len(numbers)}f", *numbers)
    assert cast(halves, "float16", "float32") == singles
    assert cast(singles, "float32", "float16") == halves
    rng = random.Random(2)
    positive = sorted(number for number in numbers if number >= 0)
    between = [struct.unpack("<f", struct.pack("<f", (a + b) / 2))[0] for a, b in itertools.pairwise(positive)]
    between += [rng.uniform(-70000, 70000) for _ in range(20000)]
    fitting = [number for number in between if abs(number) < 65519]
    singles = struct.pack(f"<{len(fitting)}f", *fitting)
    rounded = struct.unpack(f"<{len(fitting)}f", singles)
    assert cast(singles, "float32", "float16") == struct.pack(f"<{len(fitting)}e", *rounded)


def test_bfloat16_is_the_upper_half() -> None:
    """Every bfloat16 to float32 and back."""
    uppers = [bits for bits in range(1 << 16) if bits & 0x7F80 != 0x7F80 or bits & 0x7F == 0]
    brains = struct.pack(f"<{len(uppers)}H", *uppers)
    singles = struct.pack(f"<{len(uppers)}I", *(bits << 16 for bits in uppers))
    assert cast(brains, "bfloat16", "float32") == singles
    assert cast(singles, "float32", "bfloat16") == brains


def test_strides_and_offsets_count_elements() -> None:
    """A view of a storage becomes rows that follow each other."""
    storage = struct.pack("<12e", *range(12))
    taken = cast(storage, "float16", "float32", offset=1, shape=(2, 3), strides=(1, 4))
    assert struct.unpack("<6f", taken) == (1, 5, 9, 2, 6, 10)
    assert cast(b"", "float16", "float32", shape=(0, 3), strides=(3, 1)) == b""


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ({"offset": 1}, ValueError),
        ({"shape": (2, 4)}, ValueError),
        ({"strides": (4, 2)}, ValueError),
        ({"offset": -1}, OverflowError),
        ({"offset": 2**64}, OverflowError),
        ({"strides": (0, 2**63)}, ValueError),
        ({"shape": (2**40, 2**40)}, OverflowError),
        ({"to": "float64"}, ValueError),
        ({"to": "int8"}, ValueError),
    ],
)
def test_what_lies_outside_of_the_storage_is_refused(where: dict[str, Any], error: type[Exception]) -> None:
    """An error in place of a read, for numbers of any size."""
    with pytest.raises(error):
        cast(bytes(8), "float16", where.pop("to", "float32"), **where)


def test_types_that_are_no_floats_have_no_width() -> None:
    """Integers, and names that nobody knows."""
    assert [float_width(name) for name in ("float16", "bfloat16", "float64", "float8_e5m2")] == [2, 2, 8, 1]
    for name in ("int8", "bool", "", "é"):
        with pytest.raises(ValueError, match="no type of floats"):
            float_width(name)
