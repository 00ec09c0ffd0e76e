# SPDX-License-Identifier: Apache-2.0
"""The model directory: what is in it, and what the engine reads of this or another one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jinja2.sandbox
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from fastfront.errors import StartupError
from fastfront.sim import MODEL_PATH
from fastfront.sim.loaded_model import LoadedModel
from tests.sim.peer import MODEL

TRAINER = Path(__file__).resolve().parents[2] / "tools" / "train_sim_tokenizer.py"
ADDED = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>", "<tool_call>", "</tool_call>"]


def config(name):
    return json.loads((MODEL_PATH / name).read_bytes())


@given(st.text(st.characters(codec="utf-8")))
def test_every_text_survives_encoding_and_decoding(text):
    """Byte-level: there is nothing that the tokenizer does not know."""
    assert MODEL.decode(MODEL.encode(text)) == text


@pytest.mark.parametrize(
    "text",
    ["世界，你好。", "👩‍👩‍👧 🎉", "Ünïcödé e\u0301", "\t\r\n  \n", "if (a != b) { return; }", "<|im_start|><think>"],
)
def test_texts_of_all_kinds_survive(text):
    """Chinese, emoji, combining marks, white space, code, special tokens."""
    assert MODEL.decode(MODEL.encode(text)) == text


def test_english_takes_far_fewer_tokens_than_letters():
    """It was trained on some."""
    text = "The same prompt with the same seed always gives these words."
    assert len(MODEL.encode(text)) < len(text) / 3


def test_special_and_added_tokens_are_single_tokens_at_the_end_of_the_vocabulary():
    """ChatML's are special; those of reasoning and tools are text."""
    ids = [MODEL.tokenizer.token_to_id(text) for text in ADDED]
    size = MODEL.tokenizer.get_vocab_size()
    assert ids == list(range(size - len(ADDED), size))
    assert all(MODEL.encode(text) == [i] for text, i in zip(ADDED, ids, strict=True))
    assert frozenset(ids[:3]) == MODEL.marker_token_ids


def test_the_configuration_fits_the_tokenizer():
    """config.json, generation_config.json and tokenizer_config.json agree with tokenizer.json."""
    size = MODEL.tokenizer.get_vocab_size()
    end = MODEL.tokenizer.token_to_id("<|im_end|>")
    assert 4000 <= size <= 8192
    assert (config("config.json")["vocab_size"], config("config.json")["max_position_embeddings"]) == (size, 32_768)
    assert config("config.json")["eos_token_id"] == end
    assert config("generation_config.json")["eos_token_id"] == [end, MODEL.tokenizer.token_to_id("<|endoftext|>")]
    tokenizer_config = config("tokenizer_config.json")
    assert tokenizer_config["eos_token"] == "<|im_end|>"
    assert {t["content"]: int(i) for i, t in tokenizer_config["added_tokens_decoder"].items()} == {
        text: MODEL.tokenizer.token_to_id(text) for text in ADDED
    }
    assert MODEL.end_token_ids == tuple(config("generation_config.json")["eos_token_id"])


def test_the_directory_is_small():
    """It travels in every wheel."""
    assert sum(file.stat().st_size for file in MODEL_PATH.iterdir()) < 400_000


def render(messages, **variables):
    """Render the chat template as transformers sets jinja2 up."""
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    template = environment.from_string((MODEL_PATH / "chat_template.jinja").read_text())
    return template.render(messages=messages, **variables)


def test_the_template_is_chatml():
    """One block a message, and the assistant's header where an answer is to come."""
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi <b>"}]
    assert render(messages, add_generation_prompt=True) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi <b><|im_end|>\n<|im_start|>assistant\n"
    )
    assert render(messages[1:]) == "<|im_start|>user\nHi <b><|im_end|>\n"


def test_the_template_tells_of_tools_and_calls():
    """Tools in the system block, calls as JSON between their tokens, results as blocks."""
    function = {"name": "now", "arguments": {"zone": "ü"}}
    messages = [
        {"role": "user", "content": "Time?"},
        {"role": "assistant", "content": None, "tool_calls": [{"type": "function", "function": function}]},
        {"role": "tool", "content": "12:00"},
    ]
    text = render(messages, tools=[{"type": "function", "function": {"name": "now"}}], add_generation_prompt=True)
    assert text.startswith("<|im_start|>system\nYou can call these tools:\n<tools>\n{")
    assert (
        '<|im_start|>assistant\n<tool_call>\n{"name": "now", "arguments": {"zone": "ü"}}\n</tool_call><|im_end|>'
        in text
    )
    assert "<|im_start|>tool\n12:00<|im_end|>\n" in text
    as_text = [{"role": "assistant", "content": "a", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]
    assert '\na\n<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>' in render(as_text)


def test_another_model_says_its_own_numbers(tmp_path):
    """--model: end tokens, context length and dtype come from that directory; text_config counts."""
    MODEL.tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "config.json").write_text(
        json.dumps({"eos_token_id": 5, "text_config": {"max_position_embeddings": 77}, "torch_dtype": "float16"})
    )
    model = LoadedModel.load(tmp_path)
    assert (model.end_token_ids, model.max_model_len, model.dtype) == ((5,), 77, "float16")
    (tmp_path / "generation_config.json").write_text('{"eos_token_id": [6, 7]}')
    model = LoadedModel.load(tmp_path, max_model_len=50)
    assert (model.end_token_ids, model.max_model_len) == ((6, 7), 50)


def test_a_tokenizer_that_puts_blanks_itself_gets_none(tmp_path):
    """SentencePiece-style tokenizers begin every text with one."""
    words = {word: i for i, word in enumerate(["▁one", "▁two", "▁", "<unk>"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert LoadedModel.load(tmp_path).separator == ""
    assert MODEL.separator == " "


@pytest.mark.parametrize("name", ["tokenizer.json", "config.json", "generation_config.json"])
def test_a_file_that_cannot_be_read_is_a_reason_not_to_start(tmp_path, name):
    """The message names the file."""
    MODEL.tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / name).write_text("[1]")
    with pytest.raises(StartupError, match=name):
        LoadedModel.load(tmp_path)


@pytest.mark.slow
def test_training_gives_the_same_files_each_time(tmp_path):
    """The script is deterministic: two runs on the same text agree byte for byte."""
    program = (
        "import hashlib, runpy, sys; trainer = runpy.run_path(sys.argv[1]);"
        "texts = [open(sys.argv[1]).read()] * 2 + [trainer['__doc__']];"
        "print(hashlib.sha256(repr(trainer['files'](trainer['train'](texts))).encode()).hexdigest())"
    )
    runs = {
        subprocess.run([sys.executable, "-c", program, str(TRAINER)], capture_output=True, check=True).stdout
        for _ in range(2)
    }
    assert len(runs) == 1
