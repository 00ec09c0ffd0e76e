# SPDX-License-Identifier: Apache-2.0
"""What a recipe prints, in str's own methods: slow and obvious."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def render(
    contents: Sequence[str],
    steps: Iterable[tuple[int, str, str | None, bool | None]],
    pieces: Iterable[str | int],
) -> str | None:
    """Return the prompt, or None where a question has another answer."""
    views = list(contents)
    for view, name, text, answer in steps:
        value = views[view]
        match name:
            case "strip" | "lstrip" | "rstrip":
                views.append(getattr(value, name)(text))
            case "before":
                views.append(value.split(text)[0])
            case "after":
                views.append(value.split(text)[-1])
            case _:
                found = {
                    "non_empty": bool(value),
                    "contains": (text or "") in value,
                    "starts_with": value.startswith(text or ""),
                    "ends_with": value.endswith(text or ""),
                    "equals": value == (text or ""),
                }[name]
                if found is not answer:
                    return None
    return "".join(piece if isinstance(piece, str) else views[piece] for piece in pieces)
