# SPDX-License-Identifier: Apache-2.0
"""Make golden_embeds.json: what vLLM's loader of prompt_embeds makes of files that the real torch.save wrote.

Run it in an environment that has vLLM: python tests/prompt/make_golden_embeds.py. Each case has the request's text, the
model's type, and the bytes that vLLM would send to the engine, or its error.
"""

from __future__ import annotations

import base64
import io
import json
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from vllm.exceptions import VLLMValidationError
from vllm.renderers.embed_utils import safe_load_prompt_embeds

HIDDEN = 8


class Rogue:
    """What a malicious client would send: a pickle that calls a function."""

    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("this must never be printed",)


def saved(value: Any, *, old: bool = False) -> bytes:
    out = io.BytesIO()
    torch.save(value, out, _use_new_zipfile_serialization=not old)
    return out.getvalue()


def values(rows: int, columns: int = HIDDEN) -> torch.Tensor:
    generator = torch.Generator().manual_seed(7)
    scale = torch.logspace(-9, 5, rows * columns).reshape(rows, columns)
    return torch.randn(rows, columns, generator=generator) * scale


def files() -> dict[str, bytes]:
    made = values(5)
    named: dict[str, Any] = {
        # Within what the narrowest of them holds: what is no number has many forms.
        **{str(dtype).removeprefix("torch."): made.clamp(-200, 200).to(dtype) for dtype in FLOATS},
        "float64": made.to(torch.float64) * 1.1,
        "batch-of-one": made[None],
        "transposed": values(HIDDEN, 5).T,
        "every-other-row": values(9)[1::2],
        "columns": values(4, 3 * HIDDEN)[:, HIDDEN : 2 * HIDDEN],
        "expanded": made[:1].expand(3, HIDDEN),
        "parameter": torch.nn.Parameter(made),
        "with-gradient": made.clone().requires_grad_(),
        "no-rows": made[:0],
        "specials": torch.tensor([[float("inf"), -float("inf"), 0.0, -0.0, 1e-45, 3.4e38, 65520.0, 1e-40]]),
        "one-dimension": made[0],
        "batch-of-two": torch.stack([made, made]),
        "four-dimensions": made[None, None],
        "no-dimensions": torch.tensor(1.0),
        "narrow": made[:, :4],
        "integers": made.to(torch.int64),
        "bytes": made.to(torch.uint8),
        "booleans": made > 0,
        "complex": made.to(torch.complex64),
        "no-storage-class": torch.zeros(5, HIDDEN, dtype=torch.uint16),
        "dict": {"weight": made},
        "list": [made, made],
        "number": 3,
    }
    cases = {name: saved(value) for name, value in named.items()}
    cases |= {f"old-{name}": saved(named[name], old=True) for name in ("float32", "transposed", "bfloat16", "list")}
    whole = cases["float32"]
    cases["nothing"] = b""
    cases["text"] = b"this is not a tensor"
    cases["cut-off"] = whole[:300]
    cases["cut-off-at-the-end"] = whole[:-10]
    cases["rogue-pickle"] = pickle.dumps(Rogue(), protocol=2)
    cases["rogue-archive"] = saved(Rogue())
    return cases


FLOATS = (
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.float8_e4m3fn,
    torch.float8_e4m3fnuz,
    torch.float8_e5m2,
    torch.float8_e5m2fnuz,
)


def loaded(text: bytes, dtype: torch.dtype) -> dict[str, Any]:
    config: Any = SimpleNamespace(enable_prompt_embeds=True, dtype=dtype, get_hidden_size=lambda: HIDDEN)
    try:
        tensor = safe_load_prompt_embeds(config, text)
    except (ValueError, VLLMValidationError) as error:
        return {"error": str(error), "parameter": getattr(error, "parameter", None)}
    raw = tensor.contiguous().view(torch.uint8).numpy().tobytes()
    return {"shape": list(tensor.shape), "data": base64.b64encode(raw).decode()}


def main() -> None:
    cases = []
    for name, file in files().items():
        text = base64.b64encode(file)
        every = "float" in name or name == "specials"
        types = (torch.float32, torch.float16, torch.bfloat16) if every else (torch.bfloat16,)
        for dtype in types:
            wanted = str(dtype).removeprefix("torch.")
            cases.append({"name": f"{name}:{wanted}", "text": text.decode(), "dtype": wanted, **loaded(text, dtype)})
    for text in ("!!!!", "AAA", "AAAA\n", "A===", "é"):
        made = loaded(text.encode(), torch.float32)
        cases.append({"name": f"base64:{text!r}", "text": text, "dtype": "float32", **made})
    out = Path(__file__).with_name("golden_embeds.json")
    out.write_text(json.dumps({"hidden_size": HIDDEN, "cases": cases}, indent=1) + "\n")


main()
