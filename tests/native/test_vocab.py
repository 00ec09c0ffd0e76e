# SPDX-License-Identifier: Apache-2.0
"""The vocabulary table: which tokenizers it takes, which it leaves to `tokenizers`, and what it holds for each id."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tokenizers import AddedToken, Tokenizer, decoders

import fastfront
from fastfront._native.text import Detokenizer, Vocab
from tests.native.detokenizer_cases import make_byte_fallback, make_byte_level, parse, random_ids


def edited(tokenizer_json, **members):
    """Replace members of a tokenizer.json; "model__vocab" reaches inside."""
    data = parse(tokenizer_json)
    for path, value in members.items():
        *outer, last = path.split("__")
        target = data
        for name in outer:
            target = target[name]
        target[last] = value
    return json.dumps(data)


REPLACE = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
FALLBACK = [REPLACE, {"type": "ByteFallback"}, {"type": "Fuse"}]
STRIP = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}


def sequence(*steps):
    return {"type": "Sequence", "decoders": list(steps)}


@pytest.mark.parametrize(
    ("decoder", "family"),
    [
        (BYTE_LEVEL, "byte_level"),
        (BYTE_LEVEL | {"add_prefix_space": False, "use_regex": False}, "byte_level"),
        (sequence(BYTE_LEVEL), "byte_level"),
        (sequence(BYTE_LEVEL, {"type": "Fuse"}), "byte_level"),
        (sequence(*FALLBACK), "byte_fallback"),
        (sequence(*FALLBACK, STRIP), "byte_fallback"),
    ],
)
def test_native_decoders(decoder, family):
    """These decoders work token by token."""
    vocab = Vocab.from_tokenizer_json(edited(make_byte_level(), decoder=decoder))
    assert vocab is not None
    assert vocab.family == family


@pytest.mark.parametrize(
    "decoder",
    [
        None,
        {},
        {"add_prefix_space": True, "trim_offsets": True},
        {"type": "WordPiece", "prefix": "##", "cleanup": True},
        {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        {"type": "BPEDecoder", "suffix": "</w>"},
        {"type": "ByteFallback"},
        {"type": "Sequence"},
        {"type": "Sequence", "decoders": None},
        {"type": "Sequence", "decoders": ["ByteLevel"]},
        sequence(),
        sequence({"type": "Fuse"}, BYTE_LEVEL),
        sequence(BYTE_LEVEL, STRIP),
        sequence(sequence(BYTE_LEVEL)),
        sequence(*FALLBACK[:2]),
        sequence(*FALLBACK[1:]),
        sequence(*reversed(FALLBACK)),
        sequence(*FALLBACK, STRIP | {"start": 2}),
        sequence(*FALLBACK, STRIP | {"stop": 1}),
        sequence(*FALLBACK, STRIP | {"content": "_"}),
        sequence(*FALLBACK, STRIP, STRIP),
        sequence(REPLACE | {"content": "_"}, *FALLBACK[1:]),
        sequence(REPLACE | {"pattern": {"Regex": "▁"}}, *FALLBACK[1:]),
        sequence(REPLACE | {"pattern": {"String": "_"}}, *FALLBACK[1:]),
        sequence(*FALLBACK[:2], {"type": "Metaspace", "replacement": "▁"}, {"type": "Fuse"}),
    ],
)
def test_other_decoders_are_left_to_the_library(decoder):
    """In doubt there is no table: every one of these needs more than one token, or other rules."""
    assert Vocab.from_tokenizer_json(edited(make_byte_level(), decoder=decoder)) is None


def added_token(token_id, content, **members):
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    return {"id": token_id, "content": content} | flags | members


@pytest.mark.parametrize(
    "members",
    [
        {"model__type": "WordLevel"},
        {"model__type": None},
        {"model__vocab": [["a", -1.0]]},  # Unigram
        {"model__vocab": {"a": 0, "b": 0}},
        {"model__vocab": {"a": -1}},
        {"model__vocab": {"a": 1 << 24}},
        {"model__vocab": {"a": 1 << 80}},
        {"model__vocab": {"a": "0"}},
        {"model__vocab": {"a": 0}, "added_tokens": [added_token(5, "b")]},  # would be given 1
        {"model__vocab": {"a": 0}, "added_tokens": [added_token(1, "a")]},
        {
            "model__vocab": {"a": 5},
            "added_tokens": [added_token(5, "a"), added_token(1, "b")],
        },  # 1 or 6: versions differ
        {"model": None},
        {"added_tokens": {}},
    ],
    ids=str,
)
def test_doubtful_vocabularies_are_left_to_the_library(members):
    """Ids that `tokenizers` would understand in another way, or in none, make no table."""
    base = {"added_tokens": []} if "model__vocab" in members else {}
    assert Vocab.from_tokenizer_json(edited(make_byte_level(), **base | members)) is None


@pytest.mark.parametrize("data", ["", "{", b"\xff", '{"model": {"vocab": {"\\ud800": 0}}}'])
def test_what_is_not_json_is_an_error(data):
    """A file that nobody could read is not passed on in silence."""
    with pytest.raises(ValueError, match=r"tokenizer\.json is not valid JSON"):
        Vocab.from_tokenizer_json(data)


def test_files_of_the_first_versions_have_no_model_type():
    """GPT-2's own tokenizer.json says no type, and is BPE."""
    data = parse(make_byte_level())
    del data["model"]["type"]
    vocab = Vocab.from_tokenizer_json(json.dumps(data).encode())
    assert vocab is not None
    assert vocab.family == "byte_level"


