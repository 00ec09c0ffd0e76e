# SPDX-License-Identifier: Apache-2.0
"""A request to its prompt(s): the text that the model sees, as token ids, within the model's length.

Sources: vllm/renderers/{online_renderer,base,params}.py, the request classes' `build_chat_params` and
`build_tok_params`, vllm/v1/engine/input_processor.py. All functions are synchronous and thread-safe: long prompts are
rendered in a pool. Must not know HTTP or the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from fastfront.errors import BadRequestError, validation_error
from fastfront.prompt.chat_embeds import Spread, read_parts
from fastfront.prompt.conversation import EMBEDS_PLACEHOLDER, parse_messages
from fastfront.prompt.embeds import EmbedsMatrix, PromptEmbeds, read_embeds
from fastfront.prompt.known_chats import KnownChats
from fastfront.prompt.model import Model
from fastfront.prompt.plain_chats import PlainChats
from fastfront.prompt.suffix import prompts_of

if TYPE_CHECKING:
    from fastfront.prompt.content_format import ContentFormat
    from fastfront.prompt.template import ChatTemplate
    from fastfront.protocol.chat import ChatCompletionRequest
    from fastfront.protocol.completions import CompletionRequest
    from fastfront.protocol.tokenize import TokenizeChatRequest

_UNSET = (None, "auto")
"""Values in a request that stand for "not said": a default of the server's counts instead."""


class RenderedPrompt(msgspec.Struct, frozen=True):
    """One prompt, ready for the engine."""

    token_ids: list[int]
    text: str | None
    """The prompt's text; None for one that came as token ids, unless it is echoed."""
    embeds: PromptEmbeds | None = None
    """What the engine is given in place of the ids, or beside them where some of them are ids after all."""


class LengthLimits(msgspec.Struct, frozen=True):
    """How long a prompt may be, and what to do with a longer one."""

    max_model_len: int | None
    """None: any length, for /tokenize."""
    max_output_tokens: int = 0
    truncate_prompt_tokens: int | None = None
    """Tokens to keep; -1: as many as leave room for one more; None: refuse the prompt."""
    truncation_side: Literal["left", "right"] | None = None
    """Where to cut; None: on the left, keeping the special tokens before the text."""


def render_chat(model: Model, request: ChatCompletionRequest) -> RenderedPrompt:
    """Return the prompt of a chat request."""
    name = "max_tokens" if request.max_completion_tokens is None else "max_completion_tokens"
    limits = _limits(model, request, request.requested_max_tokens, name)
    tools = _offered_tools(model, request)
    if model.harmony is None:
        prompt = _render_messages(model, request, tools, _chat_kwargs(request), limits)
    else:
        if read_parts(request.messages, model.embeds):
            raise BadRequestError("`prompt_embeds` are not supported for this model's chats.", param="messages")
        ids = model.harmony.render(request.messages, tools, request.reasoning_effort)
        prompt = RenderedPrompt(_fit(model, ids, LengthLimits(limits.max_model_len)), None)
    if request.echo and prompt.text is None and not request.return_token_ids and prompt.embeds is None:
        prompt = msgspec.structs.replace(prompt, text=model.tokenizer.decode(prompt.token_ids))
    _check_not_empty(prompt)
    return prompt


def _offered_tools(model: Model, request: ChatCompletionRequest) -> list[dict[str, Any]] | None:
    return None if request.tool_choice == "none" and model.exclude_tools_when_tool_choice_none else request.tools


def chat_template_kwargs(model: Model, request: ChatCompletionRequest) -> dict[str, Any]:
    """Return what the template is called with besides messages and tools: parsers go by it, too."""
    return _template_kwargs(model, request, None, _chat_kwargs(request))


def _chat_kwargs(request: ChatCompletionRequest) -> dict[str, Any]:
    kwargs: dict[str, Any] = {"documents": request.documents, "reasoning_effort": request.reasoning_effort}
    if request.reasoning_effort is not None and "enable_thinking" not in (request.chat_template_kwargs or {}):
        # Some templates think only when told to.
        kwargs["enable_thinking"] = request.reasoning_effort != "none"
    return kwargs


