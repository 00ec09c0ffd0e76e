# SPDX-License-Identifier: Apache-2.0
"""The embedded engine: a process that speaks vLLM's engine core wire protocol and needs no GPU, weights or network.

A frontend cannot tell it from the real one, except by what it says. Run it with `python -m fastfront.sim`. It knows the
wire types (`fastfront.engine.types`) and the error tree, and nothing else of the frontend.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["MODEL_PATH"]

MODEL_PATH = Path(__file__).parent / "model"
"""The model directory that goes with this engine: tokenizer, chat template and configuration, no weights."""
