# SPDX-License-Identifier: Apache-2.0
"""Where fastfront's answers are not vLLM's, of all that is asked here: the one list, with the reasons. Data only.

docs/compatibility.md says each to users; a test holds the two together. The run fails for one that no longer occurs.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

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

    def explains(self, run: str, case: str, path: str) -> bool:
        """Tell whether the difference is this one."""
        return run in self.runs and fnmatchcase(case, self.cases) and fnmatchcase(path, self.path)


STREAMED = ("on", "usage", "continuous")
ONE_ANSWER = "vLLM's stream is not its whole answer: ours is"
NO_WAY_BACK = "a stream cannot take a call back"
SAME_WORDS = "the client does not know pydantic's unions"

DEVIATIONS: tuple[Deviation, ...] = (
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
    *[
        Deviation(f"parsed:thinking*:{way}", "events.*.delta.content", ONE_ANSWER, "a stream adds up to it", FLAGS)
        for way in STREAMED
    ],
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
        "parsed:named-hidden:*",
        "*.reasoning_tokens",
        "all tokens within thinking are reasoning",
        "reasoning tokens of an answer that ends by itself within thinking",
        FLAGS,
    ),
    Deviation(
        "parsed:text=two-calls*:off",
        "body.choices.0.finish_reason",
        "the answer was cut off: the stream of vLLM says so, too",
        "finish_reason of an answer that `max_tokens` cuts off behind a call",
        FLAGS,
    ),
    *[
        Deviation("parsed:text=malformed*", path, NO_WAY_BACK, "arguments that turn out malformed", FLAGS)
        for path in ("body.choices.0.finish_reason", "body.choices.0.message.*", "events.*.delta.*")
    ],
    Deviation(
        "parsed:required*:off",
        "body.choices.0.message.tool_calls",
        "nothing is lost of an answer that is cut off",
        "an answer cut off in a call",
        FLAGS,
    ),
    *[
        Deviation(
            f"parsed:required*:{way}",
            "events.*.delta.tool_calls.*.arguments",
            ONE_ANSWER,
            "Streams add up to them",
            FLAGS,
        )
        for way in STREAMED
    ],
    *[
        Deviation(
            "parsed:required-cut:*",
            path,
            "nothing is lost",
            'tool_choice "required" and the answer is no such list',
            FLAGS,
        )
        for path in ("body.choices.0.message.content", "events.*.delta.content")
    ],
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
