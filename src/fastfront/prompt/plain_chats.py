# SPDX-License-Identifier: Apache-2.0
"""Chats that say the same beside their messages: the same tools, the same template variables.

The template and its options are settled once, so that only messages are left to be rendered: by a recipe, or else by
the template's engine. Must not know how requests are decoded.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from fastfront.errors import BadRequestError
from fastfront.prompt.conversation import parse_messages
from fastfront.protocol.messages import are_plain_messages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fastfront._native.template import Recipe
    from fastfront.prompt.content_format import ContentFormat
    from fastfront.prompt.template import ChatTemplate


class PlainChats:
    """How the prompts of such chats are made. May be used by several threads at once."""

    def __init__(
        self,
        template: ChatTemplate,
        content_format: ContentFormat,
        tools: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        """Take the template, the form in which it gets contents, and what else it is called with."""
        self.content_format = content_format
        self._template = template
        self._tools = tools
        self._kwargs = kwargs or {}
        self._recipes = template.recipes_of(tools, self._kwargs)
        self.has_options = tools is not None or bool(kwargs)
        self.by_recipe: Callable[[list[dict[str, Any]]], str | None] = (
            _no_recipe
            if self._recipes is None
            else partial(self._recipes.render, as_parts=self.content_format == "openai")
        )
        """The prompt of a chat, as `text` makes it, without an engine: None where no recipe fits."""

    def text(self, messages: list[dict[str, Any]]) -> str | None:
        """Return the prompt of a chat for which `by_recipe` has none, made by the template's engine.

        The messages are a request's own, fresh from the decoder. None: one is not ordinary
        (protocol.messages.are_plain_messages), or the template refuses them.
        """
        if not messages or not are_plain_messages(messages):
            return None
        try:
            conversation = parse_messages(messages, self.content_format)
            text = self._template.render(conversation, tools=self._tools, kwargs=self._kwargs)
        except BadRequestError:
            return None
        recipes = self._recipes
        # Without options the template has taken notice itself, of what has a shape as it gets it.
        if recipes is not None and (self.has_options or not recipes.has_shape(conversation)):
            recipes.note(messages, as_parts=self.content_format == "openai")
        return text

    def recipes(self, shape: bytes) -> tuple[Recipe, ...]:
        """Return the recipes for chats of a shape."""
        return () if self._recipes is None else self._recipes.of_shape(shape)


def _no_recipe(messages: list[dict[str, Any]]) -> None:
    """Stand for the recipes of a template that has none."""
