# SPDX-License-Identifier: Apache-2.0
"""The constraint of a request, judged and made ready for the engine, between sampling parameters and engine.

Most requests have none and pass without a pause. Must not know how constraints are judged.

Source: vllm/sampling_params.py (`_validate_structured_outputs`: what it changes in the parameters).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from fastfront.errors import BadRequestError, GenerationError
from fastfront.output.tool_strictness import Imposed
from fastfront.structured import Checker, choice_as_grammar

if TYPE_CHECKING:
    from fastfront.engine.types import SamplingParams, StructuredOutputsParams
    from fastfront.protocol.chat import ChatCompletionRequest
    from fastfront.protocol.completions import CompletionRequest


KINDS = ("json", "regex", "choice", "grammar", "json_object", "structural_tag")


async def settle_constraints(
    checker: Checker, request: ChatCompletionRequest | CompletionRequest, params: Sequence[SamplingParams]
) -> None:
    """Fill in the backend of the constraint that a request's parameters share, or raise the error to answer."""
    outputs = params[0].structured_outputs
    if outputs is None:
        return
    backend = await checker.check(*_constraint(request, outputs))
    settled = _settled(checker, outputs, backend)
    for each in params:
        each.structured_outputs = settled


def settle_known(checker: Checker, request: ChatCompletionRequest | CompletionRequest, params: SamplingParams) -> bool:
    """Do as `settle_constraints` if the constraint was judged before. Return whether it was, and found to be good."""
    outputs = params.structured_outputs
    if outputs is None:
        return True
    backend = None if checker.is_blind else checker.known(*_constraint(request, outputs))
    if backend is None:
        return False
    params.structured_outputs = _settled(checker, outputs, backend)
    return True


def _constraint(
    request: ChatCompletionRequest | CompletionRequest, outputs: StructuredOutputsParams
) -> tuple[dict[str, Any], str]:
    """Return what a Checker is asked: the constraint, and the request's parameter that a structural tag comes from."""
    tag = ""
    if outputs.structural_tag is not None and not isinstance(request.structured_outputs, Imposed):
        of_format = request.response_format is not None and request.response_format["type"] == "structural_tag"
        tag = "response_format" if of_format else "structured_outputs"
    return {kind: getattr(outputs, kind) for kind in KINDS}, tag


def _settled(checker: Checker, outputs: StructuredOutputsParams, backend: str) -> StructuredOutputsParams:
    settled = msgspec.structs.replace(outputs, backend=backend, backend_was_auto=checker.backend == "auto")
    if backend == "xgrammar" and outputs.choice:
        settled = msgspec.structs.replace(settled, choice=None, grammar=choice_as_grammar(outputs.choice))
    return settled


async def is_for_xgrammar(checker: Checker, constraint: dict[str, Any]) -> bool:
    """Return whether xgrammar compiles a constraint (members of structured_outputs), whatever the backend."""
    try:
        return await checker.check({kind: constraint.get(kind) for kind in KINDS}, backend="xgrammar") == "xgrammar"
    except BadRequestError:
        return False


def blame_constraint(status: int, body: bytes) -> tuple[int, bytes]:
    """Make a 400 of the engine's nameless failure, for a constraint that only the engine has tried to compile."""
    if body != GenerationError().to_json():
        return status, body
    error = BadRequestError("The engine cannot compile the constraint of this request.")
    return error.status, error.to_json()