def plain_chats(model: Model, request: ChatCompletionRequest) -> PlainChats | None:
    """Return how chats of texts are rendered that say, beside their messages, what this request says.

    The text is what `render_chat` tokenizes. None: it has to be asked for each chat. Only for requests that leave
    add_generation_prompt, continue_final_message, documents, echo and the like at their defaults.
    """
    if not model.uses_template:
        return None
    try:
        _check_trust(model, request)
        kwargs = _template_kwargs(model, request, _offered_tools(model, request), _chat_kwargs(request))
        template, content_format = _choose_template(model, request, kwargs)
    except BadRequestError:
        return None
    tools = kwargs.pop("tools", None)
    goes_on = not kwargs.pop("add_generation_prompt") or kwargs.pop("continue_final_message")
    if goes_on or kwargs.pop("documents", None) is not None or kwargs.get("tokenize"):
        return None
    return PlainChats(template, content_format, tools, kwargs)


def known_chats(model: Model, decode: Callable[[bytes], Any]) -> KnownChats | None:
    """Return a memory of chats for what `plain_chats` renders, or None where the model has no use for one."""
    template, loader = model.templates.default, model.tokenizer.fast
    if template is None or loader is None or not model.uses_template:
        return None
    content_format = template.content_format if model.content_format == "auto" else model.content_format
    return KnownChats(content_format, loader, decode)


def render_completion(model: Model, request: CompletionRequest) -> list[RenderedPrompt]:
    """Return the prompts of a completion request: those of embeddings, then the others, each in its order."""
    prompts = prompts_of(request, model.renderer)
    _check_embeds(request)
    matrices = [read_embeds(each, model.embeds) for each in request.embeds]
    limits = _limits(model, request, request.max_tokens, "max_tokens")
    decode = bool(request.echo and not request.return_token_ids)
    rendered = [_render_embeds(matrix, limits) for matrix in matrices]
    for prompt in prompts:
        if isinstance(prompt, str):
            found = _tokenize(model, prompt, request.add_special_tokens, limits)
        else:
            text = model.tokenizer.decode(prompt) if decode and _in_vocabulary(model, prompt) else None
            found = RenderedPrompt(_fit(model, prompt, limits), text)
        _check_not_empty(found)
        if not isinstance(prompt, str):
            _check_vocabulary(model, found.token_ids)
        rendered.append(found)
    return rendered


def _render_embeds(matrix: EmbedsMatrix, limits: LengthLimits) -> RenderedPrompt:
    """Return a prompt whose tokens nobody knows: vLLM calls each of them 0."""
    kept = _cut(limits, matrix.rows)
    rows = len(range(*kept.indices(matrix.rows)))
    _check_length(rows, limits.max_model_len)
    embeds = PromptEmbeds(matrix.dtype, rows, matrix.tensor.shape[1], matrix.cast(kept))
    prompt = RenderedPrompt([0] * rows, None, embeds)
    _check_not_empty(prompt)
    return prompt


def render_tokenize_chat(model: Model, request: TokenizeChatRequest) -> list[int]:
    """Return the token ids of a chat, of any length."""
    return _render_messages(model, request, request.tools, {}, LengthLimits(None)).token_ids


def _render_messages(
    model: Model,
    request: ChatCompletionRequest | TokenizeChatRequest,
    tools: list[dict[str, Any]] | None,
    kwargs: Mapping[str, Any],
    limits: LengthLimits,
) -> RenderedPrompt:
    _check_trust(model, request)
    _check_media_kwargs(model, request)
    parts = read_parts(request.messages, model.embeds)
    template_kwargs = _template_kwargs(model, request, tools, kwargs)
    if model.renderer is None:
        made: str | list[int] = _fill_template(model, request, template_kwargs)
    else:
        made = model.renderer.render(request.messages, template_kwargs)
    if isinstance(made, str) and parts:
        return _render_parts(model, made, parts, limits)
    if isinstance(made, str) and template_kwargs.get("tokenize"):
        made = model.tokenizer.encode(made, add_special_tokens=False)
    if isinstance(made, str):
        return _tokenize(model, made, request.add_special_tokens, limits)
    return RenderedPrompt(_fit(model, made, limits), None)


