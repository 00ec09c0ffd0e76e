# SPDX-License-Identifier: Apache-2.0
from collections.abc import Sequence

def float_width(dtype: str) -> int:
    """Return the bytes of one float of the type that PyTorch calls so ("bfloat16"). ValueError for any other."""

def decode_base64(text: str) -> bytes | None:
    """Return the bytes that base64 stands for; None: it is none (strict: no white space, padding in its place)."""

def cast_floats(
    storage: bytes | memoryview, dtype: str, *, offset: int, shape: Sequence[int], strides: Sequence[int], to: str
) -> bytes:
    """Return a matrix row by row, little-endian, in the type `to`: float16, bfloat16 or float32.

    `shape` and `strides` are (rows, columns); `offset` and `strides` count elements of `dtype`. Rounds to the nearest,
    ties to even, as PyTorch does. Raises ValueError if an element lies outside of `storage` or a type is unknown,
    OverflowError for numbers below zero or beyond 64 bits.
    """
