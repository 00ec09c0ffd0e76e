# SPDX-License-Identifier: Apache-2.0
"""Where fastfront's whole answers to the families' scripts are not vLLM's, and why. Data and the rule for streams.

docs/compatibility.md says each to users; a test holds the two together. Each has to occur.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.families.messages import Message
from tests.families.table import GROUPS


class Deviation(NamedTuple):
    """What differs, of which families' answers, and why."""

    families: frozenset[str]
    answers: tuple[str, ...]
    members: frozenset[str]
    """Of a Message; `error` where vLLM has none."""
    why: str
    said: str
    """Words of docs/compatibility.md that tell it to users."""


def _families(*groups: str) -> frozenset[str]:
    return frozenset(family.name for group in groups for family in GROUPS[group])


JSON = _families("JSON in tags", "JSON in lists", "bare JSON, or behind a name")
LISTS = _families("Python calls")
GPT_OSS = frozenset({"openai+openai_gptoss"})
TAGS = (
    _families("function and parameter tags", "keys and values", "invoke and parameter", "tokens and channels") - GPT_OSS
)
LOSING = _families("function and parameter tags", "invoke and parameter", "tokens and channels") | {
    *("cohere_command3", "cohere_command4", "glm45", "glm47", "kimi_k2", "ling3", "mistral")
}
"""Families whose parsers read calls whatever the request says, and drop those that nobody may see."""
CALLED = frozenset({"content", "calls", "finish"})
NOTHING_LOST = "nothing that the model wrote is lost, and a stream cannot take a call back"

DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(JSON, ("cut",), CALLED, NOTHING_LOST, "an answer cut off in a call"),
    Deviation(JSON, ("malformed",), CALLED, NOTHING_LOST, "arguments that turn out malformed"),
    Deviation(LISTS, ("cut", "malformed"), CALLED, NOTHING_LOST, "a malformed call, a call that is cut off"),
    Deviation(TAGS, ("cut",), CALLED, NOTHING_LOST, "a call that `max_tokens` cuts off"),
    Deviation(TAGS, ("malformed",), CALLED, NOTHING_LOST, "text that looks like a call, but whose name has spaces"),
    Deviation(
        frozenset({"internlm"}),
        ("cut", "malformed"),
        frozenset({"error"}),
        "what a model writes is no error of the client's",
        "internlm: 400",
    ),
    Deviation(
        GPT_OSS,
        ("cut", "malformed"),
        frozenset({"calls"}),
        "a stream cannot know what will be no JSON",
        "a call whose arguments turn out to be no JSON",
    ),
    Deviation(
        GPT_OSS,
        ("cut",),
        frozenset({"finish"}),
        "it was cut off",
        "finish_reason of an answer that `max_tokens` cuts off behind a call",
    ),
    Deviation(
        GPT_OSS,
        ("typical", "parallel", "one", "zero", "nested", "hidden", "none", "cut", "malformed"),
        frozenset({"tokens"}),
        "calls are no thinking",
        "those of calls on the commentary channel too",
    ),
    Deviation(
        LOSING,
        ("none",),
        frozenset({"content"}),
        "nothing that the model wrote is lost",
        'a call under tool_choice "none"',
    ),
    Deviation(
        frozenset({"phi4_mini_json"}),
        ("nested",),
        frozenset({"calls", "finish"}),
        "vLLM's regular expression ends at the first bracket",
        "phi4_mini_json: at three backticks and at any bracket",
    ),
    Deviation(
        frozenset({"cohere_command3", "cohere_command4"}),
        ("zero",),
        frozenset({"calls"}),
        '"" is no JSON',
        "arguments `{}`, null or no object",
    ),
    Deviation(
        frozenset({"cohere_command3", "mistral", "minimax_m3"}),
        ("opened",),
        frozenset({"reasoning", "content", "tokens"}),
        "the prompt knows",
        "thinking that the prompt has opened",
    ),
    Deviation(
        frozenset({"granite", "hunyuan_a13b", "k2_horizon", "olmo3"}),
        ("thinking",),
        frozenset({"reasoning", "content"}),
        "a stream cannot know",
        "thinking without an end: granite, hunyuan_a13b, k2_horizon, olmo3",
    ),
)


def differing(theirs: Any, ours: Message) -> set[str]:
    """Return the members in which an answer of vLLM's is not ours: `error` if it has none."""
    return {"error"} if "error" in theirs else {member for member in ours if theirs[member] != ours[member]}


def explaining(family: str, answer: str, member: str) -> list[Deviation]:
    """Return the deviations that explain a difference."""
    return [d for d in DEVIATIONS if family in d.families and answer in d.answers and member in d.members]


def unexplained(family: str, answer: str, members: Iterable[str]) -> list[str]:
    """Return the differences that no deviation explains."""
    return [member for member in members if not explaining(family, answer, member)]


def stream_differences(whole: Any, stream: Any, ours: Message) -> tuple[set[str], set[str]]:
    """Return where vLLM's stream is not ours: those that its whole answer explains, and the others.

    A stream of ours is the whole answer. Where one of vLLM's is not its own whole answer (an error in it included),
    that is the reason; tests/real_engine counts them.
    """
    found = differing(stream, ours)
    if "error" in found:
        return found, set()
    own = {member for member in found if "error" in whole or stream[member] != whole[member]}
    return own, found - own
