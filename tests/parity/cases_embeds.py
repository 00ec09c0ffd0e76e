# SPDX-License-Identifier: Apache-2.0
"""Prompts that are embeddings, of a completion and in places of a chat, with the errors around them. Data only.

For the server that is started with flags; the tensors are as wide as the tests' models.
"""

from __future__ import annotations

import base64
import random
import struct
from typing import Any

from tests.prompt.tensor_files import archive, pickled_tensor
from tests.real_engine.cases import CHAT, COMPLETIONS, CONTINUED, Case, chat, completion

WIDTH = 64
"""Of the models that tests/real_engine/make_models.py makes: they are the embedded engine's with weights."""


def embeds(rows: int, *, width: int = WIDTH, kind: str = "Float") -> str:
    """Return base64 of a tensor file: random numbers, the same every time."""
    letter = {"Float": "f", "Half": "e", "Double": "d", "Int": "i"}[kind]
    rng = random.Random(rows)
    numbers = [rng.gauss(0, 0.5) if kind != "Int" else rng.randrange(9) for _ in range(rows * width)]
    pickled = pickled_tensor((rows, width), (width, 1), size=rows * width, storage=f"torch\n{kind}Storage")
    return base64.b64encode(archive(pickled, struct.pack(f"<{len(numbers)}{letter}", *numbers))).decode()


THREE, FIVE, DOUBLE = embeds(3), embeds(5, kind="Half"), embeds(4, kind="Double")
STREAM: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True, "continuous_usage_stats": True}}
SEVERAL: dict[str, Any] = {"n": 2, "temperature": 0.7, "seed": 3}

COMPLETED: dict[str, dict[str, Any]] = {
    "one": {"prompt_embeds": THREE},
    "double": {"prompt_embeds": DOUBLE},
    "list": {"prompt_embeds": [THREE, FIVE]},
    "ids": {"prompt_embeds": FIVE, "return_token_ids": True, "logprobs": 2},
    "mixed": {"prompt_embeds": [FIVE, THREE], "prompt": ["hello there", "x"], "return_token_ids": True},
    "mixed-ids": {"prompt_embeds": THREE, "prompt": [[10, 11], [300]]},
    "several": {"prompt_embeds": [THREE, FIVE], **SEVERAL},
    "truncated": {"prompt_embeds": FIVE, "truncate_prompt_tokens": 2},
    "truncated-right": {"prompt_embeds": FIVE, "truncate_prompt_tokens": 2, "truncation_side": "right"},
    "stop": {"prompt_embeds": THREE, "stop": ["e", "a"], "min_tokens": 1},
    "empty-list": {"prompt_embeds": [], "prompt": "hello"},
    "long": {"prompt_embeds": embeds(70), "max_tokens": 2},
}
REFUSED: dict[str, dict[str, Any]] = {
    "echo": {"prompt_embeds": THREE, "echo": True},
    "echo-empty-list": {"prompt_embeds": [], "prompt": "x", "echo": True},
    "prompt-logprobs": {"prompt_embeds": THREE, "prompt_logprobs": 1},
    "suffix": {"prompt_embeds": THREE, "suffix": "x"},
    "beams": {"prompt_embeds": THREE, "use_beam_search": True, "n": 2},
    "not-base64": {"prompt_embeds": "!!!!"},
    "line-feed": {"prompt_embeds": THREE + "\n"},
    "second-not-base64": {"prompt_embeds": [THREE, "A"]},
    "no-file": {"prompt_embeds": "AAAA"},
    "empty": {"prompt_embeds": ""},
    "narrow": {"prompt_embeds": embeds(3, width=WIDTH - 1)},
    "integers": {"prompt_embeds": embeds(3, kind="Int")},
    "no-rows": {"prompt_embeds": embeds(0)},
    "too-many-tokens": {"prompt_embeds": THREE, "max_tokens": 5000},
    "number": {"prompt_embeds": 5},
}


def _user(*parts: str) -> list[dict[str, Any]]:
    content = [
        {"type": "prompt_embeds", "data": part[1:]} if part.startswith("=") else {"type": "text", "text": part}
        for part in parts
    ]
    return [{"role": "user", "content": content}]


_THREE, _FIVE = f"={THREE}", f"={FIVE}"
CHATS: dict[str, dict[str, Any]] = {
    "part": {"messages": _user("what is ", _THREE, " then")},
    "alone": {"messages": _user(_FIVE), "logprobs": True, "top_logprobs": 1},
    "ids": {"messages": _user(_THREE, _FIVE, "x"), "return_token_ids": True},
    "turns": {"messages": [*_user(_THREE), {"role": "assistant", "content": "so"}, *_user("and", _FIVE)]},
    "several": {"messages": _user(_THREE), **SEVERAL},
    "truncated": {"messages": _user(_FIVE), "truncate_prompt_tokens": 8, "return_token_ids": True},
    "prompt-logprobs": {"messages": _user(_FIVE), "prompt_logprobs": 1},
    "prompt-text": {"messages": _user(_THREE), "return_prompt_text": True},
    "echo": {
        "messages": [*_user("hi"), {"role": "assistant", "content": _user("so", _THREE)[0]["content"]}],
        "echo": True,
        **CONTINUED,
    },
}
CHATS_REFUSED: dict[str, dict[str, Any]] = {
    "beams": {"messages": _user(_FIVE), "use_beam_search": True, "n": 2},
    "no-file": {"messages": _user("=AAAA")},
    "not-base64": {"messages": _user("=AAA")},
    "no-data": {"messages": _user("=")},
    "narrow": {"messages": _user(f"={embeds(2, width=3)}")},
    "no-rows": {"messages": _user(f"={embeds(0)}", "x")},
    "reserved": {"messages": _user("a <prompt_embeds> b")},
    "reserved-string": {"messages": [{"role": "system", "content": "<prompt_embeds>"}, *_user("hi")]},
}


def embedded() -> tuple[Case, ...]:
    """Return all of them."""
    cases: list[Case] = []
    for name, members in COMPLETED.items():
        body = {"temperature": 0, "max_tokens": 6, **members}
        cases.append(Case(f"embeds:{name}:off", COMPLETIONS, body))
        cases.append(Case(f"embeds:{name}:on", COMPLETIONS, {**body, **STREAM}))
    for name, members in REFUSED.items():
        cases.append(Case(f"error:embeds:{name}:off", COMPLETIONS, {"temperature": 0, "max_tokens": 6, **members}))
    for name, members in CHATS.items():
        body = {**chat("x", max_tokens=6), **members}
        cases.append(Case(f"embeds:chat-{name}:off", CHAT, body))
        cases.append(Case(f"embeds:chat-{name}:on", CHAT, {**body, **STREAM}))
    for name, members in CHATS_REFUSED.items():
        cases.append(Case(f"error:embeds:chat-{name}:off", CHAT, {**chat("x", max_tokens=6), **members}))
    reserved = completion("a <prompt_embeds> b", max_tokens=2, return_token_ids=True)
    cases.append(Case("embeds:text-of-the-placeholder:off", COMPLETIONS, reserved))
    return tuple(cases)
