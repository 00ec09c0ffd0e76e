# SPDX-License-Identifier: Apache-2.0
"""What vLLM serves and fastfront does not yet: one table. A line leaves it when its field is served.

A field is refused by name when its value would have an effect, never when it is null, the default or otherwise
without effect. Content parts of messages are refused in messages.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from fastfront.errors import BadRequestError, UnsupportedFieldError


class Refusal(msgspec.Struct, frozen=True):
    """A field that is refused unless `harmless(value, request)`.

    `message`: vLLM's own words, where vLLM refuses the field too (a server that was not started for it).
    """

    field: str
    harmless: Callable[[Any, Any], bool]
    message: str | None = None


def _null(value: Any, request: Any) -> bool:
    return value is None


def _falsy(value: Any, request: Any) -> bool:
    return not value


_EVERYWHERE = (Refusal("use_beam_search", _falsy),)

CHAT = (
    *_EVERYWHERE,
)

COMPLETIONS = (
    *_EVERYWHERE,
    Refusal(
        "prompt_embeds",
        lambda value, request: value is None or value == [],
        "You must set `--enable-prompt-embeds` to input `prompt_embeds`. (parameter=prompt_embeds)",
    ),
)


def refuse_unsupported(request: Any, refusals: tuple[Refusal, ...]) -> None:
    """Raise for the first field of the request that is not served."""
    for refusal in refusals:
        value = getattr(request, refusal.field)
        if refusal.harmless(value, request):
            continue
        if refusal.message is not None:
            raise BadRequestError(refusal.message, param=refusal.field)
        raise UnsupportedFieldError(refusal.field)
