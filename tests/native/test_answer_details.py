# SPDX-License-Identifier: Apache-2.0
"""Logprobs in the bytes that vLLM's encoder made (tests/wire/golden.json), through the pump, over a real socket."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import msgspec
import pytest

from fastfront._native import pump as native
from fastfront._native.details import AnswerDetails
from fastfront._native.text import Vocab
from fastfront.output.foreign import ForeignDecoder
from tests.native.test_pump import TOKENIZER, Engine

GOLDEN = json.loads((Path(__file__).parents[1] / "wire" / "golden.json").read_bytes())["outputs"]
ID = b"00000000000000ff"


@pytest.fixture(scope="module")
def vocab():
    """Return a vocabulary of single characters."""
    return Vocab.from_tokenizer_json(TOKENIZER)


@pytest.fixture
def engine():
    """Return an engine's end of the socket, and the pump."""
    engine = Engine()
    engine.pump.start()
    yield engine
    engine.close()


def frames_of(name, wire_id, other=ID):
    """Return a message's frames, of this request; the ids are as long as ours."""
    first, *rest = (base64.b64decode(frame) for frame in GOLDEN[name])
    return [first.replace(other, wire_id.encode()), *rest]


def play(engine, vocab, name, kind, details, other=ID):
    """Send the golden message, then the end, and return the answer's JSON events."""
    response = native.Response(
        kind, id="x", model="m", created=1, vocab=vocab, prompt_token_ids=[[65, 66]], details=details
    )
    engine.pump.add(response)
    engine.push.send_multipart(frames_of(name, response.wire_ids[0], other))
    engine.step([response.wire_ids[0], [], None, None, None, 1])
    engine.dispatch_until(lambda: response.finished)
    text = response.take().decode()
    lines = [line[6:] for line in text.split("\n\n") if line.startswith("data: {")] or [text]
    return [json.loads(line) for line in lines]


def test_inline_logprobs(engine, vocab):
    """Three tokens of a position, in extension values."""
    details = AnswerDetails(logprobs=True, num_shown=-1)
    _, chunk, _ = play(engine, vocab, "logprobs_inline", native.KIND_CHAT_STREAM, details)
    # The row is 0, 1, 2 at 0, -1/8, -2/8; the output's token is 1.
    (entry,) = chunk["choices"][0]["logprobs"]["content"]
    assert entry["logprob"] == -0.125
    assert [top["logprob"] for top in entry["top_logprobs"]] == [0.0, -0.125, -0.25]


def test_logprobs_in_frames_of_their_own(engine, vocab):
    """Two hundred tokens of a position, referred to by frame numbers."""
    details = AnswerDetails(logprobs=True, num_shown=-1, as_token_ids=True)
    _, chunk, _ = play(engine, vocab, "logprobs_aux_frames", native.KIND_CHAT_STREAM, details)
    (entry,) = chunk["choices"][0]["logprobs"]["content"]
    assert [(top["token"], top["logprob"]) for top in entry["top_logprobs"]] == [
        (f"token_id:{i}", -i / 8) for i in range(200)
    ]


def test_prompt_logprobs_in_frames_of_their_own(engine, vocab):
    """A hundred positions, as tensors; of the message's second request."""
    details = AnswerDetails(prompt_logprobs=True)
    other = b"0000000000000100"
    (answer,) = play(engine, vocab, "logprobs_aux_frames", native.KIND_CHAT, details, other)
    found = answer["prompt_logprobs"]
    assert found[0] is None
    assert len(found) == 101
    assert [(int(i), value["logprob"]) for i, value in found[100].items()] == [(i, -i / 8) for i in (297, 298, 299)]
    assert found[100]["297"]["rank"] == 99


