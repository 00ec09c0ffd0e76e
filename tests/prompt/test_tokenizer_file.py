# SPDX-License-Identifier: Apache-2.0
"""tokenizer.json read in parts: always the tokenizer that the library makes of the whole file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from fastfront._native.tokenizer_json import decode_tokenizer_json
from fastfront.prompt import tokenizer_file
from fastfront.prompt.tokenizer_file import load_tokenizer
from fastfront.sim import MODEL_PATH

FILES = [MODEL_PATH / "tokenizer.json", *sorted((Path(__file__).parent / "models").glob("*/tokenizer.json"))]


def reference(data: bytes) -> Tokenizer:
    tokenizer = Tokenizer.from_buffer(data)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def sim() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(FILES[0].read_bytes())
    return content


def added(content: str, token_id: int, **flags: bool) -> dict[str, Any]:
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    return {"id": token_id, "content": content, **plain, **flags}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_whole_files(path: Path) -> None:
    """The tokenizer is that of the library, member for member, and the content is what the detokenizer reads."""
    data = path.read_bytes()
    tokenizer, content = load_tokenizer(data)
    assert tokenizer.to_str() == reference(data).to_str()
    assert tokenizer.get_vocab() == reference(data).get_vocab()
    assert content == decode_tokenizer_json(data)


CHANGES: dict[str, dict[str, Any]] = {
    "truncation": {"truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}},
    "unknown token": {"unk_token": "!"},
    "prefix": {"continuing_subword_prefix": "", "end_of_word_suffix": ""},
    "fuse and fall back": {"fuse_unk": True, "byte_fallback": True, "ignore_merges": True},
    "dropout": {"dropout": 1.0},
    "no merges": {"merges": []},
    "template": {
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "!", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"!": {"id": "!", "ids": [0], "tokens": ["!"]}},
        }
    },
    "lowercase": {"normalizer": {"type": "Lowercase"}},
}


@pytest.mark.parametrize("change", CHANGES)
def test_members(change: str) -> None:
    """Each member of file and model is taken over as the library takes it."""
    content = sim()
    for name, value in CHANGES[change].items():
        (content["model"] if name in content["model"] else content)[name] = value
    data = json.dumps(content).encode()
    tokenizer, _ = load_tokenizer(data)
    assert tokenizer.to_str() == reference(data).to_str()
    assert tokenizer.encode("!Hello there, WORLD!").ids == reference(data).encode("!Hello there, WORLD!").ids


def test_merges_as_lines() -> None:
    """Files of older versions have "a b" for a merge."""
    content = sim()
    content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]
    data = json.dumps(content).encode()
    tokenizer, source = load_tokenizer(data)
    assert tokenizer.to_str() == reference(data).to_str()
    assert source == decode_tokenizer_json(data)


@pytest.mark.parametrize(
    "tokens",
    [
        [("<|new|>", 0, {"special": True}), ("<|new|>", 0, {"lstrip": True})],
        [("wrong id", 7, {})],
        [("Strip", 0, {"rstrip": True, "single_word": True}), ("NORM", 1, {"normalized": True})],
        [("", 0, {})],
        [("the", None, {})],
    ],
    ids=["twice", "another id", "flags", "empty", "of the vocabulary"],
)
def test_added_tokens(tokens: list[tuple[str, int | None, dict[str, bool]]]) -> None:
    """Added tokens get the ids and flags that the library gives them, whatever the file says."""
    content = sim()
    size, vocab = len(content["model"]["vocab"]), content["model"]["vocab"]
    content["added_tokens"] = [
        added(text, vocab[text] if offset is None else size + offset, **flags) for text, offset, flags in tokens
    ]
    data = json.dumps(content).encode()
    tokenizer, _ = load_tokenizer(data)
    expected = reference(data)
    assert {i: repr(t) for i, t in tokenizer.get_added_tokens_decoder().items()} == {
        i: repr(t) for i, t in expected.get_added_tokens_decoder().items()
    }
    text = "the Strip norm NORM <|new|>wrong id"
    assert tokenizer.encode(text).tokens == expected.encode(text).tokens


def test_what_is_unusual_is_left_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that is not known might mean something: the library is asked."""
    asked: list[bytes] = []
    library = tokenizer_file._left_to_the_library
    monkeypatch.setattr(tokenizer_file, "_left_to_the_library", lambda data: asked.append(data) or library(data))
    load_tokenizer(FILES[0].read_bytes())
    assert not asked
    content = sim()
    content["model"]["merges"][0] = ["no such", "tokens"]
    with pytest.raises(Exception, match="no such"):
        load_tokenizer(json.dumps(content).encode())
    assert len(asked) == 1
