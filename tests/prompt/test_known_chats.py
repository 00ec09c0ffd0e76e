# SPDX-License-Identifier: Apache-2.0
"""The next turn of a known chat gives the ids that its whole body gives, or nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastfront._native.chats import ChatMemory
from fastfront.prompt import Model, known_chats
from fastfront.prompt.known_chats import KnownChats
from fastfront.prompt.plain_chats import PlainChats
from fastfront.prompt.prompt_encoder import PromptEncoder
from fastfront.prompt.template import ChatTemplate
from fastfront.protocol.plain import decode_plain_chat

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}"
    "{% if m.role == 'assistant' and '</think>' in m.content %}{{ m.content.split('</think>')[-1] | trim }}"
    "{% else %}{{ m.content }}{% endif %}{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SOME_TEMPLATES = {
    "chatml": CHATML,
    "content first": "{% for m in messages %}{{ m.content }}{{ '<|im_end|>' }}{% endfor %}",
    "nothing behind": "{% for m in messages %}{{ '<|im_start|>' }}{{ m.content }}{% endfor %}",
    "no special tokens": "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}",
    "contents side by side": "{% for m in messages %}{{ m.content }}{% endfor %}{{ '<|im_end|>' }}",
    "backwards": "{% for m in messages | reverse %}{{ '<|im_start|>' + m.content }}{% endfor %}",
    "twice": "{% for m in messages %}{{ m.content + '<|im_start|>' + m.content + '<|im_end|>' }}{% endfor %}",
    "users only": "{% for m in messages if m.role == 'user' %}{{ m.content + '<|im_end|>' }}{% endfor %}",
    "parts": "{% for m in messages %}{% for p in m.content %}{{ p.text + '<|im_end|>' }}{% endfor %}{% endfor %}",
}
CONTENTS = st.lists(
    st.sampled_from(
        [
            "<|im_end|>",
            "<|im_",
            "end|>",
            "<",
            "|>",
            "</think>",
            "\n",
            " ",
            "word ",
            "é",
            "日本",
            '"',
            "\\",
            "{",
            "}",
            "]",
            ",",
        ]
    ),
    max_size=6,
).map("".join)


@pytest.fixture(autouse=True)
def every_body_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_chats, "WORTH_BYTES", 0)


class Way:
    """Both ways from a body to ids."""

    def __init__(self, model: Model, source: str) -> None:
        self.template = ChatTemplate(source, {})
        self.template.trace()
        loader = model.tokenizer.fast
        assert loader is not None
        assert loader.wait(30)
        self.encoder = PromptEncoder(model.tokenizer)
        self.plain = PlainChats(self.template, self.template.content_format)
        self.chats = KnownChats(self.template.content_format, loader, decode_plain_chat)

    def general(self, body: bytes) -> list[int] | None:
        request = decode_plain_chat(body)
        text = self.template.render_plain(request.messages)
        if text is None:
            return None
        split = self.encoder.split(text)
        prompt = self.encoder.finish(split, False)
        assert prompt is not None
        self.chats.note(body, request.messages, text, 0)
        return prompt.ids()

    def known(self, body: bytes) -> list[int] | None:
        """Return the ids if the chat was known."""
        chat = self.chats.recognise(body)
        if chat is None:
            return None
        try:
            request = decode_plain_chat(chat.rest)
        except msgspec.DecodeError:
            return None
        split = self.chats.prompt(chat, request.messages, self.plain)
        if split is not None:
            assert split.chars == len(self.template.render_plain(decode_plain_chat(body).messages) or "")
        prompt = None if split is None else self.encoder.finish(split, False)
        return None if prompt is None else prompt.ids()


def say(*contents: str, system: str | None = None) -> list[dict[str, str]]:
    roles = ("user", "assistant") * len(contents)
    first = [] if system is None else [{"role": "system", "content": system}]
    return first + [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]


def body_of(messages: list[dict[str, str]], **more: Any) -> bytes:
    return msgspec.json.encode({"messages": messages, **more})


_ways: dict[str, Way] = {}

LONG = ["a first question " * 20, "a first answer " * 20, "a second question " * 20]


@pytest.fixture(scope="module")
def way(chatml: Model) -> Way:
    return Way(chatml, CHATML)


def test_the_next_turn_is_known(way: Way) -> None:
    """After a body has been seen as a whole, the same with another exchange is taken from what is known."""
    body = body_of(say(*LONG))
    assert way.known(body) is None
    ids = way.general(body)
    assert way.known(body) == ids
    turn = body_of(say(*LONG, "an answer", "and so on?"), temperature=0.5)
    assert way.template.render_plain(say(*LONG, "x", "y")) is not None  # its recipe is in use
    found = way.known(turn)
    assert found is not None
    assert found == way.general(turn)


@pytest.mark.parametrize("source", SOME_TEMPLATES.values(), ids=SOME_TEMPLATES)
@given(
    st.lists(CONTENTS, min_size=1, max_size=5), st.lists(CONTENTS, max_size=2), st.sampled_from([None, "", "be good"])
)
def test_ids_are_those_of_the_whole_body(
    chatml: Model, source: str, contents: list[str], more: list[str], system: str | None
) -> None:
    """Whatever the template, and whatever the contents do to its special tokens."""
    way = _ways[source] = _ways.get(source) or Way(chatml, source)  # what one example leaves behind meets the next
    way.general(body_of(say(*contents, system=system)))
    for messages in (say(*contents, system=system), say(*contents, *more, system=system)):
        body = body_of(messages)
        before, expected, after = way.known(body), way.general(body), way.known(body)
        assert before is None or before == expected
        assert after is None or after == expected


@pytest.mark.parametrize("name", ["chatml", "content first", "nothing behind", "users only", "parts"])
def test_templates_that_fall_into_pieces_are_known(chatml: Model, name: str) -> None:
    """The comparison above is not one of nothing with nothing."""
    way = Way(chatml, SOME_TEMPLATES[name])
    body = body_of(say(*LONG))
    assert way.general(body) is not None
    assert way.known(body) is not None


def test_one_chat_with_other_tools_is_another_prompt(chatml: Model) -> None:
    """The messages are known by themselves; the recipe says what is between them."""
    source = "{{ '<|im_start|>' }}{% for t in tools or [] %}{{ t | tojson }}{% endfor %}{{ '<|im_end|>' }}" + CHATML
    way = Way(chatml, source)
    way.general(body_of(say(*LONG)))
    for tools in (None, [{"type": "function", "name": "a"}], [{"type": "function", "name": "b"}]):
        way.plain = PlainChats(way.template, "string", tools)
        for _ in range(2):
            text = way.plain.text(say(*LONG))
        if tools is not None:
            assert way.plain._recipes is not None
            assert way.plain._recipes.settle(60)
            assert way.plain.by_recipe(say(*LONG)) == text  # its recipe is in use
        chat = way.chats.recognise(body_of(say(*LONG)))
        assert chat is not None
        split = way.chats.prompt(chat, decode_plain_chat(chat.rest).messages, way.plain)
        assert split is not None
        assert text is not None
        encoded, expected = (way.encoder.finish(each, False) for each in (split, way.encoder.split(text)))
        assert encoded is not None
        assert expected is not None
        assert encoded.ids() == expected.ids()
    way.plain = PlainChats(way.template, "openai", [{"type": "function", "name": "a"}])
    chat = way.chats.recognise(body_of(say(*LONG)))
    assert chat is not None
    assert way.chats.prompt(chat, decode_plain_chat(chat.rest).messages, way.plain) is None


def test_every_changed_byte_is_noticed(way: Way) -> None:
    """A known chat of which one byte is another is another chat, or none."""
    body = b'{"model": "tiny", "messages": [ {"role": "user", "content": "Say \\"a\\"!"} , '
    body += b'{"content": "a", "role": "assistant"}, {"role": "user", "content": "and b?"}] , "max_tokens": 3}'
    whole = way.general(body)
    assert way.known(body) == whole
    for at in range(len(body)):
        for byte in b'x"\\{[,':
            changed = body[:at] + bytes((byte,)) + body[at + 1 :]
            try:
                request = decode_plain_chat(changed)
            except msgspec.DecodeError:
                assert way.known(changed) is None, changed
                continue
            text = way.template.render_plain(request.messages)
            found = way.known(changed)
            if found is not None:
                assert text is not None
                prompt = way.encoder.finish(way.encoder.split(text), False)
                assert prompt is not None
                assert found == prompt.ids(), changed


@pytest.mark.parametrize(
    "shape",
    [
        b'{"messages": %(a)b, "messages": %(b)b}',
        b'{"messages": %(b)b, "messages": %(a)b}',
        b'{"user": "\\"messages\\": [{", "messages": %(a)b}',
        b'{"user": "x", "messages" : %(a)b , "stop": ["\\"messages\\": ["]}',
        b'{"stop": ["messages"], "messages": %(a)b}',
    ],
)
def test_messages_in_unusual_places(way: Way, shape: bytes) -> None:
    """The last member of a name counts, and a string is no member."""
    a, b = (msgspec.json.encode(say(*LONG, *more)) for more in ((), ("this", "that")))
    for messages in (a, b):
        way.general(b'{"messages": %b}' % messages)
    body = shape % {b"a": a, b"b": b}
    found = way.known(body)
    assert found is None or found == way.general(body)


def test_a_client_cannot_write_what_stands_for_the_known(way: Way) -> None:
    """It is made anew in every process, of 16 random bytes."""
    body = body_of(say(*LONG))
    way.general(body)
    first, second = ChatMemory(1000, False), ChatMemory(1000, False)
    for memory in (first, second):
        memory.remember(body, say(*LONG), decode_plain_chat)
    assert [memory.recognise(body) for memory in (first, second)] == [None, None]  # larger than the bound
    big = [ChatMemory(1 << 20, False) for _ in range(2)]
    rests = set()
    for memory in big:
        memory.remember(body, say(*LONG), decode_plain_chat)
        chat = memory.recognise(body)
        assert chat is not None
        rests.add(chat.rest)
    assert len(rests) == 2


def test_memory_is_bounded() -> None:
    """What has not been used goes first, and what was forgotten is unknown, not wrong."""
    memory = ChatMemory(20_000, False)
    used = body_of(say("kept " * 20))
    memory.remember(used, say("kept " * 20), decode_plain_chat)
    for number in range(100):
        messages = say(f"{number} " * 30, "answer " * 30, "question " * 30)
        memory.remember(body_of(messages), messages, decode_plain_chat)
        assert memory.bytes_held <= 20_000
        assert memory.recognise(used) is not None
    assert 2 < len(memory) < 20
    assert memory.recognise(body_of(say("0 " * 30, "answer " * 30, "question " * 30))) is None


def test_a_message_larger_than_the_bound_is_not_kept() -> None:
    """Nor does it drive out the others."""
    memory = ChatMemory(20_000, False)
    memory.remember(body_of(say("small " * 20)), say("small " * 20), decode_plain_chat)
    memory.remember(body_of(say("large " * 4000)), say("large " * 4000), decode_plain_chat)
    assert len(memory) == 1


def test_what_was_not_seen_before_is_not_remembered(way: Way) -> None:
    """A chat that comes once costs nothing here."""
    messages = say("never " * 50)
    way.chats.note(body_of(messages), messages, "never " * 50, 250)
    assert way.chats.recognise(body_of(messages)) is None
