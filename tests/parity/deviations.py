# SPDX-License-Identifier: Apache-2.0
"""Where fastfront's answers are not vLLM's, of all that is asked here: the one list, with the reasons. Data only.

docs/compatibility.md says each to users; a test holds the two together. The run fails for one that no longer occurs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.parity.comparing import MISSING, Difference
from tests.parity.relations import (
    anyhow,
    begins,
    broken_off,
    calls_here,
    more_here,
    one_less,
    only_here,
    only_there,
    rest_of,
    spaced,
    values,
    without,
)

PLAIN = ("bytelevel", "bytefallback")
FLAGS = ("flags",)
"""The runs, as table.py has them: either model, and the server that is started with flags."""


@dataclass(frozen=True)
class Deviation:
    """What differs where, and why."""

    cases: str
    """The pattern of the cases' names."""
    path: str
    """The pattern of the JSON paths that differ."""
    why: str
    said: str
    """Words of docs/compatibility.md that tell it to users."""
    runs: tuple[str, ...] = PLAIN
    related: Callable[[Any, Any], bool] = anyhow
    """How vLLM's value and fastfront's stand to each other."""
    sometimes: bool = False
    """It depends on timing, and so need not occur."""

    def explains(self, run: str, case: str, difference: Difference) -> bool:
        """Tell whether the difference is this one."""
        if run not in self.runs or not fnmatchcase(case, self.cases) or not fnmatchcase(difference.path, self.path):
            return False
        return self.related(difference.theirs, difference.ours)


ONE_ANSWER = "vLLM's stream is not its whole answer: ours is"
NO_WAY_BACK = "a stream cannot take a call back"
SAME_WORDS = "the client does not know pydantic's unions"

CUT = {
    "required-cut": (("events.*.delta.content", only_here("<tool_call>")), ("events.*.delta.tool_calls", only_there)),
    "strict-required-spaces": (
        ("events.*.delta.content", only_here("<tool_call>")),
        ("events.*.delta.tool_calls.1", only_there),
    ),
    "named-cut": (("events.*.choices.0.delta.content", only_here("<tool_call>")),),
}
"""By case: what a stream differs in where its answer is cut off before a call's arguments."""

DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        "error:*:engine-stuck*:on",
        "events.*",
        "vLLM drops what waits to be sent when the error comes",
        "the last tokens before an engine's error, streamed",
        related=more_here,
        sometimes=True,
    ),
    Deviation(
        "completion:*:stream=*n=two*echo=on*logprobs=[!n]*",
        "events.(error)",
        "vLLM forgets prompt_logprobs where a choice's first output joins another's that waits to be sent",
        "`echo` with `n` above 1 and `logprobs`, streamed",
        related=broken_off("list index out of range"),
        sometimes=True,
    ),
    Deviation(
        "error:chat:type:messages-null",
        "body.error.*",
        "vLLM's error is Python's own; ours names the field",
        "`messages` null or a number",
    ),
    *[
        Deviation(f"error:chat:type:{name}", "body.error.*", SAME_WORDS, "a wrong member of a message")
        for name in ("message", "role", "content")
    ],
    *[
        Deviation(f"error:chat:{name}", "body.error.*", "a dump of pydantic's iterator", "a wrong content part")
        for name in ("type:part", "part-unknown")
    ],
    Deviation(
        "error:chat:part-image",
        "body.error.*",
        "no images here, whatever the model",
        "message parts other than text (images, audio, video, files)",
    ),
    Deviation(
        "error:*-beyond:on",
        "status",
        "a refusal has its status, streamed or not",
        "values that are checked against model or engine (constraints, token ids, budgets), streamed",
    ),
    *[
        Deviation(
            f"error:*:{name}:on",
            "status",
            "a refusal has its status, streamed or not",
            "values that are checked against model or engine (constraints, token ids, budgets), streamed",
        )
        for name in ("regex-broken", "choice-empty")
    ],
    Deviation("error:raw:type:not-utf-8", "body.*", "one shape for every error", "not UTF-8, nested too deeply"),
    Deviation("error:raw:type:surrogate", "body.error.*", "it is not text", "an unpaired surrogate anywhere"),
    Deviation(
        "error:*:engine-nowhere:on",
        "status",
        "a failure has its status, streamed or not",
        "an engine's error within a stream's first 100 ms",
    ),
    *[
        Deviation(
            "http:unknown-method", path, "one shape for every error", "HTTP that is none, unknown methods among it"
        )
        for path in ("type", "body.body", "body.headers.content-length")
    ],
    Deviation(
        "http:slash*", "body.headers.location", "right behind a proxy that ends TLS", "redirects for a trailing slash"
    ),
    Deviation(
        "front:busy*",
        "body.headers.retry-after",
        "clients know when to come again",
        "carry `retry-after`",
        FLAGS,
        values(MISSING, "1"),
    ),
    Deviation(
        "front:busy-prompts-stream",
        "status",
        "a refusal has its status, streamed or not",
        "a batch that the bounds on what waits refuse, streamed",
        FLAGS,
    ),
    Deviation(
        "parsed:thinking-again:*",
        "events.*.delta.content",
        ONE_ANSWER,
        "a stream adds up to it",
        FLAGS,
        without("</think>"),
    ),
    *[
        Deviation(
            "parsed:continued-answer:*",
            path,
            "the prompt says that thinking is over",
            "thinking that the prompt has closed, where no argument says so",
            FLAGS,
        )
        for path in ("body.choices.0.message.*", "*.reasoning_tokens")
    ],
    Deviation(
        "parsed:required-thinking:*",
        "*.reasoning_tokens",
        "all tokens within thinking are reasoning",
        "reasoning tokens of an answer that ends by itself within thinking",
        FLAGS,
        one_less,
    ),
    Deviation(
        "parsed:required-thinking:off",
        "body.choices.0.finish_reason",
        "there is no call; the stream of vLLM says so, too",
        'finish_reason of an answer without a call, with tool_choice "required"',
        FLAGS,
        values("tool_calls", "stop"),
    ),
    Deviation(
        "parsed:text=two-calls:off",
        "body.choices.0.finish_reason",
        "the answer was cut off: the stream of vLLM says so, too",
        "finish_reason of an answer that `max_tokens` cuts off behind a call",
        FLAGS,
        values("tool_calls", "length"),
    ),
    *[
        Deviation("parsed:text=malformed:off", path, NO_WAY_BACK, "arguments that turn out malformed", FLAGS, related)
        for path, related in (
            ("body.choices.0.finish_reason", values("stop", "tool_calls")),
            ("body.choices.0.message.content", rest_of),
            ("body.choices.0.message.tool_calls", calls_here),
        )
    ],
    *[
        Deviation("parsed:text=malformed:*", path, NO_WAY_BACK, "arguments that turn out malformed", FLAGS, related)
        for path, related in (
            ("events.*.delta.content", only_here("")),
            ("events.*.delta.tool_calls.0.arguments", begins),
        )
    ],
    # Whole answers that are cut off in a call: what vLLM gives back as content, here is calls and the rest.
    *[
        Deviation("parsed:strict-required-spaces:off", path, NO_WAY_BACK, "an answer cut off in a call", FLAGS, related)
        for path, related in (
            ("body.choices.0.message.content", rest_of),
            ("body.choices.0.message.tool_calls", calls_here),
        )
    ],
    # Streams that are: vLLM's whole answers have the text as content, its streams calls without arguments, or nothing.
    *[
        Deviation(f"parsed:{case}:*", path, ONE_ANSWER, "an answer cut off in a call", FLAGS, related)
        for case in ("required-cut", "strict-required-spaces", "named-cut")
        for path, related in CUT[case]
    ],
    Deviation(
        "parsed:strict-required-spaces:*",
        "events.*.delta.tool_calls.0.arguments",
        ONE_ANSWER,
        "Streams add up to them",
        FLAGS,
        spaced,
    ),
    *[
        Deviation(
            f"error:embeds:{name}:off",
            "body.error.message",
            "torch's reason names torch's ways out",
            "why a file of `prompt_embeds` cannot be read",
            FLAGS,
        )
        for name in ("no-file", "empty", "chat-no-file")
    ],
)