def test_every_member_at_once(engine, vocab):
    """Logprobs, the prompt's, transfer parameters and routed experts of one output that is also the last."""
    response = native.Response(
        native.KIND_CHAT,
        id="x",
        model="m",
        created=1,
        vocab=vocab,
        prompt_token_ids=[[65, 66]],
        details=AnswerDetails(logprobs=True, num_shown=0, prompt_logprobs=True, token_ids=True, cached_tokens=True),
    )
    engine.pump.add(response)
    engine.push.send_multipart(frames_of("all_members", response.wire_ids[0]))
    engine.dispatch_until(lambda: response.finished)
    answer = json.loads(response.take())
    choice = answer["choices"][0]
    assert choice["token_ids"] == [0, 127, 128, 65536, 151645]
    assert len(choice["logprobs"]["content"]) == 5
    assert choice["routed_experts"].startswith("k05VTVBZ")
    assert len(answer["prompt_logprobs"]) == 3
    assert answer["kv_transfer_params"] == {"remote_block_ids": [1, 2], "remote_host": "h"}
    assert answer["ec_transfer_params"] == {"a": None}
    assert answer["usage"]["prompt_tokens_details"]["cached_tokens"] == 6
    assert answer["usage"]["prompt_tokens_details"]["created_cache_tokens"] == 4


class Letters:
    """A decode stream of which each token is a letter."""

    def push(self, token_ids):
        return "".join(map(chr, token_ids))


ROUTED = [("x", None), ("", [1, 2]), ("ab", [3, 4, 5]), ("c", None), ("def", [6, 7, 8])]
"""Steps: texts, a letter per token, and the experts of its positions, if the engine tells them."""


def routed_step(response, text, experts, finish=None):
    """Return an output with a token for each letter, and the experts' numbers, a row each."""
    rows = None if experts is None else ["|u1", [len(experts), 1], msgspec.msgpack.Ext(3, bytes(experts))]
    return [response.wire_ids[0], [ord(letter) for letter in text], *[None] * 3, finish, *[None] * 6, rows]


def experts_of(choice):
    """Return the numbers in the answer's .npy file."""
    file = base64.b64decode(choice["routed_experts"])
    begin = 10 + int.from_bytes(file[8:10], "little")
    assert f"'shape': ({len(file) - begin}, 1)".encode() in file[:begin]
    return list(file[begin:])


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize(
    ("stop", "expected"),
    [((), [1, 2, 3, 4, 5, 6, 7, 8]), (("d",), [1, 2, 3, 4, 5, 6]), (("b",), [1, 2, 3, 4, 5]), (("a",), [1, 2, 3, 4])],
)
@pytest.mark.parametrize("text_made", ["natively", "step by step", "late"])
def test_routed_experts_are_those_of_the_tokens_that_count(engine, vocab, text_made, stop, expected, asked):
    """Whoever makes the text, and whenever: rows of tokens behind a stop string go, all others are in the answer."""
    response = native.Response(
        native.KIND_CHAT,
        id="x",
        model="m",
        created=1,
        vocab=vocab if text_made == "natively" else None,
        token_names=vocab,
        prompt_token_ids=[[65, 66]],
        stop=stop,
        details=AnswerDetails(logprobs=True, num_shown=0) if asked else None,
    )
    decoder = ForeignDecoder([[65, 66]], 1, lambda _: Letters())
    engine.pump.add(response)
    sent = 0
    for number, step in enumerate(ROUTED, 1):
        engine.step(routed_step(response, *step, finish=1 if number == len(ROUTED) else None))
        sent += len(step[0])
        if text_made == "step by step" and not response.finished:
            engine.dispatch_until(lambda sent=sent: tokens_of(engine) == sent)
            decoder(response)
    if text_made == "late":
        engine.dispatch_until(lambda: tokens_of(engine) == sent)
        decoder(response)
    engine.dispatch_until(lambda: response.finished)
    (choice,) = json.loads(response.take())["choices"]
    assert experts_of(choice) == expected


def tokens_of(engine):
    """Return how many tokens the pump has seen."""
    return engine.pump.snapshot()[0]["counters"]["generation_tokens"]