def _fill_template(
    model: Model, request: ChatCompletionRequest | TokenizeChatRequest, template_kwargs: dict[str, Any]
) -> str:
    template, content_format = _choose_template(model, request, template_kwargs)
    return template.render(
        parse_messages(request.messages, content_format),
        tools=template_kwargs.pop("tools", None),
        documents=template_kwargs.pop("documents", None),
        add_generation_prompt=template_kwargs.pop("add_generation_prompt"),
        continue_final_message=template_kwargs.pop("continue_final_message"),
        kwargs=template_kwargs,
    )


def _render_parts(model: Model, text: str, parts: list[EmbedsMatrix], limits: LengthLimits) -> RenderedPrompt:
    """Return the prompt of a chat that is embeddings in places."""
    rendered = model.tokenizer.encode(text, add_special_tokens=False)
    spread = Spread(rendered, model.tokenizer.token_to_id(EMBEDS_PLACEHOLDER), parts)
    kept = _cut(limits, len(spread))
    # Before there are any, and for /tokenize, too: a tensor that repeats one row may say that it has millions.
    _check_length(len(range(*kept.indices(len(spread)))), limits.max_model_len or model.max_model_len)
    token_ids, embeds = spread.take(kept)
    return RenderedPrompt(token_ids, None, embeds)


