# SPDX-License-Identifier: Apache-2.0
"""The requests whose answers must be vLLM's. Data only: nothing here is sent.

A case's body may depend on the reference's answer to an earlier case (`after`): a stop string must occur in the text to
be found, and what a random model says is not known before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.real_engine.servers import MODEL_NAME

CHAT = "/v1/chat/completions"
COMPLETIONS = "/v1/completions"
TOKENIZE = "/tokenize"
DETOKENIZE = "/detokenize"
LENGTH = 32

PROMPTS = {
    "english": "Write a short story about a lighthouse keeper who finds a message in a bottle.",
    "chinese": "你好，世界！请用中文介绍一下语言模型，并举两个例子。",
    "emoji": "🙂🎉 family: 👩‍👩‍👧‍👦 flag: 🇨🇳 skin: 👍🏽 math: 𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "code": "def fibonacci(n: int) -> int:\n    if n < 2:\n        return n\n    return fibonacci(n - 1) + ",
    "spaces": "  two spaces\n\n\ttab, no-break\u00a0space, zero\u200bwidth and a trailing space ",
    "mixed": 'Ünïcödé ñandú Ω≈ç√ שלום مرحبا हिन्दी ไทย {"json": [1, 2.5, null]} <|not_special|> </s>',
}


@dataclass(frozen=True)
class Case:
    name: str
    path: str
    body: Any
    after: str | None = None
    """The case whose text `change` takes."""
    change: Callable[[str], dict[str, Any]] | None = None

    def resolve(self, text: str | None) -> Any:
        return {**self.body, **self.change(text)} if self.change is not None and text is not None else self.body


def chat(content: Any, **extra: Any) -> dict[str, Any]:
    messages = content if isinstance(content, list) else [{"role": "user", "content": content}]
    return {"model": MODEL_NAME, "messages": messages, "max_tokens": LENGTH, "temperature": 0, **extra}


def completion(prompt: Any, **extra: Any) -> dict[str, Any]:
    return {"model": MODEL_NAME, "prompt": prompt, "max_tokens": LENGTH, "temperature": 0, **extra}


def both(name: str, path: str, body: dict[str, Any], **links: Any) -> list[Case]:
    """The case as a whole answer and as a stream."""
    stream = {**body, "stream": True}
    return [Case(name, path, body, **links), Case(f"{name}-stream", path, stream, **links)]


def prompts() -> list[Case]:
    cases: list[Case] = []
    for name, text in PROMPTS.items():
        cases += both(f"chat-{name}", CHAT, chat(text))
        cases += both(f"completion-{name}", COMPLETIONS, completion(text))
    return cases


CONVERSATION = [
    {"role": "system", "content": "You answer in one sentence."},
    {"role": "user", "content": "What is the capital of France?"},
    {"role": "assistant", "content": "Paris."},
    {"role": "user", "content": "And of Japan? 日本の首都は？"},
]
PARTS = [{"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]}]
USAGE = {"stream_options": {"include_usage": True}}
CONTINUOUS = {"stream_options": {"include_usage": True, "continuous_usage_stats": True}}
SEEDED = {"temperature": 0.8, "top_p": 0.9, "top_k": 40, "min_p": 0.01, "seed": 1234}
PENALTIES = {"presence_penalty": 0.5, "frequency_penalty": 0.7, "repetition_penalty": 1.2}


def options() -> list[Case]:
    story, text = PROMPTS["english"], PROMPTS["chinese"]
    return [
        *both("chat-conversation", CHAT, chat(CONVERSATION)),
        *both("chat-parts", CHAT, chat(PARTS)),
        *both("chat-one-token", CHAT, chat(story, max_tokens=1)),
        *both("chat-completion-tokens", CHAT, chat(story, max_tokens=30, max_completion_tokens=5)),
        *both("chat-to-the-end-of-context", CHAT, chat(story, max_tokens=None, min_tokens=3, stop="e")),
        *both("chat-seeded", CHAT, chat(story, **SEEDED)),
        *both("chat-penalties", CHAT, chat(story, **PENALTIES)),
        *both("chat-prompt-continued", CHAT, chat(CONVERSATION[:3], **CONTINUED)),
        *both("completion-special-tokens", COMPLETIONS, completion(text, skip_special_tokens=False)),
        *both("completion-ids", COMPLETIONS, completion([10, 11, 12, 300, 301])),
        *both("completion-no-special", COMPLETIONS, completion(text, add_special_tokens=False)),
        *both("completion-seeded", COMPLETIONS, completion(text, **SEEDED)),
        *both("completion-ignore-eos", COMPLETIONS, completion(text, ignore_eos=True, max_tokens=100)),
        Case("chat-several", CHAT, chat(story, n=3, **SEEDED)),
        Case("completion-several", COMPLETIONS, completion([story, text], n=2, **SEEDED)),
        Case("completion-batch", COMPLETIONS, completion([story, text, "a"])),
        Case("completion-batch-ids", COMPLETIONS, completion([[10, 11], [12, 300, 301]])),
        Case("chat-stream-usage", CHAT, chat(text, stream=True, **USAGE)),
        Case("chat-stream-continuous-usage", CHAT, chat(text, stream=True, **CONTINUOUS)),
        Case("completion-stream-usage", COMPLETIONS, completion(text, stream=True, **USAGE)),
        Case("completion-stream-continuous-usage", COMPLETIONS, completion(text, stream=True, **CONTINUOUS)),
    ]


CONTINUED = {"add_generation_prompt": False, "continue_final_message": True}


def stops() -> list[Case]:
    """Stop strings taken from the middle of what the model says, so that they end the answer."""
    cases: list[Case] = []
    for kind, path, body in (
        ("chat", CHAT, chat(PROMPTS["english"])),
        ("completion", COMPLETIONS, completion(PROMPTS["code"])),
    ):
        after = "chat-english" if kind == "chat" else "completion-code"
        for name, change in STOPS.items():
            cases += both(f"{kind}-stop-{name}", path, body, after=after, change=change)
    return cases


STOPS: dict[str, Callable[[str], dict[str, Any]]] = {
    "one": lambda text: {"stop": text[20:23]},
    "list": lambda text: {"stop": ["not said at all", text[30:31], text[25:29]]},
    "included": lambda text: {"stop": [text[20:26]], "include_stop_str_in_output": True},
    "first-letter": lambda text: {"stop": [text[0]]},
    "late": lambda text: {"stop": [text[20:23]], "min_tokens": 20},
    "never": lambda _: {"stop": ["not said at all"]},
}


IDS = {"return_token_ids": True}
LOGPROBS = {"logprobs": True, "top_logprobs": 5}
LABELS = {"logprob_token_ids": [10, 300, 301]}


def details() -> list[Case]:
    """Everything that an answer can carry besides its text."""
    story, emoji, mixed = PROMPTS["english"], PROMPTS["emoji"], PROMPTS["mixed"]
    several = {"n": 3, **SEEDED}
    return [
        *both("chat-logprobs", CHAT, chat(mixed, **LOGPROBS)),
        *both("chat-logprobs-sampled", CHAT, chat(emoji, logprobs=True, **SEEDED)),
        *both("chat-logprobs-penalties", CHAT, chat(story, logprobs=True, top_logprobs=20, max_tokens=5, **PENALTIES)),
        *both("chat-logprobs-ids", CHAT, chat(story, return_tokens_as_token_ids=True, **LOGPROBS)),
        *both("chat-logprobs-labels", CHAT, chat(story, logprobs=True, **LABELS)),
        *both(
            "chat-logprobs-banned", CHAT, chat(story, logit_bias={"300": -100}, allowed_token_ids=[1, 2], **LOGPROBS)
        ),
        *both("chat-token-ids", CHAT, chat(story, **IDS)),
        *both("chat-prompt-text", CHAT, chat(CONVERSATION, return_prompt_text=True, max_tokens=3)),
        *both("chat-echo", CHAT, chat(CONVERSATION[:3], echo=True, **CONTINUED)),
        *both("chat-echo-nobody", CHAT, chat(CONVERSATION, echo=True, max_tokens=3, **LOGPROBS)),
        *both("chat-several-details", CHAT, chat(story, logprobs=True, top_logprobs=2, **IDS, **several)),
        *both("completion-logprobs", COMPLETIONS, completion(mixed, logprobs=3)),
        *both("completion-logprobs-0", COMPLETIONS, completion(emoji, logprobs=0, **SEEDED)),
        *both("completion-logprobs-ids", COMPLETIONS, completion(story, logprobs=2, return_tokens_as_token_ids=True)),
        *both("completion-logprobs-labels", COMPLETIONS, completion(story, logprobs=3, **LABELS)),
        *both("completion-logprobs-stop", COMPLETIONS, completion(story, logprobs=1, **IDS), **STOPPED),
        *both("completion-echo", COMPLETIONS, completion(mixed, echo=True)),
        *both("completion-echo-logprobs", COMPLETIONS, completion(mixed, echo=True, logprobs=2)),
        *both("completion-echo-logprobs-ids", COMPLETIONS, completion(emoji, echo=True, logprobs=1, **IDS)),
        *both("completion-echo-only", COMPLETIONS, completion(emoji, echo=True, logprobs=1, max_tokens=0)),
        *both("completion-token-ids", COMPLETIONS, completion([10, 11, 300], **IDS)),
        *both("completion-several-details", COMPLETIONS, completion([story, emoji], logprobs=1, **IDS, **several)),
        Case("chat-prompt-logprobs", CHAT, chat(mixed, prompt_logprobs=3)),
        Case("chat-prompt-logprobs-0", CHAT, chat(emoji, prompt_logprobs=0)),
        Case("completion-prompt-logprobs", COMPLETIONS, completion([story, mixed], prompt_logprobs=2, **IDS)),
        Case("completion-prompt-logprobs-several", COMPLETIONS, completion(emoji, prompt_logprobs=1, **several)),
        Case("chat-stream-interval", CHAT, chat(story, stream=True, stream_interval=5, **LOGPROBS, **IDS)),
        Case("completion-stream-interval", COMPLETIONS, completion(story, stream=True, stream_interval=7, **USAGE)),
    ]


STOPPED: dict[str, Any] = {"after": "completion-english", "change": lambda text: {"stop": [text[20:23]]}}

CASES: list[Case] = [*prompts(), *options(), *stops(), *details()]

TOKENS: list[Case] = [
    Case("tokenize-text", TOKENIZE, {"model": MODEL_NAME, "prompt": PROMPTS["mixed"]}),
    Case("tokenize-strings", TOKENIZE, {"model": MODEL_NAME, "prompt": PROMPTS["emoji"], "return_token_strs": True}),
    Case("tokenize-bare", TOKENIZE, {"model": MODEL_NAME, "prompt": "hello", "add_special_tokens": False}),
    Case("tokenize-chat", TOKENIZE, {"model": MODEL_NAME, "messages": CONVERSATION}),
    Case("tokenize-chat-continued", TOKENIZE, {"model": MODEL_NAME, "messages": CONVERSATION[:3], **CONTINUED}),
    Case("detokenize", DETOKENIZE, {"model": MODEL_NAME, "tokens": [1, 10, 200, 201, 300, 301, 302, 5]}),
    Case("detokenize-nothing", DETOKENIZE, {"model": MODEL_NAME, "tokens": []}),
]

CHAT_BODY = chat("hello")
COMPLETION_BODY = completion("hello")

ERRORS: list[Case] = [
    Case("unknown-model", CHAT, {**CHAT_BODY, "model": "other"}),
    Case("unknown-model-completion", COMPLETIONS, {**COMPLETION_BODY, "model": "other"}),
    Case("empty-messages", CHAT, chat([])),
    Case("long-prompt", CHAT, chat("word " * 6000)),
    Case("long-prompt-completion", COMPLETIONS, completion([5] * 5000)),
    Case("full-prompt", COMPLETIONS, completion([5] * 4096)),
    Case("max-tokens-zero", CHAT, chat("hello", max_tokens=0)),
    Case("max-tokens-negative", COMPLETIONS, completion("hello", max_tokens=-1)),
    Case("max-tokens-above-context", CHAT, chat("hello", max_tokens=5000)),
    Case("temperature-negative", CHAT, chat("hello", temperature=-1)),
    Case("top-p-zero", CHAT, chat("hello", temperature=1, top_p=0)),
    Case("top-k-negative", COMPLETIONS, completion("hello", temperature=1, top_k=-5)),
    Case("penalty-out-of-range", CHAT, chat("hello", presence_penalty=3)),
    Case("stop-empty", CHAT, chat("hello", stop="")),
    Case("stream-options-alone", CHAT, chat("hello", stream_options={"include_usage": True})),
    Case("prompt-empty", COMPLETIONS, completion("")),
    Case("logprobs-above-limit", CHAT, chat("hello", logprobs=True, top_logprobs=21)),
    Case("prompt-logprobs-above-limit", COMPLETIONS, completion("hello", prompt_logprobs=21)),
    Case("prompt-logprobs-stream", CHAT, chat("hello", prompt_logprobs=1, stream=True)),
    Case("labels-alone", COMPLETIONS, completion("hello", logprob_token_ids=[1])),
    Case("labels-out-of-vocabulary", CHAT, chat("hello", logprobs=True, logprob_token_ids=[10**9])),
    Case("top-logprobs-alone", CHAT, chat("hello", top_logprobs=2)),
    Case("n-zero", CHAT, chat("hello", n=0)),
    Case("both-continued-and-prompted", CHAT, chat(CONVERSATION[:3], continue_final_message=True)),
]
"""Refusals that come from vLLM's own checks, so that status, type, param and message are the same."""

STATUS_ONLY: list[Case] = [
    Case("malformed", CHAT, b'{"model": '),
    Case("not-an-object", CHAT, b"[1, 2]"),
    Case("messages-missing", CHAT, {"model": MODEL_NAME}),
    Case("messages-wrong-type", CHAT, {"model": MODEL_NAME, "messages": "hello"}),
    Case("prompt-missing", COMPLETIONS, {"model": MODEL_NAME}),
    Case("max-tokens-text", CHAT, chat("hello", max_tokens="many")),
    Case("temperature-nan", COMPLETIONS, b'{"model": "tiny", "prompt": "a", "temperature": NaN}'),
    Case("bad-utf8", COMPLETIONS, b'{"model": "tiny", "prompt": "\xff\xfe"}'),
]
"""Refusals that pydantic words in vLLM: the status is the same, and the body is an error of OpenAI's shape."""
