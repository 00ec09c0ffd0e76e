# SPDX-License-Identifier: Apache-2.0
"""The `suffix` of completions: text behind the answer, for models that fill in the middle.

Source: vllm/renderers/online_renderer.py (`render_completion`). Must not know tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastfront.errors import BadRequestError

if TYPE_CHECKING:
    from fastfront.prompt.renderers import ChatRenderer
    from fastfront.protocol.completions import CompletionRequest


def prompts_of(request: CompletionRequest, renderer: ChatRenderer | None) -> list[str] | list[list[int]]:
    """Return the request's prompts; with a `suffix` they are what the model goes on from between two texts.

    `renderer`: the model's, if it has one that is no chat template. Raises BadRequestError where there is no such
    prompt, or no room for it in the request.
    """
    suffix, prompt = request.suffix, request.prompt
    if suffix is None:
        return request.prompts
    if request.echo:
        reason = "Echo is unsupported with suffix."
    elif request.prompt_embeds is not None:
        reason = "suffix is not supported with prompt_embeds"
    elif request.truncate_prompt_tokens is not None:
        reason = "suffix is not supported with truncate_prompt_tokens"
    elif isinstance(prompt, str) or (prompt and all(isinstance(each, str) for each in prompt)):
        made = [None if renderer is None else renderer.fill_in(str(each), suffix) for each in request.prompts]
        filled = [each for each in made if each is not None]
        if len(filled) == len(made):
            return filled
        reason = "suffix is only supported for models with FIM completion rendering"
    else:
        reason = "suffix requires text prompt input for FIM completion rendering"
    raise BadRequestError(reason, param="suffix")
