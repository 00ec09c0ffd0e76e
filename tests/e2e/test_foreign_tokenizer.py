# SPDX-License-Identifier: Apache-2.0
"""A model whose decoder the native core does not know: its text is made by `tokenizers`, everything else as usual."""

from __future__ import annotations

import json

import httpx
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from fastfront.mount import create_app

pytestmark = pytest.mark.e2e

WORDS = ["[UNK]", "[EOS]", "play", "##ing", "##ed", "the", "piano", "is", "fun", ".", "##s", "a", "game"]
SAID = ["play", "##ing", "the", "piano", "is", "fun", ".", "play", "##ed", "game", "##s", "[EOS]"]
TEXT = "playing the piano is fun. played games"


@pytest.fixture
def model(tmp_path):
    """Make the directory of a model with a WordPiece decoder, and a script that says TEXT."""
    vocab = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(["[UNK]", "[EOS]"])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    files = {
        "tokenizer_config.json": {"eos_token": "[EOS]", "unk_token": "[UNK]"},
        "config.json": {"vocab_size": len(WORDS), "max_position_embeddings": 128},
        "script.json": {"sequences": [{"match": "", "tokens": [vocab[word] for word in SAID]}]},
    }
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    return tmp_path


@pytest.fixture
async def http(model):
    """Serve it, and return a client of the app."""
    arguments = ["--ttft-ms", "0", "--token-ms", "0", "--script", str(model / "script.json")]
    app = create_app(str(model), engine="sim", engine_args=arguments)
    try:
        await app.frontend.start()
        assert app.frontend.model.vocab is None, "this decoder has become native: the test needs another one"
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x", timeout=30) as client:
            yield client
    finally:
        await app.frontend.stop()


async def complete(http, **more):
    """Return text and finish reason per choice, of a whole answer or a stream."""
    body = {"prompt": "play the piano", "max_tokens": 50, **more}
    answer = await http.post("/v1/completions", json=body)
    assert answer.status_code == 200, answer.text
    if not body.get("stream"):
        return {choice["index"]: (choice["text"], choice["finish_reason"]) for choice in answer.json()["choices"]}
    found = {}
    *events, done, rest = answer.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    for event in events:
        for choice in json.loads(event.removeprefix("data: "))["choices"]:
            text, _ = found.get(choice["index"], ("", None))
            found[choice["index"]] = (text + choice["text"], choice["finish_reason"])
    return found


@pytest.mark.parametrize("stream", [False, True])
async def test_text_is_the_decoders(http, stream):
    """Word pieces joined as their decoder joins them, without the end token."""
    found = await complete(http, stream=stream)
    text, reason = found[0]
    assert text.strip() == TEXT
    assert reason == "stop"


@pytest.mark.parametrize("stream", [False, True])
async def test_stop_strings_work_on_that_text(http, stream):
    """Matching is native, whoever made the text."""
    found = await complete(http, stream=stream, stop=["fun"])
    text, reason = found[0]
    assert text.strip() == "playing the piano is"
    assert reason == "stop"


@pytest.mark.parametrize("stream", [False, True])
async def test_choices_do_not_mix(http, stream):
    """Each has a decoder of its own."""
    found = await complete(http, stream=stream, n=3, temperature=1, prompt=["play", "the game"])
    assert {index: text.strip() for index, (text, _) in found.items()} == dict.fromkeys(range(6), TEXT)


@pytest.mark.parametrize("stream", [False, True])
async def test_token_ids_and_echoes_need_no_native_decoder(http, stream):
    """They are the engine's and the prompt's."""
    body = {"prompt": "play the piano", "max_tokens": 50, "stream": stream, "return_token_ids": True}
    answer = await http.post("/v1/completions", json=body)
    lines = [line[6:] for line in answer.text.split("\n\n") if line.startswith("data: {")] or [answer.text]
    choices = [json.loads(line)["choices"][0] for line in lines]
    assert [WORDS[token] for choice in choices for token in choice["token_ids"]] == SAID
    assert [WORDS[token] for token in choices[0]["prompt_token_ids"]] == ["play", "the", "piano"]
    echoed = await complete(http, echo=True, stream=stream)
    assert echoed[0][0].startswith("play the piano")


async def test_logprobs_are_refused_by_name(http):
    """Tokens are named by the native vocabulary, and there is none."""
    answer = await http.post("/v1/completions", json={"prompt": "play", "logprobs": 1})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "logprobs")
