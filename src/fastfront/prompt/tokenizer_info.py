# SPDX-License-Identifier: Apache-2.0
"""What /tokenizer_info answers: tokenizer_config.json as transformers holds it, without the names of files.

Source: vllm/entrypoints/serve/tokenize/serving.py TokenizerInfo (0.32). Members that transformers adds to say how it
loaded the files (`backend`, `is_local`, ...) are not there. Must not know requests.
"""

from __future__ import annotations

from typing import Any

from fastfront.prompt.model import Model


def tokenizer_info(model: Model) -> dict[str, Any]:
    """Return the members of the answer."""
    config = dict(model.tokenizer_files.read_object("tokenizer_config.json"))
    for name in ("vocab_file", "merges_file"):
        config.pop(name, None)
    if "additional_special_tokens" in config:
        extra = config.pop("additional_special_tokens")
        config.setdefault("extra_special_tokens", extra)
    info = {name: _contents(value) for name, value in config.items()}
    class_name = str(config.get("tokenizer_class") or "PreTrainedTokenizer")
    # vLLM wraps transformers' classes twice, and shows the wrapper's name.
    info["tokenizer_class"] = f"TokenizerPoolCached{class_name.removesuffix('Fast')}"
    info["truncation_side"] = "left"
    info["name_or_path"] = str(model.tokenizer_files.directory)
    if model.template is not None:
        info["chat_template"] = model.template.source
    return info


def _contents(value: Any) -> Any:
    """Return the value with every token in it as its text."""
    if isinstance(value, dict):
        return value["content"] if "content" in value else {name: _contents(each) for name, each in value.items()}
    return [_contents(each) for each in value] if isinstance(value, list) else value
