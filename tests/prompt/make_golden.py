# SPDX-License-Identifier: Apache-2.0
"""Ask vLLM's own renderer and sampling code about the requests of cases.py, and write golden_*.json beside this file.

    PYTHONPATH=. VLLM_VENV/bin/python tests/prompt/make_golden.py

Not part of the tests: they read the files. Nothing is served or generated. Made with vLLM 0.32.0, transformers 5.19.0.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ["VLLM_LOGGING_LEVEL"] = "CRITICAL"

import msgspec
from vllm.config.model import ModelConfig
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.entrypoints.openai.completion.protocol import CompletionRequest
from vllm.entrypoints.serve import create_error_response
from vllm.entrypoints.serve.utils.api_utils import get_max_tokens
from vllm.renderers.chat_utils import load_chat_template
from vllm.renderers.hf import HfRenderer
from vllm.renderers.online_renderer import OnlineRenderer
from vllm.sampling_params import SamplingParams
from vllm.tokenizers.hf import CachedHfTokenizer
from vllm.v1.engine.input_processor import InputProcessor
from vllm.v1.serial_utils import MsgpackEncoder

from tests.prompt import cases

HERE = Path(__file__).parent
MAX_MODEL_LEN = 300
NOT_THE_ENGINES = {
    "n",
    "stop",
    "bad_words",
    "output_kind",
    "skip_clone",
    "skip_reading_prefix_cache",
    "output_text_buffer_length",
    "watermarking",
}
"""Members that only vLLM's own frontend reads, or that the engine derives."""


LOADED_WITH = {"truncation_side": "left", "mistral_format": False}
"""What vLLM passes for a model that generates. Source: vllm/tokenizers/registry.py `resolve_tokenizer_args`."""


