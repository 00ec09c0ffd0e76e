# SPDX-License-Identifier: Apache-2.0
"""ForeignDecoder and the stream around it: text made in Python for tokenizers that the native core does not know."""

from __future__ import annotations

import asyncio
import json

from fastfront.output import ForeignDecoder, RequestStream


class Letters:
    """A decode stream whose token n is the n-th letter; 99 fails."""

    def __init__(self, prompt):
        self.prompt = prompt

    def push(self, token_ids):
        (token_id,) = token_ids
        if token_id == 99:
            raise ValueError("no such token")
        return chr(ord("a") + token_id)


class RawResponse:
    """A Response without a vocabulary: deltas out, text in."""

    def __init__(self, *deltas):
        self.deltas = list(deltas)
        self.fed = []
        self.on_ready = None
        self.finished = False
        self.overflowed = False
        self.error = None

    def take_deltas(self):
        deltas, self.deltas = self.deltas, []
        return deltas

    def feed(self, *delta):
        self.fed.append(delta)

    def take(self):
        data = "".join(text for _, _, texts, *_ in self.fed for text in texts).encode()
        self.fed.clear()
        return data


def test_each_token_gets_the_text_it_completes():
    """Ids, finish and stop reason arrive beside the texts, per choice and in order."""
    response = RawResponse((0, [1, 2], None, None), (1, [3], 0, 7), (0, [], 1, None))
    ForeignDecoder([[0]], 2, Letters)(response)
    assert response.fed == [(0, [1, 2], ["b", "c"], None, None), (1, [3], ["d"], 0, 7), (0, [], [], 1, None)]


def test_each_choice_has_a_stream_of_its_own_behind_its_prompt():
    """Choice p*n+i decodes behind prompt p."""
    begun = []

    def make(prompt):
        begun.append(prompt)
        return Letters(prompt)

    decoder = ForeignDecoder([[10], [20, 21]], 2, make)
    decoder(RawResponse((0, [1], None, None), (1, [1], None, None), (2, [1], None, None)))
    decoder(RawResponse((0, [2], None, None), (3, [1], None, None)))
    assert begun == [[10], [10], [20, 21], [20, 21]]


async def test_text_that_cannot_be_made_ends_the_stream_with_an_error_event():
    """A decoder that raises in mid-stream costs its own request only, and the client is told."""
    sent, aborted = [], []
    response = RawResponse((0, [1], None, None))
    decoder = ForeignDecoder([[0]], 1, Letters)

    async def send(message):
        sent.append(message)
        if message.get("body") == b"b":
            response.deltas.append((0, [99], None, None))

    async def never():
        await asyncio.Event().wait()

    stream = RequestStream(never, send, aborted.append)
    stream.attach(response, decoder)
    assert await stream.send_events() == 500
    stream.close()
    assert response in aborted
    event, done, rest = sent[-1]["body"].split(b"\n\n")
    assert json.loads(event.removeprefix(b"data: "))["error"]["code"] == 500
    assert (done, rest) == (b"data: [DONE]", b"")
    assert sent[-1]["more_body"] is False
