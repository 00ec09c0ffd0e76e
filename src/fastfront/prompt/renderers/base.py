# SPDX-License-Identifier: Apache-2.0
"""What every renderer is: a chat's messages and template arguments in, its prompt out.

Must not know requests, tokenizers or any one model's format.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import Any

from fastfront.errors import BadRequestError
from fastfront.prompt.conversation import Message

_REFUSED = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What a conversation that a format has no room for ends in. Some of it is a 500 in vLLM: here all are 400."""


class ChatRenderer(abc.ABC):
    """Makes the prompts of one format. Thread-safe: holds nothing of a request."""

    def render(self, messages: Sequence[Message], kwargs: Mapping[str, Any]) -> str | list[int]:
        """Return the prompt of a request's messages, as text to be tokenized or as token ids.

        `kwargs` are what a chat template would be called with, `tools` among them. Neither is changed. Raises
        BadRequestError, in vLLM's words, for a conversation that the format does not take.
        """
        try:
            return self._render(messages, kwargs)
        except _REFUSED as error:
            raise BadRequestError(str(error)) from error

    @abc.abstractmethod
    def _render(self, messages: Sequence[Message], kwargs: Mapping[str, Any]) -> str | list[int]:
        """Return the prompt, or raise one of `_REFUSED`."""

    def fill_in(self, prompt: str, suffix: str) -> str | None:
        """Return the prompt of a completion that goes between two texts; None: the model is not made for that."""
        return None
