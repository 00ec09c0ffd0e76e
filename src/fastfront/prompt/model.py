# SPDX-License-Identifier: Apache-2.0
"""Everything the frontend knows about the served model, read once from its small files.

No weights, no torch, no transformers. Immutable but for `max_model_len`, which the engine has the last word on, and
what the frontend says once at start; shared by all threads. Must not know requests.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fastfront.errors import StartupError
from fastfront.prompt.conversation import EMBEDS_PLACEHOLDER
from fastfront.prompt.embeds import EmbedsFormat
from fastfront.prompt.files import ModelFiles
from fastfront.prompt.generation_config import GenerationDefaults, load_generation_defaults
from fastfront.prompt.harmony import HarmonyRenderer
from fastfront.prompt.hf_overrides import with_overrides
from fastfront.prompt.renderers import load_renderer
from fastfront.prompt.template import ChatTemplate
from fastfront.prompt.template_chooser import TemplateChooser
from fastfront.prompt.tokenizer import PromptTokenizer
from fastfront.prompt.tokenizer_mode import check_mode, warn_of_other_renderers

if TYPE_CHECKING:
    from fastfront._native.text import Vocab

_LENGTH_KEYS = (
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "seq_length",
    "model_max_length",
    "max_sequence_length",
    "max_seq_length",
    "seq_len",
)
"""Where config.json files say how long a context may be. Source: vllm/config/model.py `_get_and_verify_max_len`."""

_HIDDEN_SIZE_KEYS = ("hidden_size", "n_embd", "d_model", "dim")
"""Where they say how wide a token's embedding is: transformers' names for one attribute."""

_DEFAULT_LENGTH = 2048


class Model:
    """The served model as requests see it."""

    def __init__(
        self,
        *,
        path: str,
        names: Sequence[str],
        files: ModelFiles,
        tokenizer_files: ModelFiles,
        tokenizer: PromptTokenizer,
        templates: TemplateChooser,
        generation: GenerationDefaults,
        config: Mapping[str, Any],
        chat_template_content_format: Literal["auto", "string", "openai"] = "auto",
        default_chat_template_kwargs: Mapping[str, Any] | None = None,
        trust_request_chat_template: bool = False,
        exclude_tools_when_tool_choice_none: bool = False,
        response_role: str = "assistant",
        max_logprobs: int = 20,
        tokenizer_mode: str = "auto",
    ) -> None:
        text_config = config.get("text_config") or config
        self.path = path
        self.names = tuple(names) or (path,)
        """Names that requests may ask for; answers show the first."""
        self.files = files
        self.config = config
        """What config.json holds, with --hf-overrides."""
        self.tokenizer = tokenizer
        self.templates = templates
        self.content_format = chat_template_content_format
        self.default_chat_template_kwargs = dict(default_chat_template_kwargs or {})
        self.trust_request_chat_template = trust_request_chat_template
        self.exclude_tools_when_tool_choice_none = exclude_tools_when_tool_choice_none
        self.response_role = response_role
        self.max_logprobs = max_logprobs
        self.default_sampling = generation.sampling
        self.override_max_tokens = generation.override_max_tokens
        self.eos_token_id = tokenizer.eos_token_id
        self.extra_eos_token_ids = generation.eos_token_ids - {tokenizer.eos_token_id}
        """Tokens that end an answer as the tokenizer's own end token does."""
        self.vocab_size: int = text_config.get("vocab_size") or tokenizer.max_token_id + 1
        """Width of the model's logits."""
        lengths = [text_config[key] for key in _LENGTH_KEYS if isinstance(text_config.get(key), int)]
        self.max_model_len: int = min(lengths, default=_DEFAULT_LENGTH)
        """Tokens of prompt and answer together: config.json's word until the engine has said its own."""
        self.has_reasoning_config = False
        """Whether the engine was told how the model thinks, so that it can bound it (thinking_token_budget)."""
        self.trust_request_mm_kwargs = False
        """Whether requests may bring media_io_kwargs and mm_processor_kwargs."""
        self.embeds: EmbedsFormat | None = None
        """What prompts of embeddings have to be like; None: they are not taken."""
        self.tokenizer_files = tokenizer_files
        """Where the tokenizer's files are."""
        self.harmony = HarmonyRenderer.load() if config.get("model_type") == "gpt_oss" else None
        """What renders chats of gpt-oss in place of a chat template; None: that does."""
        self.renderer = load_renderer(tokenizer_mode, config, tokenizer)
        """What renders other chats in its place; None: that does."""

    @property
    def uses_template(self) -> bool:
        """Whether chats are rendered with a chat template."""
        return self.harmony is None and self.renderer is None

    @property
    def name(self) -> str:
        """The name that answers show."""
        return self.names[0]

    @property
    def template(self) -> ChatTemplate | None:
        """The chat template of requests that bring none, or None if the model has none."""
        return self.templates.default

    def accept_embeds(self, dtype: str) -> None:
        """Take prompts of embeddings from now on, for an engine that computes in this type."""
        text_config = self.config.get("text_config") or self.config
        sizes = (text_config.get(key) for key in _HIDDEN_SIZE_KEYS)
        hidden_size = next((size for size in sizes if isinstance(size, int)), 0)
        self.embeds = EmbedsFormat(hidden_size, dtype.removeprefix("torch."))

    @functools.cached_property
    def vocab(self) -> Vocab | None:
        """The vocabulary for the native core; None if its decoder is of a kind that only `tokenizers` knows.

        Built on first use: the frontend asks for it at start, not with the first request.
        """
        from fastfront._native.text import Vocab

        source = self.tokenizer.take_source()
        changed = self.tokenizer.decodes_otherwise
        return Vocab.from_tokenizer_json(source, self.tokenizer.backend if changed else None)

    @functools.cached_property
    def token_names(self) -> Vocab:
        """What tokens are called beside their logprobs: the vocabulary, or a table made for that alone."""
        if self.vocab is not None:
            return self.vocab
        from fastfront.prompt.token_names import token_names

        return token_names(self.tokenizer.backend)

    @classmethod
    def load(
        cls,
        path_or_id: str,
        *,
        revision: str | None = None,
        hf_overrides: Mapping[str, Any] | None = None,
        tokenizer: str | None = None,
        tokenizer_revision: str | None = None,
        tokenizer_mode: str = "auto",
        served_model_names: Sequence[str] = (),
        chat_template: str | None = None,
        chat_template_content_format: Literal["auto", "string", "openai"] = "auto",
        generation_config: str = "auto",
        override_generation_config: Mapping[str, Any] | None = None,
        default_chat_template_kwargs: Mapping[str, Any] | None = None,
        trust_request_chat_template: bool = False,
        exclude_tools_when_tool_choice_none: bool = False,
        response_role: str = "assistant",
        max_logprobs: int = 20,
        enable_prompt_embeds: bool = False,
    ) -> Model:
        """Read the model's files: a local directory, or a Hugging Face id. Raises StartupError with the reason.

        `tokenizer` names another directory or id for tokenizer and chat template, `tokenizer_revision` its revision if
        that is not the model's; `chat_template` is a file or a template's text; `hf_overrides` are members of
        config.json, but for the tokenizer's eyes.
        """
        mode = check_mode(tokenizer_mode)
        files = ModelFiles.open(path_or_id, revision=revision)
        tokenizer_files = files
        if tokenizer is not None or tokenizer_revision not in (None, revision):
            tokenizer_files = ModelFiles.open(tokenizer or path_or_id, revision=tokenizer_revision or revision)
        own_config = files.read_object("config.json")
        config = with_overrides(own_config, hf_overrides)
        further = (EMBEDS_PLACEHOLDER,) if enable_prompt_embeds else ()
        loaded = PromptTokenizer.load(tokenizer_files, own_config.get("model_type"), further)
        model = cls(
            path=path_or_id,
            names=served_model_names,
            files=files,
            tokenizer_files=tokenizer_files,
            tokenizer=loaded,
            templates=TemplateChooser(
                given=None if chat_template is None else read_chat_template(chat_template),
                processor=_processor_template(tokenizer_files),
                tokenizer=_tokenizer_templates(tokenizer_files),
                special_tokens=loaded.special_tokens,
            ),
            generation=load_generation_defaults(
                files, generation_config=generation_config, override=override_generation_config
            ),
            config=config,
            chat_template_content_format=chat_template_content_format,
            default_chat_template_kwargs=default_chat_template_kwargs,
            trust_request_chat_template=trust_request_chat_template,
            exclude_tools_when_tool_choice_none=exclude_tools_when_tool_choice_none,
            response_role=response_role,
            max_logprobs=max_logprobs,
            tokenizer_mode=mode,
        )
        warn_of_other_renderers(mode, config, tokenizer_files, renders_harmony=model.harmony is not None)
        # Last: it goes on in a thread, and at first holds the GIL.
        loaded.start_fast_encoder(tokenizer_files.directory / "tokenizer.json")
        return model


