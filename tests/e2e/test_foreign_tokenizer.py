# SPDX-License-Identifier: Apache-2.0
"""A model whose decoder the native core does not know: its text is made by `tokenizers`, everything else as usual."""

from __future__ import annotations

import json

import httpx
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from fastfront.mount import create_app

pytestmark = pytest.mark.e2e

SPECIAL = ["[UNK]", "[EOS]", "<think>", "</think>"]
WORDS = [*SPECIAL, "play", "##ing", "##ed", "the", "piano", "is", "fun", ".", "##s", "a", "game"]
SAID = ["play", "##ing", "the", "piano", "is", "fun", ".", "play", "##ed", "game", "##s", "[EOS]"]
TEXT = "playing the piano is fun. played games"
THOUGHT = ["play", "##ing", "</think>", "the", "game", "[EOS]"]
SAYS = [("a game", THOUGHT), ("", SAID)]
TEMPLATE = "{% for message in messages %}{{ message.content }}{% endfor %}<think>"


@pytest.fixture
def model(tmp_path):
    """Make the directory of a model with a WordPiece decoder, and a script that says TEXT."""
    vocab = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    files = {
        "tokenizer_config.json": {"eos_token": "[EOS]", "unk_token": "[UNK]", "chat_template": TEMPLATE},
        "config.json": {"vocab_size": len(WORDS), "max_position_embeddings": 128},
        "script.json": {
            "sequences": [{"match": match, "tokens": [vocab[word] for word in said]} for match, said in SAYS]
        },
    }
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    return tmp_path


@pytest.fixture
def parsers(request):
    """Name the reasoning parser; None unless a test says one."""
    return getattr(request, "param", None)


@pytest.fixture
async def http(model, parsers):
    """Serve it, and return a client of the app."""
    arguments = ["--ttft-ms", "0", "--token-ms", "0", "--script", str(model / "script.json")]
    app = create_app(str(model), engine="sim", engine_args=arguments, reasoning_parser=parsers, enable_scale_out=True)
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


def chunks(answer):
    """Return the choices of a whole answer, or of a stream's events."""
    assert answer.status_code == 200, answer.text
    lines = [line[6:] for line in answer.text.split("\n\n") if line.startswith("data: {")] or [answer.text]
    return [choice for line in lines for choice in json.loads(line)["choices"]]


@pytest.mark.parametrize("stream", [False, True])
async def test_completions_name_their_tokens(http, stream):
    """Each is called what it is decoded to alone; offsets count those names."""
    body = {"prompt": "play", "max_tokens": 50, "stream": stream, "logprobs": 1, "return_token_ids": True}
    found = chunks(await http.post("/v1/completions", json=body))
    tokens = [name for choice in found for name in choice["logprobs"]["tokens"]]
    assert tokens == SAID
    assert [len(choice["logprobs"]["tokens"]) for choice in found] == [len(choice["token_ids"]) for choice in found]
    offsets = [offset for choice in found for offset in choice["logprobs"]["text_offset"]]
    assert offsets == [sum(map(len, tokens[:count])) for count in range(len(tokens))]
    tops = [top for choice in found for top in choice["logprobs"]["top_logprobs"]]
    assert all(token in top and set(top) <= set(WORDS) for token, top in zip(tokens, tops, strict=True))


@pytest.mark.parametrize("stream", [False, True])
async def test_a_stop_string_ends_logprobs_too(http, stream):
    """Tokens that never happened have none, those that a hidden stop string took have."""
    body = {"prompt": "play", "max_tokens": 50, "stream": stream, "logprobs": 0, "stop": ["fun"]}
    found = chunks(await http.post("/v1/completions", json=body))
    assert [name for choice in found for name in choice["logprobs"]["tokens"]] == SAID[: SAID.index("fun") + 1]


@pytest.mark.parametrize("stream", [False, True])
async def test_chats_name_their_tokens(http, stream):
    """With bytes and alternatives, and whatever was asked for by id."""
    wanted = [WORDS.index("game"), WORDS.index("piano")]
    body = {"messages": [{"role": "user", "content": "play"}], "max_tokens": 50, "stream": stream, "logprobs": True}
    for more in ({"top_logprobs": 2}, {"logprob_token_ids": wanted}):
        found = chunks(await http.post("/v1/chat/completions", json={**body, **more}))
        content = [entry for choice in found if choice["logprobs"] for entry in choice["logprobs"]["content"]]
        assert [entry["token"] for entry in content] == SAID
        assert all(bytes(entry["bytes"]).decode() == entry["token"] for entry in content)
        tops = [{top["token"] for top in entry["top_logprobs"]} for entry in content]
        assert all(len(top) >= 2 and top <= set(WORDS) for top in tops)
        if "logprob_token_ids" in more:
            assert all({"game", "piano"} <= top for top in tops)


@pytest.mark.parametrize("stream", [False, True])
async def test_the_prompts_tokens_have_names(http, stream):
    """Echoed before the answer's, and as a list of their own."""
    body = {"prompt": "play the piano", "max_tokens": 50, "logprobs": 1, "echo": True, "stream": stream}
    found = chunks(await http.post("/v1/completions", json=body))
    assert [name for choice in found for name in choice["logprobs"]["tokens"]] == ["play", "the", "piano", *SAID]
    if not stream:
        (choice,) = chunks(await http.post("/v1/completions", json={"prompt": "play the piano", "prompt_logprobs": 0}))
        first, *others = choice["prompt_logprobs"]
        assert first is None
        assert [entry["decoded_token"] for other in others for entry in other.values()] == ["the", "piano"]


async def test_tokens_in_tokens_out_have_logprobs(http):
    """/inference/v1/generate names them by ids, and by their texts where it makes text."""
    body = {"token_ids": [WORDS.index("play")], "sampling_params": {"max_tokens": 50, "logprobs": 1}}
    (choice,) = chunks(await http.post("/inference/v1/generate", json=body))
    ids = [entry["token_id"] for entry in choice["logprobs"]["content"]]
    assert [WORDS[token] for token in ids] == SAID
    (choice,) = chunks(await http.post("/inference/v1/generate", json={**body, "output_mode": "text"}))
    assert [entry["token"] for entry in choice["logprobs"]["content"]] == SAID


async def test_beams_are_searched(http):
    """Beam search goes by the same logprobs and names tokens alike."""
    body = {"prompt": "play", "max_tokens": 3, "n": 2, "use_beam_search": True, "logprobs": 1, "temperature": 0}
    for choice in chunks(await http.post("/v1/completions", json=body)):
        tokens = choice["logprobs"]["tokens"]
        assert len(tokens) <= 3
        assert set(tokens) <= set(WORDS)
        assert choice["text"].strip()


@pytest.mark.parametrize("parsers", ["qwen3"], indirect=True)
@pytest.mark.parametrize("stream", [False, True])
async def test_thinking_that_the_prompt_has_opened_ends_in_the_text(http, stream):
    """The prompt is read by its tokens, the answer by its text."""
    body = {"messages": [{"role": "user", "content": "a game"}], "max_tokens": 50, "stream": stream}
    found = chunks(await http.post("/v1/chat/completions", json=body))
    parts = [choice["delta" if stream else "message"] for choice in found]
    assert "".join(part.get("reasoning") or "" for part in parts).strip() == "playing"
    assert "".join(part.get("content") or "" for part in parts).strip() == "the game"
