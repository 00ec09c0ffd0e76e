# SPDX-License-Identifier: Apache-2.0
"""Answers to chats as users of the `openai` client get them."""

from __future__ import annotations

from typing import Any

import openai


def final_choice(client: openai.OpenAI, *, stream: bool, **arguments: Any) -> Any:
    """Return the answer's choice; a stream's deltas are put together by the client's own helper."""
    if not stream:
        return client.chat.completions.create(**arguments).choices[0]
    with client.chat.completions.stream(**arguments) as events:
        return events.get_final_completion().choices[0]
