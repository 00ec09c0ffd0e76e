# SPDX-License-Identifier: Apache-2.0
"""Where a request's prompt leaves the model's thinking: open, closed, or unsaid, per reasoning parser.

Knows the parsers by name and vLLM's rules about prompts and chat template arguments; knows no template and parses no
output (core/parsers does). Sources: ``is_reasoning_end`` of vllm/reasoning/*_reasoning_parser.py, and the constructors
and ``adjust_initial_state_from_prompt`` of vllm/parser/*.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from fastfront._native.parse import THINKING_CLOSED, THINKING_OPEN, THINKING_UNSAID, special_tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Kwargs = Mapping[str, Any]
    Switch = Callable[[Kwargs], bool]

_SUFFIXED = re.compile(r"(</?think):[^\s>]+>")
"""A Hunyuan model's `<think:6124c78e>`."""

_SUFFIXED_CALL = re.compile(r"</?(?:tool_calls|tool_call|tool_sep|arg_key|arg_value)(:[^\s>]+)>")
_HUNYUAN = ("hy_v3", "hy_v4")


def _always(_kwargs: Kwargs) -> bool:
    return True


def _never(_kwargs: Kwargs) -> bool:
    return False


def _enable_thinking(kwargs: Kwargs) -> bool:
    return bool(kwargs.get("enable_thinking", True))


def _either(kwargs: Kwargs) -> bool:
    """On when nothing is said; else when one of both is true (glm47_moe.py, kimi_k2.py, deepseek_v3: holo2)."""
    thinking, enabled = kwargs.get("thinking"), kwargs.get("enable_thinking")
    return bool(thinking) or bool(enabled) or (thinking is None and enabled is None)


def _on_request(kwargs: Kwargs) -> bool:
    """Off when nothing is said (deepseek_v3_reasoning_parser.py)."""
    return bool(kwargs.get("thinking")) or bool(kwargs.get("enable_thinking"))


def _deepseek_v4(kwargs: Kwargs) -> bool:
    unsaid = "thinking" not in kwargs and "enable_thinking" not in kwargs
    return (unsaid or _on_request(kwargs)) and kwargs.get("reasoning_effort") != "none"


def _kimi_k3(kwargs: Kwargs) -> bool:
    thinking = kwargs.get("thinking")
    return bool(kwargs.get("enable_thinking", True) if thinking is None else thinking)


def _effort(default: str) -> Switch:
    def switch(kwargs: Kwargs) -> bool:
        return (kwargs.get("reasoning_effort") or default) != "no_think"

    return switch


@dataclass(frozen=True)
class PromptRule:
    """What one parser reads from a prompt, looking backwards from its end."""

    start: tuple[str, ...] = ("<think>",)
    """Tokens behind which thinking is open."""
    end: tuple[str, ...] = ("</think>",)
    """Tokens behind which it is closed."""
    boundaries: tuple[str, ...] = ()
    """Tokens that end the search: what is before them belongs to other turns."""
    switch: Switch = _always
    """Whether the chat template arguments leave thinking on; off is closed, whatever the prompt says."""
    opened_by: tuple[str, str] | None = None
    """A chat template argument and the value by which thinking is open where the prompt does not say."""
    closed_without: str | None = None
    """A chat template argument without which thinking is closed where the prompt does not say."""
    reads_prompt: bool = True
    """False: only the arguments decide."""


_DSML = "\uff5cDSML\uff5c"
_CHATML = ("<|im_start|>", "<|im_end|>")
_CALLS = ("</think>", "<tool_call>")
_QWEN3 = PromptRule(end=_CALLS, boundaries=_CHATML, switch=_enable_thinking)
_GLM_TURNS = ("<|system|>", "<|user|>", "<|assistant|>", "<|observation|>")
_GLM = PromptRule(end=_CALLS, boundaries=_GLM_TURNS, switch=_either)

