# SPDX-License-Identifier: Apache-2.0
"""A chat template, and conversations rendered with it.

Sources: vllm/renderers/hf.py (variables let through, developer role, error texts) and transformers'
`apply_chat_template` (what a template sees, continue_final_message). Must not know tokenizing or sampling.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jinja2
from jinja2 import meta

from fastfront.errors import BadRequestError, validation_error
from fastfront.prompt import limits
from fastfront.prompt.content_format import ContentFormat, detect_content_format
from fastfront.prompt.conversation import Message
from fastfront.prompt.fast_template import FastTemplate, NotProvenError, prove
from fastfront.prompt.recipes import Events, Recipes
from fastfront.prompt.sandbox import FUNCTIONS, ChatEnvironment, TemplateTimeoutError, run_for
from fastfront.prompt.template_battery import cases, is_covered
from fastfront.prompt.trace import UntraceableError
from fastfront.prompt.traced_template import TracedTemplate

logger = logging.getLogger(__name__)

_CONTINUE_TAG = "CONTINUE_FINAL_MESSAGE_TAG "
"""Stands for the end of the message to continue; its trailing space shows whether the template trims."""

_PARAMETERS = frozenset(
    (
        *("add_generation_prompt", "continue_final_message", "documents", "max_length", "padding", "return_dict"),
        *("return_assistant_tokens_mask", "return_tensors", "tokenizer_kwargs", "tools", "truncation"),
    )
)
"""Parameters of transformers' `apply_chat_template`: never template variables, whatever a request calls them."""

_CALL = "safe_apply_chat_template() got multiple values for argument"
_RENDER = "jinja2.environment.Template.render() got multiple values for keyword argument"
_TAKEN = {
    **dict.fromkeys(("conversation", "model_config", "tokenizer"), _CALL),
    **dict.fromkeys(("conversations", "messages", "self"), _RENDER),
}
"""Names that the call itself binds: as chat_template_kwargs they are an error, in vLLM's words."""

_FILTERED = frozenset(("conversations", "messages"))
"""Those of them that vLLM drops unless the template uses them."""

_environment = ChatEnvironment()


