# SPDX-License-Identifier: Apache-2.0
"""Token ids and back, from several threads at once. That the ids are vLLM's is in the golden files."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models

from fastfront.prompt import Model
from fastfront.prompt.files import ModelFiles
from fastfront.prompt.tokenizer import PromptTokenizer
from fastfront.prompt.tokenizer_config import TokenizerConfig
from tests.prompt.cases import TEXTS


def config_without_files(folder: Path) -> TokenizerConfig:
    return TokenizerConfig(ModelFiles(folder), model_type=None)


def test_special_tokens_around_a_text(sentencepiece: Model, chatml: Model) -> None:
    """What the tokenizer wants around a text is added when asked for, and never without."""
    plain = sentencepiece.tokenizer.encode("hello", add_special_tokens=False)
    assert sentencepiece.tokenizer.encode("hello", add_special_tokens=True) == [1, *plain]
    assert chatml.tokenizer.encode("hello", add_special_tokens=True) == chatml.tokenizer.encode("hello", False)


def test_known_figures(chatml: Model, sentencepiece: Model) -> None:
    """End token, largest id and longest token come from the vocabulary."""
    assert chatml.tokenizer.id_to_token(chatml.eos_token_id or -1) == "<|im_end|>"
    assert sentencepiece.eos_token_id == 2
    assert chatml.tokenizer.max_token_id == chatml.tokenizer.backend.get_vocab_size() - 1
    assert chatml.tokenizer.max_chars_per_token == max(map(len, chatml.tokenizer.backend.get_vocab()))
    assert chatml.tokenizer.id_to_token(10**6) is None
    assert chatml.tokenizer.token_strs([0, 10**6]) == ["!", None]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_survives_both_ways(text: str, chatml: Model) -> None:
    """Byte-level tokens hold every character."""
    assert chatml.tokenizer.decode(chatml.tokenizer.encode(text, add_special_tokens=False)) == text


def test_truncation_keeps_what_stands_around_the_text(sentencepiece: Model) -> None:
    """The text's last tokens are kept, and <s> before them, as `tokenizers` does when told to truncate."""
    tokenizer = sentencepiece.tokenizer
    whole = tokenizer.encode("one two three four", add_special_tokens=True)
    reference = Tokenizer.from_str(tokenizer.backend.to_str())
    for length in range(1, len(whole) + 2):
        reference.enable_truncation(length, direction="left")
        expected = reference.encode("one two three four").ids
        assert tokenizer.truncate(whole, length, add_special_tokens=True) == expected
    assert tokenizer.truncate(whole, 0, add_special_tokens=True) == []


def test_truncation_and_padding_of_the_file_are_off(chatml: Model, tmp_path: Path) -> None:
    """tokenizer.json may carry the settings of a training run; a prompt is never cut or padded by them."""
    backend = Tokenizer.from_str(chatml.tokenizer.backend.to_str())
    backend.enable_truncation(3)
    backend.enable_padding(length=64)

    tokenizer = PromptTokenizer(backend, config_without_files(tmp_path))
    text = "one two three four five six seven"
    assert tokenizer.encode(text, add_special_tokens=True) == chatml.tokenizer.encode(text, add_special_tokens=True)


def test_threads_share_a_tokenizer(chatml: Model) -> None:
    """Encoding, decoding and truncating at once never raise "Already borrowed", and never mix texts up."""
    tokenizer = chatml.tokenizer
    expected = {text: tokenizer.encode(text, add_special_tokens=False) for text in TEXTS}

    def work(seed: int) -> bool:
        choose = random.Random(seed)
        for _ in range(50):
            text = choose.choice(TEXTS)
            ids = tokenizer.encode(text, add_special_tokens=False)
            stream = tokenizer.decode_stream([], skip_special_tokens=False)
            if ids != expected[text] or tokenizer.decode(ids) != text or not text.startswith(stream.push(ids)):
                return False
            tokenizer.truncate(ids, 3, add_special_tokens=True)
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(32)))


def test_a_stream_says_what_a_whole_decode_says(sentencepiece: Model) -> None:
    """Token by token, in any grouping, the text after a prompt is the decoded whole without the prompt's part."""
    choose = random.Random(5)
    for _ in range(50):
        text = " ".join(choose.choice(("hello", "world", "写", "one", "é")) for _ in range(12))
        ids = sentencepiece.tokenizer.encode(text, add_special_tokens=False)
        cut = choose.randrange(1, len(ids))
        stream = sentencepiece.tokenizer.decode_stream(ids[:1])
        rest = stream.push(ids[1:cut]) + stream.push(ids[cut:])
        assert sentencepiece.tokenizer.decode(ids[:1]) + rest == text


def test_a_stream_skips_special_tokens_if_told(chatml: Model) -> None:
    """skip_special_tokens drops them; spaces_between_special_tokens=False writes them as they are."""
    tokenizer = chatml.tokenizer
    ids = tokenizer.encode("a<|im_end|><think>b", add_special_tokens=False)
    assert tokenizer.decode_stream([], skip_special_tokens=True).push(ids) == "a<think>b"
    stream = tokenizer.decode_stream([], skip_special_tokens=False, spaces_between_special_tokens=False)
    assert stream.push(ids) == "a<|im_end|><think>b"


def test_a_stream_goes_on_after_bytes_that_are_no_text(sentencepiece: Model) -> None:
    """Lone bytes of a character, and ids that are none, end nothing: what follows is decoded."""
    tokenizer = sentencepiece.tokenizer
    continuation = tokenizer.backend.token_to_id("<0xA9>")
    hello = tokenizer.encode("hello", add_special_tokens=False)
    stream = tokenizer.decode_stream([])
    assert stream.push([continuation] * 5 + [2**40] + hello).endswith("hello")


def test_a_tokenizer_may_have_no_tokens(tmp_path: Path) -> None:
    """An empty vocabulary (a model served without tokenizer files of use) does not break loading."""

    tokenizer = PromptTokenizer(Tokenizer(models.BPE()), config_without_files(tmp_path))
    assert tokenizer.max_token_id == 0
    assert tokenizer.eos_token_id is None
    assert tokenizer.encode("", add_special_tokens=True) == []
