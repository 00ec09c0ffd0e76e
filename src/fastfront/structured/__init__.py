# SPDX-License-Identifier: Apache-2.0
"""Constraints on an answer's form (JSON schemas, grammars, regexes, choices), judged before the engine sees them.

The engine compiles a constraint when the request is already running, and what it cannot compile ends the request with
an error. So that clients get a 400 instead, the constraint is compiled here first, with the libraries that the engine
uses. They bring torch along, or crash, or take for ever: they run in a helper process (worker.py), which is started
with the first constraint. Without the libraries there are the rules that need none (rules.py), and the engine's word.

Knows constraints as plain objects, with vLLM's member names. Must not know requests, models or the engine's wire.

Source: vllm/sampling_params.py (`_validate_structured_outputs`), vllm/v1/structured_output/.
"""

from __future__ import annotations

from fastfront.structured.checker import Checker, Verdict
from fastfront.structured.rules import check_constraint, choice_as_grammar
from fastfront.structured.settings import backend_of

__all__ = ["Checker", "Verdict", "backend_of", "check_constraint", "choice_as_grammar"]
