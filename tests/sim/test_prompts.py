# SPDX-License-Identifier: Apache-2.0
"""Finding the question in prompts of several templates."""

from __future__ import annotations

import pytest
from tokenizers import AddedToken

from fastfront.sim import MODEL_PATH
from fastfront.sim.loaded_model import LoadedModel
from fastfront.sim.prompts import MAX_QUOTE_CHARS, read_question
from tests.sim.peer import MODEL, chat

LLAMA3 = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")


@pytest.fixture(scope="module")
def llama3():
    """The embedded engine's tokenizer with Llama 3's special tokens added."""
    model = LoadedModel.load(MODEL_PATH)
    model.tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in LLAMA3])
    ids = frozenset(model.tokenizer.token_to_id(text) for text in LLAMA3)
    object.__setattr__(model, "marker_token_ids", model.marker_token_ids | ids)
    return model


def test_the_last_user_message_of_a_chatml_prompt_is_the_question():
    """System, earlier turns and the assistant's header are not."""
    turns = ["system\nBe brief.", "user\nFirst?", "assistant\nYes.", "user\nSecond\nquestion?"]
    text = (
        "".join(f"<|im_start|>{turn}<|im_end|>\n" for turn in turns) + "<|im_start|>assistant\n<think>\n\n</think>\n\n"
    )
    question = read_question(MODEL.encode(text), MODEL)
    assert (question.quote, question.continues) == ("Second question?", False)
    assert question.words == ("Second", "question")


def test_a_tool_result_at_the_end_does_not_hide_the_question():
    """The last message of the user is quoted, not what came after it."""
    text = "<|im_start|>user\nHow warm?<|im_end|>\n<|im_start|>tool\n21<|im_end|>\n<|im_start|>assistant\n"
    assert read_question(MODEL.encode(text), MODEL).quote == "How warm?"


def test_a_llama_3_prompt_is_understood(llama3):
    """There the role and the text are parted by a special token."""
    turns = [("system", "Be brief."), ("user", "What is up?")]
    text = "<|begin_of_text|>" + "".join(
        f"<|start_header_id|>{role}<|end_header_id|>\n\n{message}<|eot_id|>" for role, message in turns
    )
    text += "<|start_header_id|>assistant<|end_header_id|>\n\n"
    assert read_question(llama3.encode(text), llama3).quote == "What is up?"


def test_an_inst_prompt_is_understood():
    """Llama 2's and Mistral's brackets are ordinary text."""
    text = "[INST] First? [/INST] Yes. [INST] And now? [/INST]"
    question = read_question(MODEL.encode(text), MODEL)
    assert (question.quote, question.continues) == ("And now?", False)


def test_plain_text_is_continued():
    """Without special tokens a prompt is a completion."""
    question = read_question(MODEL.encode("Once upon a time"), MODEL)
    assert (question.quote, question.continues) == ("Once upon a time", True)


@pytest.mark.parametrize("prompt", [[], [10**12], [-1], MODEL.encode("<|im_end|>\n<|im_start|>assistant\n")])
def test_a_prompt_without_text_has_no_quote(prompt):
    """Nothing to read is not an error."""
    assert read_question(prompt, MODEL).quote == ""


@pytest.mark.parametrize("text", ["word " * 100, "长" * 300, "x" * 300, 'say "so" ' * 50])
def test_a_quote_is_one_short_line(text):
    """Long questions are cut, at a blank where there is one."""
    for prompt in (chat(text), MODEL.encode(text)):
        quote = read_question(prompt, MODEL).quote
        assert MAX_QUOTE_CHARS / 2 < len(quote) <= MAX_QUOTE_CHARS + 1
        assert "…" in (quote[0], quote[-1])
        assert '"' not in quote


def test_only_the_end_of_a_long_prompt_is_read():
    """A prompt of 100,000 tokens costs no more than a short one."""
    question = read_question(chat("beginning ") + MODEL.encode("filler ") * 100_000 + chat("The end?"), MODEL)
    assert question.quote == "The end?"
    assert read_question(MODEL.encode("filler ") * 100_000, MODEL).num_characters < 10_000
