# SPDX-License-Identifier: Apache-2.0
"""What /tokenizer_info answers: the members that transformers makes of tokenizer_config.json."""

from __future__ import annotations

import json
import shutil

import pytest

from fastfront.prompt.model import Model
from fastfront.prompt.tokenizer_info import tokenizer_info
from fastfront.sim import MODEL_PATH


@pytest.fixture
def model_with(tmp_path):
    """Return a function that gives the embedded engine's model with another tokenizer_config.json."""

    def make(**config):
        folder = tmp_path / "model"
        shutil.copytree(MODEL_PATH, folder)
        (folder / "tokenizer_config.json").write_text(json.dumps(config))
        return Model.load(str(folder))

    return make


def test_tokens_are_texts_and_files_are_left_out(model_with):
    """Objects that describe a token become its text, lists and dicts of them too."""
    token = {"content": "<|im_end|>", "special": True}
    info = tokenizer_info(
        model_with(
            eos_token=token,
            additional_special_tokens=[token],
            added_tokens_decoder={"7": token},
            vocab_file="/secret/vocab",
            merges_file="/secret/merges",
            model_max_length=5,
            tokenizer_class="Qwen2TokenizerFast",
            chat_template="{{ messages }}",
        )
    )
    assert info["eos_token"] == "<|im_end|>"
    assert info["extra_special_tokens"] == ["<|im_end|>"]
    assert info["added_tokens_decoder"] == {"7": "<|im_end|>"}
    assert info["tokenizer_class"] == "TokenizerPoolCachedQwen2Tokenizer"
    assert info["model_max_length"] == 5
    assert "secret" not in json.dumps(info)


def test_chat_template_is_the_one_in_use(model_with):
    """Also where it is in a file of its own."""
    info = tokenizer_info(model_with())
    assert info["chat_template"] == (MODEL_PATH / "chat_template.jinja").read_text()
