# SPDX-License-Identifier: Apache-2.0
"""How much /derender decodes at most: what the served model could have generated, and no more.

Source: vllm/entrypoints/scale_out/derender/serving.py (0.32).
"""

from __future__ import annotations

from collections.abc import Sequence

from fastfront.errors import BadRequestError
from fastfront.prompt.model import Model
from fastfront.protocol.common import MAX_N_SEQUENCES
from fastfront.protocol.derender import Generated, GenerateLogProbs

MAX_TOKENS = 1 << 20
"""Of all choices of a request together: some 20 s of work for one thread."""


def check_bounds(model: Model, responses: Sequence[Generated], prompts: Sequence[Sequence[int] | None]) -> None:
    """Refuse what is longer than this model's answers can be, before anything is decoded."""
    longest = model.max_model_len
    total = sum(len(choice.token_ids or ()) for generated in responses for choice in generated.choices)
    if total > MAX_TOKENS:
        raise BadRequestError(f"The {total} token_ids of all choices exceed the server's maximum ({MAX_TOKENS}).")
    if len(responses) > MAX_N_SEQUENCES:
        raise BadRequestError(
            f"generate_responses count ({len(responses)}) exceeds server maximum ({MAX_N_SEQUENCES}). "
            "Set VLLM_MAX_N_SEQUENCES to increase this limit."
        )
    for generated in responses:
        if len(generated.choices) > MAX_N_SEQUENCES:
            raise BadRequestError(
                f"choices count ({len(generated.choices)}) in response '{generated.request_id}' exceeds server "
                f"maximum ({MAX_N_SEQUENCES})."
            )
        for choice in generated.choices:
            _check_choice(model, choice.index, choice.token_ids or (), choice.logprobs)
        if len(generated.prompt_logprobs or ()) > longest:
            raise BadRequestError(
                f"prompt_logprobs length ({len(generated.prompt_logprobs or ())}) in response "
                f"'{generated.request_id}' exceeds max_model_len ({longest})."
            )
    for prompt in prompts:
        if prompt is not None and len(prompt) > longest:
            raise BadRequestError(f"prompt_token_ids length ({len(prompt)}) exceeds max_model_len ({longest}).")


def _check_choice(model: Model, index: int, token_ids: Sequence[int], logprobs: GenerateLogProbs | None) -> None:
    longest, most = model.max_model_len, model.max_logprobs
    if len(token_ids) > longest:
        raise BadRequestError(
            f"token_ids length ({len(token_ids)}) in choice {index} exceeds max_model_len ({longest})."
        )
    content = (logprobs.content if logprobs is not None else None) or ()
    if len(content) > longest:
        raise BadRequestError(
            f"logprobs.content length ({len(content)}) in choice {index} exceeds max_model_len ({longest})."
        )
    for entry in content:
        if 0 <= most < len(entry.top_logprobs):
            raise BadRequestError(
                f"top_logprobs count ({len(entry.top_logprobs)}) in choice {index} exceeds max_logprobs ({most})."
            )
