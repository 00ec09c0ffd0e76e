# SPDX-License-Identifier: Apache-2.0
"""What an answer is to carry besides its text, as a Response takes it: the request's fields, resolved.

Plain data. Which of vLLM's fields leads to what is decided in routes/details.py.
"""

from __future__ import annotations

import msgspec


class AnswerDetails(msgspec.Struct, frozen=True, kw_only=True):
    """The default asks for nothing. A number of logprobs is -1 for all of them."""

    logprobs: bool = False
    """Each choice has the logprobs of its tokens."""
    logprobs_given: bool = False
    """They come with the text, from outside, as JSON."""
    num_shown: int = 0
    """Tokens that are shown per position: in all (chat), or beside the sampled one (completions)."""
    num_kept: int = -1
    """Tokens of a row, beside the first, that vLLM's frontend keeps."""
    show_all: bool = False
    """All that were kept are shown (`logprob_token_ids`)."""
    as_token_ids: bool = False
    """Tokens are called "token_id:N"."""
    ranks: bool = False
    """Logprobs have chat's layout, whatever the answer's kind, and tell each token's rank."""
    prompt_logprobs: bool = False
    num_prompt_kept: int = -1
    token_ids: bool = False
    """Each choice has its tokens' ids."""
    prompt_token_ids: bool = False
    """The prompt's ids are shown, too; they are in `prompts`."""
    echo: bool = False
    """Completions: the text begins with the prompt, and so do the logprobs; it is in `prompts` and `prompt_texts`."""
    echo_only: bool = False
    """Nothing follows it: the one token that the engine made is left out."""
    echo_text: str = ""
    """Chat: what precedes the answer's content."""
    echo_texts: list[str] = []
    """The same by prompt, where there are several chats."""
    prompt_text: str | None = None
    """Chat: the rendered prompt, to be shown."""
    stream_interval: int = 1
    """Tokens that make one chunk."""
    cached_tokens: bool = False
    """Usage tells how much of the prompt was in the cache."""
    remote_cached_tokens: int = -1
    """That number, where another engine did the prefill; -1: this engine's."""
    metrics: bool = False
    """The answer tells its timings: for one answer to one prompt."""
    prompts: list[list[int]] = []
    prompt_texts: list[str] = []
