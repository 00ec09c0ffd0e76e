# SPDX-License-Identifier: Apache-2.0
"""Which chat template a request is rendered with: one of those that the model comes with, or its own.

Source: vllm/renderers/hf.py `resolve_chat_template`, transformers' `get_chat_template`. Must not know conversations.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from fastfront.prompt.template import ChatTemplate

logger = logging.getLogger(__name__)


class TemplateChooser:
    """The templates that a model comes with, and the choice between them and a request's own."""

    _REQUEST_TEMPLATES = 32
    """Templates of requests that are kept compiled."""

    def __init__(
        self,
        *,
        given: str | None,
        processor: str | None,
        tokenizer: str | Mapping[str, str] | None,
        special_tokens: Mapping[str, str],
    ) -> None:
        self.is_given = given is not None
        """Whether the operator has named the template."""
        self._special_tokens = special_tokens
        self._named = {} if tokenizer is None or isinstance(tokenizer, str) else dict(tokenizer)
        self._own: dict[str, ChatTemplate] = {}
        self._compiled: dict[str, ChatTemplate] = {}
        default = self._named.get("default") if self._named else tokenizer
        with_tools = self._named.get("tool_use", default)
        if given is not None:
            default = with_tools = self._named.get(given, given)
        elif processor is not None:
            default = processor
        self.default = self._load(default) if isinstance(default, str) else None
        """The template of requests without tools."""
        self.with_tools = self._load(with_tools) if isinstance(with_tools, str) else None
        """The template of requests with tools."""
        for source in self._named.values():
            self._load(source)
        for template in (self.default, self.with_tools):
            if template is not None and template.error is not None:
                logger.warning("the chat template cannot be compiled, chat requests will fail: %s", template.error)

    def choose(self, requested: str | None, *, has_tools: bool) -> ChatTemplate | None:
        """Return the template of a request, if any; `requested` is its own, or the name of one of the model's."""
        if requested is not None:
            return self._compile(self._named.get(requested, requested))
        return self.with_tools if has_tools else self.default

    def _load(self, source: str) -> ChatTemplate:
        if source not in self._own:
            self._own[source] = ChatTemplate(source, self._special_tokens)
            self._own[source].prove()
            self._own[source].trace()
        return self._own[source]

    def _compile(self, source: str) -> ChatTemplate:
        template = self._own.get(source) or self._compiled.get(source)
        if template is None:
            template = ChatTemplate(source, self._special_tokens)
            if len(self._compiled) >= self._REQUEST_TEMPLATES:
                self._compiled = {}
            self._compiled[source] = template
        return template
