# SPDX-License-Identifier: Apache-2.0
"""What is sent: how long prompts and answers are, how many at once, streamed or whole. The named ones are fixed, so
that figures of different days and machines are of the same thing. Knows no servers and makes no text.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class Workload:
    """One kind of load. Lengths are tokens of the server's model."""

    name: str
    prompt_tokens: int
    output_tokens: int
    concurrency: int
    stream: bool = True
    chat: bool = True
    """Chat completions; False: text completions."""
    top_logprobs: int | None = None
    """Chat: every token comes with its logprob and with those of so many others; None: without."""
    parsed: bool = False
    """Chat: every answer is thinking, a few words and tool calls, and the frontends have parsers for them."""
    exchanges: int = 0
    """Earlier exchanges of a chat, before its question."""
    called: bool = False
    """These exchanges are an agent's calls and their results, with no question in between."""
    growing: bool = False
    """The same chats are asked again and again, each time with one more exchange: all but the end was seen before."""
    rate: float = 0.0
    """Requests a second, at random times; 0: each client sends when it has its last answer."""
    step_ms: float = 0.0
    """Pace of the embedded engine in a comparison."""
    dataset: Path | None = None
    """Request bodies, one JSON object a line, instead of made ones."""

    @property
    def per_token(self) -> bool:
        """Whether CPU time is best told per token (long answers) or per request."""
        return self.stream and self.output_tokens > 1

    @property
    def title(self) -> str:
        """Name, clients and rate."""
        rate = f", {self.rate:g} requests/s" if self.rate else ""
        return f"{self.name}, {self.concurrency:,} clients{rate}"

    @property
    def path(self) -> str:
        """The endpoint."""
        return "/v1/chat/completions" if self.chat else "/v1/completions"


_NAMED = (
    Workload(name="stream64", prompt_tokens=110, output_tokens=100, concurrency=64, step_ms=10.0),
    Workload(name="stream256", prompt_tokens=110, output_tokens=100, concurrency=256, step_ms=10.0),
    Workload(name="stream1024", prompt_tokens=110, output_tokens=100, concurrency=1024, step_ms=10.0),
    Workload(name="logprobs64", prompt_tokens=110, output_tokens=100, concurrency=64, top_logprobs=5, step_ms=10.0),
    Workload(name="parsed64", prompt_tokens=110, output_tokens=100, concurrency=64, parsed=True, step_ms=10.0),
    Workload(name="short64", prompt_tokens=110, output_tokens=1, concurrency=64, stream=False),
    Workload(name="long64", prompt_tokens=1770, output_tokens=1, concurrency=64, stream=False),
    Workload(name="agent2", prompt_tokens=48_000, output_tokens=1, concurrency=2, stream=False, exchanges=40),
    Workload(
        name="turns2", prompt_tokens=48_000, output_tokens=1, concurrency=2, stream=False, exchanges=40, growing=True
    ),
    Workload(
        name="calls64", prompt_tokens=700, output_tokens=1, concurrency=64, stream=False, exchanges=3, called=True
    ),
    Workload(
        name="calls2", prompt_tokens=48_000, output_tokens=1, concurrency=2, stream=False, exchanges=40, called=True
    ),
)

NAMED = {workload.name: workload for workload in _NAMED}
"""The workloads that have names."""

MEANING = {
    "stream64": "110-token prompts, 100 tokens streamed, 64 clients",
    "stream256": "the same with 256 clients",
    "stream1024": "the same with 1,024 clients",
    "logprobs64": "stream64 with top_logprobs 5",
    "parsed64": "stream64 with thinking and two tool calls in every answer, parsed",
    "short64": "110-token prompts, 1 token out, 64 clients",
    "long64": "1,770-token prompts, 1 token out, 64 clients",
    "agent2": "new 48,000-token chats of 81 messages, 1 token out, 2 clients",
    "turns2": "the next turn of such chats, all but the end seen before, 2 clients",
    "calls64": "700-token prompts, most of it three tool calls and their results, 1 token out, 64 clients",
    "calls2": "new 48,000-token chats of forty tool calls and their results, 1 token out, 2 clients",
}
"""The same in words."""

CUSTOM = Workload(name="custom", prompt_tokens=110, output_tokens=100, concurrency=64, step_ms=10.0)
"""What is sent when no name is given."""


def vary(workload: Workload, **changes: object) -> Workload:
    """Return the workload with what was given of the changes (not None)."""
    given = {name: value for name, value in changes.items() if value is not None}
    return dataclasses.replace(workload, **given) if given else workload  # type: ignore[arg-type]
