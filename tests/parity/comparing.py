# SPDX-License-Identifier: Apache-2.0
"""Two answers held against each other, member by member: where they differ, as JSON paths.

Knows no server, no case and no reason for a difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.real_engine.asking import Answer, by_choice, is_delta, merged

MISSING = "(not there)"


@dataclass(frozen=True)
class Difference:
    """One place where two answers differ."""

    path: str
    theirs: Any
    ours: Any

    def __str__(self) -> str:
        return f"{self.path}: {_short(self.theirs)} there, {_short(self.ours)} here"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}..."


def differences(theirs: Answer, ours: Answer) -> list[Difference]:
    """Return where they differ; of a stream, once the events that a late server joined are joined in both.

    Answers with different statuses differ in nothing else: `status`. Nor does a stream that vLLM breaks off with an
    error where fastfront's goes on, `events.(error)`: how far it had come is a matter of time.
    """
    if theirs.status != ours.status:
        return [Difference("status", (theirs.status, theirs.body), (ours.status, ours.body))]
    error = _error_of(theirs)
    if error is not None and _error_of(ours) is None:
        return [Difference("events.(error)", error, MISSING)]
    found = list(_differing("type", theirs.content_type, ours.content_type))
    found += _differing("body", theirs.body, ours.body)
    parsed = _is_parsed(theirs) or _is_parsed(ours)
    return found + list(_differing("events", _joined(theirs, parsed=parsed), _joined(ours, parsed=parsed)))


def _error_of(answer: Answer) -> Any:
    return next((event["error"] for event in answer.events if isinstance(event, dict) and "error" in event), None)


def _joined(answer: Answer, *, parsed: bool) -> list[Any]:
    return folded(answer.events) if parsed else merged(by_choice(answer.events))


def _is_parsed(answer: Answer) -> bool:
    return any(PARTS & set(delta) for delta in map(_delta, answer.events))


PARTS = {"reasoning", "tool_calls"}


def _delta(event: Any) -> dict[str, Any]:
    found: dict[str, Any] = event["choices"][0].get("delta", {}) if is_delta(event) else {}
    return found


def folded(events: tuple[Any, ...]) -> list[Any]:
    """Return a stream with all deltas of a choice in one: servers cut reasoning and calls differently.

    The first event of a choice stands for itself, and what the last one says besides its delta is kept.
    """
    whole: list[Any] = []
    choices: dict[int, Any] = {}
    for event in events:
        if not is_delta(event) or "role" in _delta(event):
            whole.append(event)
            continue
        choice = event["choices"][0]
        if choice["index"] not in choices:
            choices[choice["index"]] = {"delta": {}, "logprobs": [], "token_ids": []}
        sum_of = choices[choice["index"]]
        _add_delta(sum_of["delta"], choice["delta"])
        sum_of["logprobs"] += (choice["logprobs"] or {}).get("content") or []
        sum_of["token_ids"] += choice.get("token_ids") or []
        rest = {key: value for key, value in choice.items() if key not in sum_of}
        sum_of["last"] = {**event, "choices": [rest]}
    return [*whole, *[choices[index] for index in sorted(choices)]]


def _add_delta(sum_of: dict[str, Any], delta: dict[str, Any]) -> None:
    for name in ("content", "reasoning"):
        if delta.get(name):
            sum_of[name] = sum_of.get(name, "") + delta[name]
    for call in delta.get("tool_calls") or ():
        calls = sum_of.setdefault("tool_calls", {})
        known = calls.setdefault(str(call["index"]), {"name": "", "arguments": ""})
        function = call.get("function") or {}
        known["name"] += function.get("name") or ""
        known["arguments"] += function.get("arguments") or ""
        known |= {key: value for key, value in call.items() if key in {"id", "type"} and value is not None}


def _differing(path: str, theirs: Any, ours: Any) -> list[Difference]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        found: list[Difference] = []
        for key in sorted({**theirs, **ours}):
            found += _differing(f"{path}.{key}", theirs.get(key, MISSING), ours.get(key, MISSING))
        if not found and list(theirs) != list(ours):
            return [Difference(f"{path}.(order)", list(theirs), list(ours))]
        return found
    if isinstance(theirs, list) and isinstance(ours, list):
        found = []
        for index in range(max(len(theirs), len(ours))):
            pair = [each[index] if index < len(each) else MISSING for each in (theirs, ours)]
            found += _differing(f"{path}.{index}", *pair)
        return found
    return [] if type(theirs) is type(ours) and theirs == ours else [Difference(path, theirs, ours)]