class Oracle:
    """vLLM's answers for one model directory, from its own functions with a stand-in for its configuration."""

    def __init__(self, path: str, options: dict[str, Any]) -> None:
        config = json.loads((Path(path) / "config.json").read_text())
        generation_config = options.get("generation_config", "auto")
        override = options.get("override_generation_config") or {}
        model = SimpleNamespace(
            model=path,
            tokenizer=path,
            tokenizer_revision=None,
            revision=None,
            code_revision=None,
            trust_remote_code=False,
            hf_config=SimpleNamespace(model_type=config["model_type"]),
            multimodal_config=None,
            enable_prompt_embeds=False,
            max_model_len=MAX_MODEL_LEN,
            get_vocab_size=lambda: config["vocab_size"],
            is_multimodal_model=False,
            supports_multimodal_inputs=False,
            renderer_num_workers=1,
            encoder_config=None,
            is_encoder_decoder=False,
            runner_type="generate",
            is_diffusion=False,
            max_logprobs=20,
            generation_config=generation_config,
            override_generation_config=override,
            hf_config_path=None,
            _hf_config_revision=None,
            config_format="auto",
            hf_token=None,
        )
        model.try_get_generation_config = lambda: ModelConfig.try_get_generation_config(model)
        self.model = model
        self.defaults = ModelConfig.get_diff_sampling_param(model)
        self.bound = self.defaults.get("max_tokens")
        if generation_config in {"auto", "vllm"}:
            self.bound = override.get("max_new_tokens")
        self.tokenizer = CachedHfTokenizer.from_pretrained(path, **LOADED_WITH)
        parallel = SimpleNamespace(_api_process_rank=0)
        self.renderer = HfRenderer(SimpleNamespace(model_config=model, parallel_config=parallel), self.tokenizer)
        self.online = OnlineRenderer(
            model,
            self.renderer,
            request_logger=None,
            chat_template=load_chat_template(options.get("chat_template")),
            chat_template_content_format=options.get("chat_template_content_format", "auto"),
            trust_request_chat_template=options.get("trust_request_chat_template", False),
            default_chat_template_kwargs=options.get("default_chat_template_kwargs"),
            exclude_tools_when_tool_choice_none=options.get("exclude_tools_when_tool_choice_none", False),
        )
        self.processor = InputProcessor.__new__(InputProcessor)
        vars(self.processor).update(
            model_config=model, renderer=self.renderer, supports_mm_inputs=False, skip_prompt_length_check=False
        )

    def answer(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        if kind == "encode":
            return {"token_ids": self.tokenizer(**body)["input_ids"]}
        try:
            return self.chat(body) if kind == "chat" else self.completion(body)
        except Exception as error:
            return as_error(create_error_response(error))

    def chat(self, body: dict[str, Any]) -> dict[str, Any]:
        request = ChatCompletionRequest.model_validate(copy.deepcopy(body))
        result = asyncio.run(self.online.render_chat(request))
        if not isinstance(result, tuple):
            return as_error(result)
        (prompt,) = result[1]
        wanted = request.max_completion_tokens
        wanted = request.max_tokens if wanted is None else wanted
        return self.admit(request, prompt, self.lower(request, prompt, wanted))

    def completion(self, body: dict[str, Any]) -> dict[str, Any]:
        request = CompletionRequest.model_validate(copy.deepcopy(body))
        result = asyncio.run(self.online.render_completion(request))
        if not isinstance(result, list):
            return as_error(result)
        params = [self.lower(request, prompt, request.max_tokens) for prompt in result]
        return {"prompts": [self.admit(request, *pair) for pair in zip(result, params, strict=True)]}

    def lower(self, request: Any, prompt: Any, wanted: int | None) -> SamplingParams:
        length = len(prompt["prompt_token_ids"])
        keep = request.truncate_prompt_tokens
        limit = get_max_tokens(MAX_MODEL_LEN, wanted, length, self.defaults, self.bound, truncate_prompt_tokens=keep)
        return request.to_sampling_params(limit, self.defaults)

    def admit(self, request: Any, prompt: Any, params: SamplingParams) -> dict[str, Any]:
        params.verify(self.model, None, None, self.tokenizer)
        self.processor._validate_model_inputs(None, prompt)
        fields = self.model.try_get_generation_config()
        params.update_from_generation_config(fields, self.renderer.get_eos_token_id())
        params.update_from_tokenizer(self.tokenizer)
        # What the engine sees: the encoded form, decoded by vLLM itself.
        wire = b"".join(MsgpackEncoder().encode(params))
        seen = msgspec.msgpack.Decoder(SamplingParams).decode(wire)
        text = prompt.get("prompt")
        return {"text": text, "token_ids": prompt["prompt_token_ids"], "sampling": unusual(seen)}


def unusual(params: SamplingParams) -> dict[str, Any]:
    """Return the members that matter to the engine and are not at their default."""
    usual = SamplingParams()
    found = {}
    for name in params.__struct_fields__:
        value = getattr(params, name)
        if name not in NOT_THE_ENGINES and value != getattr(usual, name):
            found[name] = sorted(value) if name.endswith("stop_token_ids") or name == "stop_token_ids" else plain(value)
    return found


def plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else value


def as_error(response: Any) -> dict[str, Any]:
    error = response.error
    return {"error": {"message": error.message, "type": error.type, "param": error.param, "code": error.code}}


def job(model: str, requests: list[cases.Case], files: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """Answer the requests for a model with some of its files replaced, or (None) removed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        shutil.copytree(HERE / "models" / model, path)
        for name, content in (files or {}).items():
            (path / name).parent.mkdir(exist_ok=True)
            if content is None:
                (path / name).unlink()
            else:
                text = content if isinstance(content, str) else json.dumps(content)
                (path / name).write_text(text, encoding="utf-8")
        oracle = Oracle(str(path), options)
        answered = [[kind, body, oracle.answer(kind, body)] for kind, body in requests]
    return {"model": model, "files": files or {}, "options": options, "cases": answered}


def write(name: str, jobs: list[dict[str, Any]]) -> None:
    """Write one case per line: a change of one answer is one line of a diff."""
    blocks = []
    for found in jobs:
        lines = ",\n  ".join(json.dumps(case, ensure_ascii=True) for case in found.pop("cases"))
        blocks.append(f'{json.dumps(found)[:-1]}, "cases": [\n  {lines}\n]}}')
    (HERE / name).write_text("[" + ",\n".join(blocks) + "]\n", encoding="utf-8")


def tokenizers() -> list[dict[str, Any]]:
    """Return what tokenizer_config.json makes of one tokenizer.json."""
    base = json.loads((HERE / "models/sentencepiece/tokenizer_config.json").read_text())
    texts = [*cases.TEXTS, "a<s>b</s> c", " <s> y", "\n<s>\n", "x <unk> y", "<|x|> and <img>hello<|z|>"]
    requests = [("encode", {"text": text, "add_special_tokens": add}) for text in texts for add in (True, False)]
    requests += [cases.completion("one two three", truncate_prompt_tokens=keep) for keep in (0, 1, 2, 4)]
    changes: list[dict[str, Any]] = [
        {"legacy": True},
        {"legacy": None},
        {"add_prefix_space": False},
        {"tokenizer_class": "LlamaTokenizerFast", "legacy": True},
        {"tokenizer_class": "PreTrainedTokenizerFast"},
        {"tokenizer_class": None},
        {"truncation_side": "right"},
        {"split_special_tokens": True},
        {"extra_special_tokens": ["<|x|>", "hello"], "image_token": "<img>"},
        {"extra_special_tokens": {"image_token": "<img>"}},
        {"eos_token": None, "bos_token": None},
        {"added_tokens_decoder": {"480": {"content": "<|x|>", "special": True}, "1": {"content": "<s>"}}},
    ]
    jobs = []
    for change in changes:
        changed = {key: value for key, value in {**base, **change}.items() if value is not None or key == "legacy"}
        jobs.append(job("sentencepiece", requests, {"tokenizer_config.json": changed}))
    plain_model = {"config.json": {"model_type": "mistral", "vocab_size": 480, "eos_token_id": [2, 7]}}
    jobs.append(job("sentencepiece", requests[:8], plain_model))
    map_file = {"bos_token": {"content": "<s>", "lstrip": False}, "additional_special_tokens": ["<|z|>"]}
    files = {"tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer"}, "special_tokens_map.json": map_file}
    jobs.append(job("sentencepiece", requests, files))
    return jobs


def templates() -> list[dict[str, Any]]:
    requests = cases.template_requests()
    jobs = [job("sentencepiece", requests, {"chat_template.jinja": text}) for text in cases.TEMPLATES]
    for text in (cases.TEMPLATES[0], cases.TEMPLATES[3]):
        for form in ("string", "openai"):
            files = {"chat_template.jinja": text}
            jobs.append(job("sentencepiece", requests[:3], files, chat_template_content_format=form))
    plain, other = cases.TEMPLATES[:2]
    config = json.loads((HERE / "models/chatml/tokenizer_config.json").read_text())
    listed = [{"name": "default", "template": plain}, {"name": "tool_use", "template": other}]
    brought = cases.brought_templates()
    for value in (listed, listed[1:], other, None):
        files = {"tokenizer_config.json": {**config, "chat_template": value}, "chat_template.jinja": None}
        jobs.append(job("chatml", brought, files, trust_request_chat_template=True))
    files = {"additional_chat_templates/tool_use.jinja": other}
    jobs.append(job("chatml", brought, files, trust_request_chat_template=True))
    jobs.append(job("chatml", brought, files, trust_request_chat_template=True, chat_template=other))
    defaults = {"enable_thinking": False, "tools": None, "unknown": 1, "reasoning_effort": "dflt"}
    files = {"chat_template.jinja": cases.TEMPLATES[-1]}
    asked = [
        case for case in cases.conversations() if "chat_template_kwargs" in case[1] or "reasoning_effort" in case[1]
    ]
    jobs.append(job("chatml", asked, files, default_chat_template_kwargs=defaults))
    with_tools = [case for case in cases.conversations() if "tools" in case[1]]
    jobs.append(job("chatml", with_tools, exclude_tools_when_tool_choice_none=True))
    return jobs


def main() -> None:
    both = [*cases.texts(), *cases.conversations(), *cases.lengths()]
    write("golden_prompts.json", [job("chatml", both), job("sentencepiece", both)])
    write("golden_tokenizers.json", tokenizers())
    write("golden_templates.json", templates())
    override = {"temperature": 0.1, "max_new_tokens": 50}
    write(
        "golden_sampling.json",
        [
            job("chatml", [*cases.sampling(1, 120), *cases.rare_sampling()]),
            job("sentencepiece", cases.sampling(2, 40)),
            job("chatml", cases.sampling(3, 40), generation_config="vllm"),
            job("chatml", cases.sampling(4, 40), generation_config="vllm", override_generation_config=override),
        ],
    )


if __name__ == "__main__":
    main()