def read_chat_template(value: str) -> str:
    """Return the template that --chat-template names: a file's content, or the value where it looks like a template.

    Source: vllm/renderers/chat_utils.py `load_chat_template`.
    """
    try:
        return Path(value).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        if any(char in value for char in "{}\n"):
            return value
        raise StartupError(
            f"The supplied chat template ({value}) looks like a file path, but it failed to be opened. Reason: {error}"
        ) from None


def _tokenizer_templates(files: ModelFiles) -> str | dict[str, str] | None:
    """Return the template(s) of the tokenizer: files of their own count more than an entry in tokenizer_config.json."""
    templates = files.templates()
    default = files.read_text("chat_template.jinja")
    if default is not None:
        templates = {"default": default, **templates}
    if templates:
        return templates["default"] if set(templates) == {"default"} else templates
    value = files.read_object("tokenizer_config.json").get("chat_template")
    if isinstance(value, list):
        return {entry["name"]: entry["template"] for entry in value}
    return value if isinstance(value, str | dict) else None


def _processor_template(files: ModelFiles) -> str | None:
    """Return the template of a multimodal model's processor, where it is not the tokenizer's."""
    if files.path("processor_config.json") is None and files.path("preprocessor_config.json") is None:
        return None
    value = files.read_object("chat_template.json").get("chat_template")
    if value is None:
        value = files.read_object("processor_config.json").get("chat_template")
    return value if isinstance(value, str) and files.path("chat_template.jinja") is None else None
