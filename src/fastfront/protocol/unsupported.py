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


def _unseen(value: Any, request: Any) -> bool:
    return value is None or value <= 1 or not request.stream


def _only_shown(value: Any, request: Any) -> bool:
    """Tools that may not be called are part of the prompt and of nothing else."""
    return value is None or request.tool_choice in (None, "none")


_EVERYWHERE = (
    Refusal("use_beam_search", _falsy),
    Refusal("prompt_logprobs", _null),
    Refusal("logprob_token_ids", _falsy),
    Refusal("echo", _falsy),
    Refusal("return_token_ids", _falsy),
    Refusal("stream_interval", _unseen),
)

_MEDIA_KWARGS = (
    "Per-request {field} are disabled by default because they can change multimodal {what} resource usage. "
    "Start the server with --trust-request-mm-kwargs only when clients are trusted. (parameter={field})"
)
_MEDIA = (
    Refusal("mm_processor_kwargs", _falsy, _MEDIA_KWARGS.format(field="mm_processor_kwargs", what="preprocessing")),
    Refusal("media_io_kwargs", _falsy, _MEDIA_KWARGS.format(field="media_io_kwargs", what="media loading")),
)

CHAT = (
    *_EVERYWHERE,
    *_MEDIA,
    Refusal("logprobs", _falsy),
    Refusal("tools", _only_shown),
    Refusal("return_prompt_text", _falsy),
)

COMPLETIONS = (
    *_EVERYWHERE,
    Refusal("logprobs", _null),
    Refusal(
        "prompt_embeds",
        lambda value, request: value is None or value == [],
        "You must set `--enable-prompt-embeds` to input `prompt_embeds`. (parameter=prompt_embeds)",
    ),
    Refusal("suffix", _null, "suffix is only supported for models with FIM completion rendering"),
)

TOKENIZE_CHAT = _MEDIA


def refuse_unsupported(request: Any, refusals: tuple[Refusal, ...]) -> None:
    """Raise for the first field of the request that is not served."""
    for refusal in refusals:
        value = getattr(request, refusal.field)
        if refusal.harmless(value, request):
            continue
        if refusal.message is not None:
            raise BadRequestError(refusal.message, param=refusal.field)
        raise UnsupportedFieldError(refusal.field)
