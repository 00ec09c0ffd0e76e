# SPDX-License-Identifier: Apache-2.0
"""What vLLM serves and fastfront does not yet: one table. A line leaves it when its field is served.

A field is refused when its value would have an effect, never when it is null, the default or otherwise without
effect. Content parts of messages are refused in messages.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from fastfront.errors import BadRequestError


class Refusal(msgspec.Struct, frozen=True):
    """A field that is refused with this message unless `harmless(value, request)`."""

    field: str
    harmless: Callable[[Any, Any], bool]
    message: str


def _without_beams(value: Any, request: Any) -> bool:
    return value is None or value is False or not request.use_beam_search


_LOGPROBS_OF_BEAMS = Refusal(
    "logprobs", _without_beams, "`logprobs` are not supported together with `use_beam_search` by fastfront yet."
)

CHAT = (_LOGPROBS_OF_BEAMS,)

COMPLETIONS = (
    _LOGPROBS_OF_BEAMS,
    # vLLM's own words, of a server that was not started for it.
    Refusal(
        "prompt_embeds",
        lambda value, request: value is None or value == [],
        "You must set `--enable-prompt-embeds` to input `prompt_embeds`. (parameter=prompt_embeds)",
    ),
)


def refuse_unsupported(request: Any, refusals: tuple[Refusal, ...]) -> None:
    """Raise for the first field of the request that is not served."""
    for refusal in refusals:
        if not refusal.harmless(getattr(request, refusal.field), request):
            raise BadRequestError(refusal.message, param=refusal.field)