def test_table_has_every_token(case):
    """The size covers the greatest id; an id has bytes exactly where the library has a token."""
    ids = range(case.vocab.size + 3)
    missing = [i for i in ids if (case.vocab.token_bytes(i) is None) != (case.tokenizer.id_to_token(i) is None)]
    assert missing == []
    assert case.vocab.token_bytes(case.vocab.size - 1) is not None
    for outside in (-1, 1 << 32, 1 << 70):
        assert case.vocab.token_bytes(outside) is None


def test_token_bytes_of_the_small_tokenizers():
    """Bytes are what a token contributes: chars of the byte-level alphabet, metaspaces and <0xXX> are resolved."""
    for tokenizer_json, expected in (
        (make_byte_level(), {"Ġ": b" ", "ä": b"\xe4", "<a b>": b"<a b>", "é": b"\xe9", "好": "好".encode()}),
        (
            make_byte_fallback(strip=True),
            {"▁the": b" the", "<0xE4>": b"\xe4", "<0xzz>": b"<0xzz>", "": b"", "好": "好".encode()},
        ),
    ):
        tokenizer, vocab = Tokenizer.from_str(tokenizer_json), Vocab.from_tokenizer_json(tokenizer_json)
        assert {token: vocab.token_bytes(tokenizer.token_to_id(token)) for token in expected} == expected


def test_decode_equals_the_library(case, seed):
    """Whole sequences decode as Tokenizer.decode does it, special tokens shown or not."""
    rng = random.Random(f"{seed}:{case.name}")
    for _ in range(100):
        ids = random_ids(case, rng, rng.choice([0, 1, 2, 10, 100]))
        for skip in (True, False):
            expected = case.tokenizer.decode(ids, skip_special_tokens=skip)
            assert expected == case.vocab.decode(ids, skip_special_tokens=skip), ids
        assert case.vocab.decode(ids) == case.vocab.decode(ids, True)


def test_live_tokenizer_has_the_last_word():
    """What was added to the live tokenizer since, what became special, and its decoder count; the file's do not."""
    tokenizer_json = make_byte_level()
    live = Tokenizer.from_str(tokenizer_json)
    live.add_tokens([AddedToken("<late>", normalized=False), AddedToken("e\u0301\u0301", normalized=True)])
    live.add_special_tokens(["<think>"])
    live.add_tokens([AddedToken("<|im_end|>", special=False)])  # once special, always skipped
    vocab = Vocab.from_tokenizer_json(tokenizer_json, live)
    assert vocab is not None
    ids = sorted(live.get_added_tokens_decoder())
    assert vocab.size == max(ids) + 1
    for skip in (True, False):
        expected = [live.decode([i], skip_special_tokens=skip) for i in ids]
        assert expected == [vocab.decode([i], skip_special_tokens=skip) for i in ids]
    live.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    assert Vocab.from_tokenizer_json(tokenizer_json, live).family == "byte_fallback"
    live.decoder = decoders.WordPiece()
    assert Vocab.from_tokenizer_json(tokenizer_json, live) is None
    live.decoder = None
    assert Vocab.from_tokenizer_json(tokenizer_json, live) is None


def test_live_tokenizer_must_be_of_the_file():
    """Another model's tokenizer is noticed by its size."""
    other = Tokenizer.from_str(make_byte_fallback(strip=True))
    assert Vocab.from_tokenizer_json(make_byte_level(), other) is None


def test_contents_listed_twice():
    """A token that is listed twice keeps its last properties, and stays special, as in the library."""
    tokens = [
        added_token(0, "a", special=True),
        added_token(1, "x"),
        added_token(0, "a"),
        added_token(1, "x", special=True),
    ]
    data = edited(make_byte_fallback(strip=False), model__vocab={"a": 0}, added_tokens=tokens)
    tokenizer, vocab = Tokenizer.from_str(data), Vocab.from_tokenizer_json(data)
    for ids in ([0], [1], [0, 1]):
        for skip in (True, False):
            assert tokenizer.decode(ids, skip_special_tokens=skip) == vocab.decode(ids, skip)


def test_a_vocab_is_not_made_by_hand():
    """Only a tokenizer.json makes one; a bare one is empty, not a crash."""
    with pytest.raises(TypeError):
        Vocab()
    bare = Vocab.__new__(Vocab)
    assert bare.size == 0
    assert Detokenizer(bare, [1]).push([0, 5]) == ""


def test_an_unbuilt_tree_says_how_to_build(tmp_path: Path):
    """Without the extensions the import fails with the command to run."""
    package = tmp_path / "fastfront"
    shutil.copytree(
        Path(fastfront.__file__).parent / "_native", package / "_native", ignore=shutil.ignore_patterns("*.so")
    )
    (package / "__init__.py").touch()
    run = subprocess.run(
        # -S: an editable install would put its own tree first.
        [sys.executable, "-S", "-c", "import fastfront._native.text"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "ImportError: fastfront's compiled extensions are not built" in run.stderr
    assert "`pip install .`" in run.stderr
    assert "`make develop`" in run.stderr