RULES: dict[str, PromptRule] = {
    "beam": PromptRule(reads_prompt=False),  # as hf: the template decides (response_template.py)
    "cohere_command3": PromptRule(("<|START_THINKING|>",), ("<|END_THINKING|>",), ("<|CHATBOT_TOKEN|>",)),
    "cohere_command4": PromptRule(("<|START_THINKING|>",), ("<|END_THINKING|>",), ("<|CHATBOT_TOKEN|>",)),
    "deepseek_r1": PromptRule(),
    "deepseek_v3": PromptRule(switch=_on_request),
    "deepseek_v4": PromptRule(end=("</think>", f"<{_DSML}tool_calls>"), switch=_deepseek_v4),
    "deepseek_v41": PromptRule(end=("</think>", f"<{_DSML} calls>"), switch=_deepseek_v4),
    "ernie45": PromptRule(),
    "gemma4": PromptRule(
        ("<|channel>",),
        ("<channel|>", "<|tool_call>"),
        ("<|turn>", "<|tool_response>"),
        closed_without="enable_thinking",
    ),
    "glm45": _GLM,
    "glm47": _GLM,
    "granite": PromptRule(reads_prompt=False),
    "granite_thinking_parser": _QWEN3,
    "hf": PromptRule(reads_prompt=False),
    "holo2": PromptRule(switch=_either),
    "hunyuan_a13b": PromptRule(reads_prompt=False),
    "hy_v3": PromptRule(switch=_effort("no_think")),
    "hy_v4": PromptRule(switch=_effort("high")),
    "inkling": PromptRule(
        ("<|content_thinking|>",),
        ("<|content_text|>", "<|content_model_end_sampling|>"),
        ("<|message_model|>",),
    ),
    "k2_horizon": PromptRule(
        ("<ifm|think>", "<ifm|think_fast>", "<ifm|think_faster>"),
        ("</ifm|think>", "</ifm|think_fast>", "</ifm|think_faster>", "<ifm|tool_calls>"),
    ),
    "kimi_k2": PromptRule(end=("</think>", "<|tool_calls_section_begin|>"), switch=_either),
    "kimi_k3": PromptRule(("<|open|>",), ("<|close|>",), switch=_kimi_k3),
    "ling3": _GLM,
    "mimo": _QWEN3,
    "minicpmv": PromptRule(end=_CALLS, switch=_enable_thinking),
    "minimax_m2": PromptRule(end=("</think>", "<minimax:tool_call>")),
    "minimax_m2_append_think": PromptRule(reads_prompt=False),
    "minimax_m3": PromptRule(("<mm:think>",), ("</mm:think>",), opened_by=("thinking_mode", "enabled")),
    "mistral": PromptRule(("[THINK]",), ("[/THINK]", "[TOOL_CALLS]")),
    "muse": PromptRule(reads_prompt=False),
    "muse_glimmer": PromptRule(reads_prompt=False),
    "musespark1x": PromptRule(reads_prompt=False),
    "nemotron_v3": _QWEN3,
    "olmo3": PromptRule(reads_prompt=False),
    "openai_gptoss": PromptRule(reads_prompt=False, switch=_never),  # its constraints hold from the first token on
    "plamo3": PromptRule(
        ("<|plamo:begin_think:plamo|>",), ("<|plamo:end_think:plamo|>",), ("<|plamo:tag|>",), switch=_enable_thinking
    ),
    "poolside_v1": PromptRule(boundaries=("<assistant>",), switch=_on_request),
    "qwen3": _QWEN3,
    "seed_oss": PromptRule(
        ("<seed:think>",), ("</seed:think>", "<seed:tool_call>"), ("<seed:bos>", "<seed:eos>"), switch=_enable_thinking
    ),
    "step3": PromptRule(start=()),
    "step3p5": PromptRule(end=_CALLS, boundaries=_CHATML),
    "step5": PromptRule(),
}
"""By the reasoning parser's name."""

GLM_ALWAYS_THINKS = ("[gMASK]<sop>", "Reasoning Effort:", "<tool_call>", "<arg_key>", "<arg_value>")
"""What a GLM chat template without a switch has (GLM-5.3; glm47_moe.py, _glm53_always_thinks)."""


def _always_thinks(name: str, chat_template: str | None) -> bool:
    return (
        name in ("glm45", "glm47")
        and chat_template is not None
        and "enable_thinking" not in chat_template
        and all(part in chat_template for part in GLM_ALWAYS_THINKS)
    )


def markup_tokens(name: str, vocab: Mapping[str, int]) -> dict[str, int]:
    """Return the special tokens of a vocabulary that the parser `name` goes by in answers, with their ids.

    The Hunyuan models' tokens may have a suffix per checkpoint (``<think:6124c78e>``): both spellings are found.
    Raises KeyError for a name that no native reasoning parser has.
    """
    return _found(name, special_tokens_of(name, reasoning=True), vocab)


