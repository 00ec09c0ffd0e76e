# SPDX-License-Identifier: Apache-2.0
"""Files of tensors: where their elements lie, and that nothing outside of the file is ever looked at."""

from __future__ import annotations

import base64
import json
import pickle
import random
import struct
import zipfile
from pathlib import Path

import pytest

from fastfront.prompt.tensor_file import MAX_RECORDS, load_tensor
from fastfront.prompt.tensor_pickle import MAX_PICKLE_BYTES, TensorFileError
from tests.prompt.tensor_files import archive, pickled_tensor

STORAGE = struct.pack("<6f", *range(6))
PICKLED = pickled_tensor((2, 3), (3, 1), size=6)
GOOD = archive(PICKLED, STORAGE)
CASES = json.loads(Path(__file__).with_name("golden_embeds.json").read_text())["cases"]
SAVED = {case["name"]: base64.b64decode(case["text"]) for case in CASES if not case["name"].startswith("base64")}


def test_an_archive_is_read() -> None:
    """Type, shape, strides, and the storage where it lies."""
    found = load_tensor(GOOD)
    assert found is not None
    assert (found.dtype, found.offset, found.shape, found.strides) == ("float32", 0, (2, 3), (3, 1))
    assert found.storage.tobytes() == STORAGE
    assert found.storage.obj is GOOD


@pytest.mark.parametrize("name", ["float32:bfloat16", "old-float32:bfloat16"])
def test_both_forms_of_torch_save_are_read(name: str) -> None:
    """The archive, and the sequence of pickles before it."""
    found = load_tensor(SAVED[name])
    assert found is not None
    assert (found.dtype, found.shape, len(found.storage)) == ("float32", (5, 8), 160)


def test_what_is_no_tensor_is_none() -> None:
    """A dict, a list, a number in a file that is well formed."""
    assert load_tensor(archive(pickle.dumps(3, protocol=2), b"")) is None
    assert load_tensor(SAVED["dict:bfloat16"]) is None
    assert load_tensor(SAVED["old-list:bfloat16"]) is None


def test_compressed_records_are_refused() -> None:
    """torch.save writes none, and they could unfold to any size."""
    with pytest.raises(TensorFileError, match="uncompressed"):
        load_tensor(archive(PICKLED, bytes(10_000), method=zipfile.ZIP_DEFLATED))


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (archive(PICKLED, STORAGE[:-1]), "longer than the file"),
        (archive(pickled_tensor((2, 3), (3, 1), size=2**62), STORAGE), "longer than the file"),
        (archive(PICKLED, STORAGE, byteorder=b"big"), "little-endian"),
        (archive(b"N" * (MAX_PICKLE_BYTES + 1), STORAGE), "too long"),
        (archive(PICKLED, STORAGE, **{"more/data.pkl": PICKLED}), r"no data\.pkl"),
        (archive(PICKLED.replace(b"X\x01\0\0\x000", b"X\x01\0\0\x001"), STORAGE), "no record"),
        (archive(PICKLED, STORAGE, **{str(i): b"" for i in range(MAX_RECORDS)}), "more than 256 records"),
        (b"PK\x03\x04", "central directory"),
        (b"", "too early"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_files_are_refused(file: bytes, reason: str) -> None:
    """Each with its reason."""
    with pytest.raises(TensorFileError, match=reason):
        load_tensor(file)


def test_wide_archives_are_read() -> None:
    """Sizes and positions in 64 bits, as writers of large archives put them."""
    end = GOOD.rindex(b"PK\5\6")
    count, size, at = struct.unpack_from("<HII", GOOD, end + 10)
    wide = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, at)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    tail = struct.pack("<4s4H2IH", b"PK\5\6", 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    found = load_tensor(GOOD[:end] + wide + locator + tail)
    assert found is not None
    assert found.storage.tobytes() == STORAGE


@pytest.mark.parametrize("name", ["hand", "float32:bfloat16", "old-float32:bfloat16"])
def test_cut_and_changed_files_are_errors_or_tensors_within_the_file(name: str) -> None:
    """Nothing but TensorFileError comes out of bytes that somebody has changed."""
    good = GOOD if name == "hand" else SAVED[name]
    seed = random.randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    directory = good.find(b"PK\1\2")
    for number in range(4000):
        data = bytearray(good)
        if number < len(good) and number % 2:
            del data[number:]
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(max(0, directory) if rng.random() < 0.7 else 0, len(good))
            if at < len(data):
                data[at] = rng.choice((0, 1, 0x7F, 0xFF, rng.randrange(256)))
        try:
            found = load_tensor(bytes(data))
        except TensorFileError:
            continue
        assert found is None or len(found.storage) <= len(data)
