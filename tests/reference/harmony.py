# SPDX-License-Identifier: Apache-2.0
"""The Harmony format read the slow way: the whole text at once, message by message, with the rules written out.

Says what native/core/parsers/harmony_parser.hpp has to say of spelled markup. Knows no stream.
"""

from __future__ import annotations

import json
import re
from typing import Any

ROLES = {"assistant", "user", "system", "developer", "tool"}
ENDS = re.compile(r"<\|(?:end|call|return)\|>")
HEADER_ENDS = re.compile(r"<\|(?:message|start|end|call|return)\|>")
OUTSIDE_ENDS = re.compile(r"<\|(?:start|end|call|return)\|>")


def header_of(text: str, *, speaks: bool) -> tuple[str, str, bool] | None:
    """Return a message's kind, its function and whether its arguments are JSON; None: no header."""
    channel = ""
    if "<|channel|>" in text:
        before, _, behind = text.partition("<|channel|>")
        channel = re.match(r"[^ \t\n\r\f\v<]*", behind)[0]  # type: ignore[index]
        if not channel:
            return None
        text = before + behind[len(channel) :]
    words = re.findall(r"[^ \t\n\r\f\v]+", text.replace("<|constrain|>", " <|constrain|>"))
    ours = speaks or words[:1] == ["assistant"]
    if words[:1] == ["assistant"]:
        words = words[1:]
    elif not speaks:
        if not words or (words[0] not in ROLES and len(words) == 1):
            return None
        words = words[1:]
    kind = recipient = ""
    if words and not words[-1].startswith("to=") and (len(words) > 1 or not words[0].startswith("functions.")):
        kind = words.pop()
    if words:
        recipient = words.pop().removeprefix("to=")
    if words:
        return None
    if not ours:
        return "foreign", "", False
    own = recipient.split(".")[0] in ("python", "browser", "container")
    if recipient and not recipient.startswith("<|") and recipient not in ("assistant", "functions.") and not own:
        return "call", recipient.removeprefix("functions."), not kind or "json" in kind
    if channel == "analysis" or (channel == "commentary" and recipient not in ("", "assistant")):
        return "reasoning", "", False
    return "content", "", False


def arguments_of(text: str, *, is_json: bool) -> str:
    """As Python writes what it reads; text that is no JSON stays (a stream has written its beginning otherwise)."""
    try:
        return json.dumps(json.loads(text)) if is_json else text
    except ValueError:
        return text


def message_of(text: str) -> dict[str, Any]:
    """Return the answer's message."""
    reasoning: list[str] = []
    content: list[str] = []
    calls: list[dict[str, str]] = []
    rest, speaks, outside, raw = text, True, False, ""
    while rest:
        if outside:
            found = OUTSIDE_ENDS.search(rest)
            part, rest = (rest[: found.start()], rest[found.end() :]) if found else (rest, "")
            raw += part if raw else part.lstrip()
            if found and found[0] != "<|start|>":
                continue
            if raw:
                content.append(raw)
            raw, outside, speaks = "", False, False
            if found and not rest:
                content.append("<|start|>")
            continue
        found = HEADER_ENDS.search(rest)
        prefix = "" if speaks else "<|start|>"
        if not found:
            content.append(prefix + rest)
            break
        header = rest[: found.start()]
        rest = rest[found.end() :]
        if found[0] == "<|start|>":
            if not (speaks and not header.strip()):
                content.append(prefix + header)
            speaks = False
            if not rest:
                content.append("<|start|>")
            continue
        read = header_of(header, speaks=speaks) if found[0] == "<|message|>" else None
        if read is None:
            raw, outside = prefix + header + found[0], True
            continue
        ended = ENDS.search(rest)
        body, rest = (rest[: ended.start()], rest[ended.end() :]) if ended else (rest, "")
        outside = True
        if read[0] == "call":
            calls.append({"name": read[1], "arguments": arguments_of(body, is_json=read[2])})
        elif body and read[0] != "foreign":
            (reasoning if read[0] == "reasoning" else content).append(body)
    if raw:
        content.append(raw)
    return {"reasoning": "\n".join(reasoning) or None, "content": "\n".join(content) or None, "calls": calls}