def call_tokens(name: str, vocab: Mapping[str, int]) -> dict[str, int]:
    """Return the special tokens of a vocabulary that the tool parser `name` goes by, with their ids, in both spellings.

    Raises KeyError for a name that no native tool parser has.
    """
    found = {text: vocab[text] for text in special_tokens_of(name, reasoning=False) if text in vocab}
    if name in _HUNYUAN and "<tool_calls>" not in found:
        found |= {text: token for text, token in vocab.items() if _SUFFIXED_CALL.fullmatch(text)}
    return found


def token_suffix(vocab: Iterable[str]) -> str:
    """Return what a Hunyuan checkpoint puts behind the names of its tags (`:6124c78e`); "" for all others."""
    return next((found[1] for text in vocab if (found := _SUFFIXED_CALL.fullmatch(text))), "")


def prompt_tokens(name: str, vocab: Mapping[str, int]) -> dict[str, int]:
    """Return the special tokens of a vocabulary that thinking_of() looks for in prompts, with their ids."""
    rule = RULES[name]
    return _found(name, (*rule.start, *rule.end, *rule.boundaries), vocab) if rule.reads_prompt else {}


def _found(name: str, texts: Iterable[str], vocab: Mapping[str, int]) -> dict[str, int]:
    found = {text: vocab[text] for text in texts if text in vocab}
    if name in _HUNYUAN and "<think>" not in found:
        found |= {text: token for text, token in vocab.items() if _SUFFIXED.fullmatch(text)}
    return found


class PromptReading(NamedTuple):
    """How thinking stands behind a prompt, by the last token in it that says so."""

    meaning: Mapping[int, int]
    """Token -> how thinking stands behind it."""
    unsaid: int
    """How it stands where none of them is in the prompt."""

    def of(self, prompt_token_ids: Sequence[int]) -> int:
        """Return how it stands behind a prompt, or behind as much of its end as matters."""
        if self.meaning:
            for token in reversed(prompt_token_ids):
                if token in self.meaning:
                    return self.meaning[token]
        return self.unsaid


def prompt_reading(
    name: str,
    special_ids: Mapping[str, int],
    chat_template_kwargs: Kwargs | None = None,
    *,
    chat_template: str | None = None,
) -> PromptReading:
    """Return how the prompts of requests with these chat template arguments are read; see `thinking_of`."""
    kwargs = chat_template_kwargs or {}
    rule = RULES.get(name)
    if rule is None:
        return PromptReading({}, THINKING_UNSAID)
    if not rule.switch(kwargs) and not _always_thinks(name, chat_template):
        return PromptReading({}, THINKING_CLOSED)
    unsaid = THINKING_UNSAID
    if rule.opened_by is not None and kwargs.get(rule.opened_by[0]) == rule.opened_by[1]:
        unsaid = THINKING_OPEN
    elif rule.closed_without is not None and not kwargs.get(rule.closed_without):
        unsaid = THINKING_CLOSED
    if not rule.reads_prompt:
        return PromptReading({}, unsaid)
    meaning = {special_ids[text]: unsaid for text in rule.boundaries if text in special_ids}
    for text, token in special_ids.items():
        plain = _SUFFIXED.sub(r"\1>", text)
        if plain in rule.start:
            meaning[token] = THINKING_OPEN
        elif plain in rule.end:
            meaning[token] = THINKING_CLOSED
    return PromptReading(meaning, unsaid)


def thinking_of(
    name: str,
    prompt_token_ids: Sequence[int],
    special_ids: Mapping[str, int],
    chat_template_kwargs: Kwargs | None = None,
    *,
    chat_template: str | None = None,
) -> int:
    """Return how thinking stands when the model begins: ``THINKING_OPEN``, ``THINKING_CLOSED`` or ``THINKING_UNSAID``.

    `prompt_token_ids`: the prompt, or as much of its end as matters; `special_ids`: what prompt_tokens() returned;
    `chat_template_kwargs`: the request's, merged with the server's and with what the request's fields add to them
    (`reasoning_effort`, `enable_thinking`). `chat_template`: the template's source, for templates that ignore a switch.
    """
    reading = prompt_reading(name, special_ids, chat_template_kwargs, chat_template=chat_template)
    return reading.of(prompt_token_ids)