def _template_kwargs(
    model: Model,
    request: ChatCompletionRequest | TokenizeChatRequest,
    tools: list[dict[str, Any]] | None,
    kwargs: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what the template is called with: the server's defaults, then the request's words, then its fields."""
    merged = dict(model.default_chat_template_kwargs)
    if tools is not None:
        merged["tools"] = [_tool_dict(tool) for tool in tools]
    fields = {
        **(request.chat_template_kwargs or {}),
        "add_generation_prompt": request.add_generation_prompt,
        "continue_final_message": request.continue_final_message,
    }
    fields.update((name, value) for name, value in kwargs.items() if value not in _UNSET)
    merged.update((name, value) for name, value in fields.items() if value not in _UNSET)
    return merged


def _choose_template(
    model: Model, request: ChatCompletionRequest | TokenizeChatRequest, template_kwargs: dict[str, Any]
) -> tuple[ChatTemplate, ContentFormat]:
    has_tools = template_kwargs.get("tools") is not None
    template = model.templates.choose(request.chat_template or None, has_tools=has_tools)
    content_format = model.content_format
    if content_format == "auto":
        content_format = "string" if template is None else template.content_format
    # vLLM looks there last, and goes by the other template's content format.
    other = template_kwargs.pop("chat_template", None)
    if other is not None and not request.chat_template and not model.templates.is_given:
        template = model.templates.choose(str(other), has_tools=has_tools)
    if template is None:
        raise BadRequestError(
            "As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template "
            "if the tokenizer does not define one."
        )
    return template, content_format


def _check_trust(model: Model, request: ChatCompletionRequest | TokenizeChatRequest) -> None:
    kwargs = request.chat_template_kwargs
    brings_template = request.chat_template is not None or (kwargs and kwargs.get("chat_template") is not None)
    if brings_template and not model.trust_request_chat_template:
        raise BadRequestError(
            "Chat template is passed with request, but --trust-request-chat-template is not set. "
            "Refused request with untrusted chat template."
        )


def _check_media_kwargs(model: Model, request: ChatCompletionRequest | TokenizeChatRequest) -> None:
    for name, what in (("mm_processor_kwargs", "preprocessing"), ("media_io_kwargs", "media loading")):
        if getattr(request, name) and not model.trust_request_mm_kwargs:
            raise validation_error(
                f"Per-request {name} are disabled by default because they can change multimodal {what} resource usage. "
                "Start the server with --trust-request-mm-kwargs only when clients are trusted.",
                parameter=name,
            )


def _check_embeds(request: CompletionRequest) -> None:
    if request.prompt_embeds is None:
        return
    if request.echo:
        raise BadRequestError("Echo is unsupported with prompt embeds.")
    if request.prompt_logprobs is not None:
        raise BadRequestError("prompt_logprobs is not compatible with prompt embeds.")


def _tool_dict(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool as templates see it: the schema's members in its order, null where the request has none."""
    function = tool["function"]
    defer_loading = tool.get("defer_loading")
    lowered = {name: function.get(name) for name in ("name", "description", "parameters")}
    optional = {"strict": function.get("strict"), "defer_loading": function.get("defer_loading")}
    if optional["defer_loading"] is None:
        optional["defer_loading"] = defer_loading
    lowered.update((name, value) for name, value in optional.items() if value is not None)
    outer = {"type": "function", "function": lowered}
    return outer if defer_loading is None else {**outer, "defer_loading": defer_loading}


def _limits(
    model: Model, request: ChatCompletionRequest | CompletionRequest, output: int | None, name: str
) -> LengthLimits:
    limit = model.max_model_len
    if output is not None and output > limit:
        raise validation_error(
            f"{name}={output} cannot be greater than max_model_len={limit}. Please request fewer output tokens.",
            parameter=name,
            value=output,
        )
    keep = request.truncate_prompt_tokens
    if keep is not None and keep > limit:
        raise validation_error(
            f"truncate_prompt_tokens={keep} cannot be greater than max_model_len = {limit}. "
            "Please request a smaller truncation size.",
            parameter="truncate_prompt_tokens",
            value=keep,
        )
    return LengthLimits(limit, output or 0, keep, request.truncation_side)


def _tokenize(model: Model, text: str, add_special_tokens: bool, limits: LengthLimits) -> RenderedPrompt:
    tokenizer = model.tokenizer
    limit = limits.max_model_len
    if limit is None:
        return RenderedPrompt(tokenizer.encode(text, add_special_tokens), text)
    max_chars = limit * tokenizer.max_chars_per_token
    if limits.truncate_prompt_tokens is None:
        if len(text) > max_chars:
            raise validation_error(
                f"This model's maximum context length is {limit} tokens. However, your prompt contains {len(text)} "
                f"characters (more than {max_chars} characters, which is the upper bound for {limit} input tokens). "
                "Please reduce the length of the input prompt.",
                parameter="input_text",
                value=len(text),
            )
        ids = tokenizer.encode(text, add_special_tokens)
        # vLLM stops tokenizing there, so it cannot say how many there are.
        _check_length(min(len(ids), limit + 1), limit)
        return RenderedPrompt(ids, text)
    if limits.truncation_side is None:
        ids = tokenizer.encode(text, add_special_tokens)
        return RenderedPrompt(tokenizer.truncate(ids, _kept(limits, limit), add_special_tokens), text)
    text = text[-max_chars:] if limits.truncation_side == "left" else text[:max_chars]
    return RenderedPrompt(_fit(model, tokenizer.encode(text, add_special_tokens), limits), text)


def _fit(model: Model, token_ids: list[int], limits: LengthLimits) -> list[int]:
    """Cut the ids to length if the request allows it, else refuse too many."""
    token_ids = token_ids[_cut(limits, len(token_ids))]
    _check_length(len(token_ids), limits.max_model_len)
    return token_ids


def _cut(limits: LengthLimits, count: int) -> slice:
    """Return what is kept of so many tokens."""
    limit = limits.max_model_len
    if limit is None or limits.truncate_prompt_tokens is None:
        return slice(0, count)
    keep = min(_kept(limits, limit), count)
    return slice(0, keep) if limits.truncation_side == "right" else slice(count - keep, count)


def _kept(limits: LengthLimits, limit: int) -> int:
    keep = limits.truncate_prompt_tokens or 0
    if keep >= 0:
        return keep
    return limit if limits.max_output_tokens == 0 else max(0, limit - 1)


def _check_length(count: int, limit: int | None) -> None:
    if limit is not None and count > limit:
        qualifier = "at least " if count == limit + 1 else ""
        raise validation_error(
            f"This model's maximum context length is {limit} tokens. However, your prompt contains {qualifier}{count} "
            "input tokens, which exceeds this limit even without any output tokens. "
            "Please reduce the length of the input prompt.",
            parameter="input_tokens",
            value=count,
        )


def _check_not_empty(prompt: RenderedPrompt) -> None:
    if not prompt.token_ids:
        raise BadRequestError("The decoder prompt cannot be empty")


def _in_vocabulary(model: Model, token_ids: list[int]) -> bool:
    highest = max(model.tokenizer.max_token_id, model.vocab_size - 1)
    return not token_ids or (min(token_ids) >= 0 and max(token_ids) <= highest)


def _check_vocabulary(model: Model, token_ids: list[int]) -> None:
    if not _in_vocabulary(model, token_ids):
        wrong = min(token_ids) if min(token_ids) < 0 else max(token_ids)
        raise BadRequestError(f"Token id {wrong} is out of vocabulary")