class ChatTemplate:
    """One compiled template. Rendering is thread-safe."""

    def __init__(self, source: str, special_tokens: Mapping[str, str]) -> None:
        self.source = source
        self.error: str | None = None
        """Why the template cannot be compiled; told to whoever renders it."""
        self.content_format: ContentFormat = "string"
        self._variables: frozenset[str] = frozenset()
        self.knows_developer_role = '"developer"' in source or "'developer'" in source
        self._fast: FastTemplate | None = None
        self._recipes: Recipes | None = None
        self._traced: Recipes | None = None
        """What recipes with options come from, where the template can be traced."""
        try:
            tree = _environment.parse(source)
            self.content_format = detect_content_format(tree)
            self._variables = frozenset(meta.find_undeclared_variables(tree))
            self._template = _environment.from_string(tree, globals=FUNCTIONS)  # changes the tree
        except (jinja2.TemplateError, RecursionError) as error:
            self.error = str(error)
        self._constants = {name: value for name, value in special_tokens.items() if name in self._variables}
        bound = {"messages", *FUNCTIONS, *_environment.globals, *self._constants}
        self._free = self._variables - _PARAMETERS - bound
        """What chat_template_kwargs may set without another template being the result."""
        self._fixed = self._variables & bound

    def prove(self) -> None:
        """Let minijinja render what it renders as jinja2 does, if it does. Takes some 50 ms."""
        if self.error is not None:
            return
        try:
            if not all(type(token) is str for token in self._constants.values()):
                raise NotProvenError("special tokens are not strings")
            self._fast = prove(self.source, _environment.parse(self.source), self._variables, self._proof_cases())
        except NotProvenError as reason:
            logger.info("chat template rendered by jinja2: %s", reason)
        else:
            logger.info("chat template rendered by minijinja, which was found to agree with jinja2")

    def _proof_cases(self) -> Iterator[tuple[dict[str, Any], Callable[[], str | None]]]:
        for conversation, tools, add_generation_prompt, kwargs in cases(self.content_format, self._free):
            messages = self._with_known_roles(conversation)
            variables = self._bind(messages, tools, None, add_generation_prompt, kwargs)
            yield variables, functools.partial(self._refuse_or_run, variables)

    def trace(self) -> None:
        """Let plain conversations be joined without an engine, if what comes out is jinja2's. Takes some 30 ms."""
        if self.error is not None:
            return
        try:
            recipes = self._traced = Recipes(TracedTemplate(self.source), self._bind_plain, self._refuse_or_run)
        except (jinja2.TemplateError, UntraceableError) as reason:
            logger.info("plain chats go through a template engine: %s", reason)
            return
        learnt = recipes.learn_first(as_parts=self.content_format == "openai")
        self._recipes = recipes if learnt else None
        logger.info("plain chats of %d shapes are rendered without a template engine", learnt)

    def _refuse_or_run(self, variables: dict[str, Any], events: Events = iter) -> str | None:
        try:
            return self._run(variables, events)
        except BadRequestError:
            return None

    def render_plain(self, messages: list[dict[str, str]], content_format: ContentFormat | None = None) -> str | None:
        """Return the prompt of an ordinary chat, or None where `parse_messages` and `render` have to make it.

        `messages` are a request's own, with a role and a text each and nothing else; the prompt is that of a request
        with add_generation_prompt, without tools, documents, template variables (the server's defaults included) and
        continue_final_message. `content_format`: what the template gets the texts as, if not what it looks to take.
        Thread-safe.
        """
        if self._recipes is None:
            return None
        return self._recipes.render(messages, as_parts=(content_format or self.content_format) == "openai")

    def recipes_of(self, tools: Sequence[Any] | None, kwargs: Mapping[str, Any]) -> Recipes | None:
        """Return the recipes for conversations that are rendered with these options, each call new ones, still empty.

        Without options: those of `render_plain`. None: `render` has to make, or to refuse, all of them.
        """
        if tools is None and not kwargs:
            return self._recipes
        if self._traced is None or not _TAKEN.keys().isdisjoint(kwargs) or not self._fixed.isdisjoint(kwargs):
            return None
        try:
            _check([{}], tools, None, kwargs)
        except BadRequestError:
            return None
        return self._traced.sibling(lambda conversation: self._bind(conversation, tools, None, True, kwargs))

    def render(
        self,
        conversation: list[Message],
        *,
        tools: Sequence[Any] | None = None,
        documents: Sequence[Any] | None = None,
        add_generation_prompt: bool = True,
        continue_final_message: bool = False,
        kwargs: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the prompt. What goes wrong in a template is the request's fault, in the template's own words."""
        if self.error is not None:
            raise validation_error(self.error)
        conversation = self._with_known_roles(conversation)
        has_options = bool(kwargs) or continue_final_message or tools is not None or documents is not None
        recipes = self._recipes if add_generation_prompt and not has_options else None
        if recipes is not None and (joined := recipes.render(conversation)) is not None:
            return joined
        kwargs = kwargs or {}
        taken = next((name for name in kwargs if name in _TAKEN), None) if kwargs else None
        if taken is not None and (taken not in _FILTERED or taken in self._variables):
            raise validation_error(f"{_TAKEN[taken]} '{taken}'")
        _check(conversation, tools, documents, kwargs)
        final_text = ""
        if continue_final_message:
            if add_generation_prompt:
                raise validation_error(
                    "continue_final_message and add_generation_prompt are not compatible. Use continue_final_message "
                    "when you want the model to continue the final message, and add_generation_prompt when you want "
                    "to add a header that will prompt it to start a new assistant message instead."
                )
            conversation, final_text = self._mark_final(conversation)
        variables = self._bind(conversation, tools, documents, add_generation_prompt, kwargs)
        prompt: str | None = None
        if (
            self._fast is not None
            # A request that renames a special token or replaces a function is like none that was compared.
            and (not kwargs or self._fixed.isdisjoint(kwargs))
            and is_covered(conversation, tools, documents, kwargs)
        ):
            prompt = self._fast.render(variables)
        if prompt is None:
            prompt = self._run(variables)
        if recipes is not None:
            recipes.note(conversation)
        return _cut_at_mark(prompt, final_text) if continue_final_message else prompt

    def _with_known_roles(self, conversation: list[Message]) -> list[Message]:
        if not self.knows_developer_role and "developer" in [message["role"] for message in conversation]:
            return _developer_to_system(conversation)
        return conversation

    def _bind(
        self,
        conversation: list[Message],
        tools: Sequence[Any] | None,
        documents: Sequence[Any] | None,
        add_generation_prompt: bool,
        kwargs: Mapping[str, Any],
    ) -> dict[str, Any]:
        variables: dict[str, Any] = dict(self._constants)
        if kwargs:
            known = self._variables - _PARAMETERS
            variables.update((name, value) for name, value in kwargs.items() if name in known)
        variables["messages"] = conversation
        variables["tools"] = tools
        variables["documents"] = documents
        variables["add_generation_prompt"] = add_generation_prompt
        return variables

    def _bind_plain(self, conversation: list[Message]) -> dict[str, Any]:
        return self._bind(conversation, None, None, True, {})

    def _run(self, variables: dict[str, Any], events: Events = iter) -> str:
        try:
            run_for(limits.CHAT_TEMPLATE_RENDER_TIMEOUT)
            # Template.render without its rewriting of tracebacks, which nobody reads here.
            return "".join(events(self._template.root_render_func(self._template.new_context(variables))))
        except TemplateTimeoutError:
            raise validation_error(
                f"Chat template rendering timed out after {limits.CHAT_TEMPLATE_RENDER_TIMEOUT}s. This may indicate a "
                "malicious or excessively complex template. Adjust VLLM_CHAT_TEMPLATE_RENDER_TIMEOUT to override."
            ) from None
        except Exception as error:
            logger.debug("chat template refused the request", exc_info=True)
            raise validation_error(_reason(error)) from error

    def _mark_final(self, conversation: list[Message]) -> tuple[list[Message], str]:
        """Return the conversation with a mark behind the last text, and that text."""
        last = dict(conversation[-1])
        content = last.get("content")
        if content is None:
            raise validation_error('continue_final_message is set but the final message has no "content" to continue!')
        if "content" not in self.source:
            raise validation_error(
                'continue_final_message is set to "content" but this is not an accepted field in the chat_template'
            )
        if isinstance(content, list):
            index = next((i for i in reversed(range(len(content))) if "text" in content[i]), None)
            if index is None:
                raise validation_error(
                    "continue_final_message is set but we could not find any text to continue in the final message!"
                )
            text: str = content[index]["text"]
            marked = {**content[index], "text": text + _CONTINUE_TAG}
            last["content"] = [*content[:index], marked, *content[index + 1 :]]
        else:
            text = content
            last["content"] = text + _CONTINUE_TAG
        return [*conversation[:-1], last], text


def _check(
    conversation: list[Message], tools: Sequence[Any] | None, documents: Sequence[Any] | None, kwargs: Mapping[str, Any]
) -> None:
    if not conversation:
        raise validation_error("Cannot apply chat template to an empty conversation. Provide at least one message.")
    if kwargs.get("return_assistant_tokens_mask"):
        raise validation_error("`return_assistant_tokens_mask=True` requires `return_dict=True` and `tokenize=True`")
    if tools is not None and not all(isinstance(tool, dict) for tool in _listed(tools)):
        raise validation_error(
            "Tools should either be a JSON schema, or a callable function with type hints and a docstring suitable for "
            "auto-conversion to a schema."
        )
    if documents is not None and not all(isinstance(document, dict) for document in _listed(documents)):
        raise validation_error("Documents should be a list of dicts with 'title' and 'text' keys!")


def _listed(value: object) -> Sequence[Any]:
    if not isinstance(value, list | str | dict):
        raise validation_error(f"'{type(value).__name__}' object is not iterable")
    return list(value)


def _cut_at_mark(prompt: str, final_text: str) -> str:
    mark = _CONTINUE_TAG.strip()
    at = prompt.rfind(mark)
    if at < 0 or final_text.strip() not in prompt:
        raise validation_error(
            "continue_final_message is set but the final message does not appear in the chat after applying the chat "
            "template! This can happen if the chat template deletes portions of the final message. Please verify the "
            "chat template and final message in your chat to ensure they are compatible."
            f"Final message to continue: {final_text.strip()}\nRendered chat:\n{prompt}".rstrip()
        )
    kept = prompt[:at]
    # A template that trims ends the prompt where the trimmed text ends.
    return kept if prompt.startswith(_CONTINUE_TAG, at) else kept.rstrip()


def _developer_to_system(conversation: list[Message]) -> list[Message]:
    """Turn developer messages into system messages, all of them joined into one, the first, if they lie scattered."""
    converted = [
        {**{name: value for name, value in message.items() if name != "tools"}, "role": "system"}
        if message["role"] == "developer"
        else message
        for message in conversation
    ]
    system = [index for index, message in enumerate(converted) if message["role"] == "system"]
    if system == [0]:
        return converted
    texts = [_text_of(converted[index].get("content", "")) for index in system]
    merged: Message = {"role": "system", "content": "\n\n".join(text for text in texts if text)}
    return [merged, *(message for message in converted if message["role"] != "system")]


def _text_of(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(part if isinstance(part, str) else part["text"] for part in content if _has_text(part))
    return content or ""


def _has_text(part: object) -> bool:
    return isinstance(part, str) or (isinstance(part, dict) and "text" in part)


def _reason(error: BaseException) -> str:
    """Return what the template itself said, if it stands anywhere in the chain of errors."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, jinja2.TemplateError):
            return str(current)
        current = current.__cause__ or current.__context__
    return str(error)
