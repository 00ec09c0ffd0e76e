# SPDX-License-Identifier: Apache-2.0
"""The generated requests: every level of every field by itself, and rows in which every two levels meet. Data only.

Beside them what rules most fields out: beam search, and completions that only echo.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from tests.parity.fields import CALLED, CHAT_FIELDS, COMPLETION_FIELDS, ONE, TOOL, Levels, clash
from tests.parity.pairs import Row, pairwise
from tests.real_engine.cases import CHAT, COMPLETIONS, CONTINUED, CONVERSATION, PROMPTS, Case, chat, completion

SEED = 32
SHORT = 6
"""Tokens of an answer whose length is not what is tried."""


@cache
def generated() -> tuple[Case, ...]:
    """Return all of them; the names say what is in them."""
    return (
        *_alone("chat", CHAT, CHAT_FIELDS),
        *_alone("completion", COMPLETIONS, COMPLETION_FIELDS),
        *_together("chat", CHAT, CHAT_FIELDS),
        *_together("completion", COMPLETIONS, COMPLETION_FIELDS),
        *_beams(),
        *_others(),
    )


def _base(kind: str) -> dict[str, Any]:
    made = chat(ONE, max_tokens=SHORT) if kind == "chat" else completion(PROMPTS["mixed"], max_tokens=SHORT)
    del made["temperature"]
    return made


def _alone(kind: str, path: str, fields: Levels) -> list[Case]:
    """Return each level alone, as a whole answer and as a stream."""
    cases = [Case(f"{kind}:bare:off", path, _body(kind, fields, {"sampling": "greedy"}))]
    for factor, levels in fields.items():
        for level in levels:
            if not levels[level]:
                continue
            name = f"{factor}={level}"
            sampling = "seeded" if clash(name, "sampling=greedy") else "greedy"
            for stream in ("off", "on") if factor != "stream" else (level,):
                row = {"sampling": sampling, "stream": stream, factor: level}
                if clash(f"stream={stream}", name):
                    continue
                cases.append(Case(f"{kind}:{name}:{stream}", path, _body(kind, fields, row)))
    return cases


def _together(kind: str, path: str, fields: Levels) -> list[Case]:
    """Return the pairwise rows. A case's name has the levels of the fields that it does not leave out."""
    names = {factor: tuple(levels) for factor, levels in fields.items()}
    cases: list[Case] = []
    for number, row in enumerate(pairwise(names, clash=clash, seed=SEED)):
        shown = ",".join(f"{factor}={level}" for factor, level in row.items() if level != "off")
        cases.append(Case(f"{kind}:{number}:{shown}", path, _body(kind, fields, row)))
    return cases


def _body(kind: str, fields: Levels, row: Row) -> dict[str, Any]:
    body = _base(kind)
    for factor, level in row.items():
        body |= fields[factor][level]
    return body


def _beams() -> list[Case]:
    cases: list[Case] = []
    levels: dict[str, dict[str, Any]] = {
        "two": {"n": 2},
        "ids": {"n": 2, "return_token_ids": True},
        "echo": {"n": 2, "echo": True},
        "warm": {"n": 2, "temperature": 0.7, "length_penalty": 0.5, "ignore_eos": True},
        "stop": {"n": 2, "stop": ["e"], "min_tokens": 2, "skip_special_tokens": False},
        "names": {"n": 1, "cache_salt": "s", "priority": 0, "session_id": "x", "vllm_xargs": {"a": 1}},
        "truncated": {"n": 2, "truncate_prompt_tokens": 5},
        "one-token": {"n": 2, "max_tokens": 1},
    }
    shown: dict[str, dict[str, dict[str, Any]]] = {
        "logprobs": {CHAT: {"logprobs": True, "top_logprobs": 2}, COMPLETIONS: {"logprobs": 2}},
        "logprobs-none": {CHAT: {"logprobs": True}, COMPLETIONS: {"logprobs": 0}},
        "logprobs-all": {CHAT: {"logprobs": True, "top_logprobs": -1}, COMPLETIONS: {"logprobs": -1}},
        "logprobs-ids": {
            path: {**members, "return_tokens_as_token_ids": True, "return_token_ids": True}
            for path, members in ((CHAT, {"logprobs": True, "top_logprobs": 1}), (COMPLETIONS, {"logprobs": 30}))
        },
    }
    for name, members in levels.items():
        extra = {"use_beam_search": True, "max_tokens": 4, **members}
        cases += [
            Case(f"chat:beams={name}:off", CHAT, chat(ONE, **extra)),
            Case(f"chat:beams={name}:on", CHAT, chat(ONE, stream=True, **extra)),
            Case(f"completion:beams={name}:off", COMPLETIONS, completion(PROMPTS["code"], **extra)),
        ]
    for name, members_of in shown.items():
        extra = {"use_beam_search": True, "max_tokens": 4, "n": 3}
        cases += [
            Case(f"chat:beams={name}:off", CHAT, chat(ONE, **extra, **members_of[CHAT])),
            Case(f"chat:beams={name}:on", CHAT, chat(ONE, stream=True, **extra, **members_of[CHAT])),
            Case(
                f"completion:beams={name}:off",
                COMPLETIONS,
                completion([PROMPTS["code"], PROMPTS["chinese"]], **extra, **members_of[COMPLETIONS]),
            ),
        ]
    return cases


def _others() -> list[Case]:
    """Return combinations that the rows cannot have."""
    echo_only: dict[str, Any] = {"echo": True, "max_tokens": 0}
    cases = [
        Case("completion:echo-only:off", COMPLETIONS, completion(PROMPTS["mixed"], **echo_only)),
        Case("completion:echo-only:on", COMPLETIONS, completion(PROMPTS["mixed"], stream=True, **echo_only)),
        Case("completion:echo-only-several:off", COMPLETIONS, completion(["a b", "c d e"], **echo_only)),
        Case("completion:echo-only-several:on", COMPLETIONS, completion(["a b", "c d e"], stream=True, **echo_only)),
        Case("completion:echo-only-logprobs:off", COMPLETIONS, completion([10, 300, 301], logprobs=2, **echo_only)),
        Case("chat:called:off", CHAT, chat(CALLED, max_tokens=SHORT)),
        Case("chat:called:on", CHAT, chat(CALLED, max_tokens=SHORT, stream=True, tools=[TOOL], tool_choice="none")),
    ]
    several = {"n": 2, "temperature": 0.9, "seed": 3, "max_tokens": 4}
    for stream in (False, True):
        way = "on" if stream else "off"
        said = {"messages": CONVERSATION[:3], "echo": True, "stream": stream, **CONTINUED}
        cases += [
            Case(f"chat:echo-several:{way}", CHAT, chat(ONE, **{**several, **said})),
            Case(
                f"chat:echo-several-logprobs:{way}",
                CHAT,
                chat(ONE, **{**several, **said, "logprobs": True, "top_logprobs": 1, "return_token_ids": True}),
            ),
            Case(
                f"completion:echo-several:{way}",
                COMPLETIONS,
                completion(["a b", "c d e"], **{**several, "echo": True, "stream": stream}),
            ),
        ]
    return cases
