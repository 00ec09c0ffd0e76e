# SPDX-License-Identifier: Apache-2.0
"""Loading a model's small files, and what is said when they are not what they should be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from fastfront.errors import StartupError
from fastfront.prompt import Model
from fastfront.prompt.files import PATTERNS, ModelFiles
from tests.prompt.conftest import MODELS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the ChatML model, to be changed."""
    return Path(shutil.copytree(MODELS / "chatml", tmp_path / "model"))


def put(folder: Path, name: str, content: Any) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def template_of(model: Model, *, has_tools: bool = False) -> str | None:
    template = model.templates.choose(None, has_tools=has_tools)
    return None if template is None else template.source


def test_what_is_known_of_a_model(chatml: Model) -> None:
    """Names, sizes, defaults and end tokens."""
    assert chatml.name == "tiny"
    assert chatml.names == ("tiny", "also-tiny")
    assert (chatml.vocab_size, chatml.max_model_len) == (512, 300)
    assert chatml.default_sampling == {"temperature": 0.6, "top_k": 20, "top_p": 0.95}
    assert len(chatml.extra_eos_token_ids) == 1
    assert chatml.template is not None
    assert chatml.template.content_format == "string"


def test_a_model_without_names_is_called_as_it_was_asked_for(sentencepiece: Model) -> None:
    """As in vLLM: the path or id."""
    assert sentencepiece.names == (str(MODELS / "sentencepiece"),)


def test_the_native_vocabulary(chatml: Model, sentencepiece: Model) -> None:
    """Both families are read natively, and decode as `tokenizers` does."""
    for model, family in ((chatml, "byte_level"), (sentencepiece, "byte_fallback")):
        assert model.vocab is not None
        assert model.vocab.family == family
        ids = model.tokenizer.encode("hello 写 <think>", add_special_tokens=False)
        assert model.vocab.decode(ids) == model.tokenizer.decode(ids, skip_special_tokens=True)
        assert model.token_names is model.vocab


def test_tokens_of_tokenizer_config_reach_the_native_vocabulary(folder: Path) -> None:
    """A token that only tokenizer_config.json has is encoded, and decoded natively."""
    put(folder, "tokenizer_config.json", {"eos_token": "<|im_end|>", "extra_special_tokens": ["<|new|>"]})
    model = Model.load(str(folder))
    ids = model.tokenizer.encode("a<|new|>", add_special_tokens=False)
    assert model.tokenizer.id_to_token(ids[-1]) == "<|new|>"
    assert model.vocab is not None
    assert model.vocab.decode(ids, skip_special_tokens=False) == "a<|new|>"


def test_where_a_chat_template_comes_from(folder: Path, tmp_path: Path) -> None:
    """--chat-template as a file or as text, then the model's own file, then tokenizer_config.json."""
    file = tmp_path / "mine.jinja"
    file.write_text("from a file", encoding="utf-8")
    assert template_of(Model.load(str(folder), chat_template=str(file))) == "from a file"
    assert template_of(Model.load(str(folder), chat_template="{{ text }}")) == "{{ text }}"
    put(folder, "tokenizer_config.json", {"chat_template": "of the config"})
    assert "<|im_start|>" in (template_of(Model.load(str(folder))) or "")
    (folder / "chat_template.jinja").unlink()
    assert template_of(Model.load(str(folder))) == "of the config"
    put(folder, "tokenizer_config.json", {})
    assert template_of(Model.load(str(folder))) is None


def test_a_processors_template_counts_without_tools(folder: Path) -> None:
    """Multimodal models keep one of their own in chat_template.json."""
    (folder / "chat_template.jinja").unlink()
    put(folder, "tokenizer_config.json", {"chat_template": "tokenizer's"})
    put(folder, "chat_template.json", {"chat_template": "processor's"})
    put(folder, "preprocessor_config.json", {})
    model = Model.load(str(folder))
    assert template_of(model) == "processor's"
    assert template_of(model, has_tools=True) == "tokenizer's"


def test_a_tokenizer_of_its_own(folder: Path) -> None:
    """--tokenizer brings its tokens and its template; config and defaults stay the model's."""
    model = Model.load(str(folder), tokenizer=str(MODELS / "sentencepiece"))
    assert model.eos_token_id == 2
    assert "[INST]" in (template_of(model) or "")
    assert model.default_sampling["temperature"] == 0.6


def test_generation_defaults(folder: Path, tmp_path: Path) -> None:
    """`vllm` takes no defaults but the end tokens; a directory's max_new_tokens binds; an override goes on top."""
    plain = Model.load(str(folder), generation_config="vllm")
    assert plain.default_sampling == {}
    assert len(plain.extra_eos_token_ids) == 1
    put(tmp_path / "defaults", "generation_config.json", {"max_new_tokens": 7, "top_p": None, "eos_token_id": 3})
    other = Model.load(str(folder), generation_config=str(tmp_path / "defaults"))
    assert (other.default_sampling, other.override_max_tokens) == ({"max_tokens": 7}, 7)
    assert other.extra_eos_token_ids == {3}
    override = Model.load(str(folder), override_generation_config={"temperature": 0.1, "max_new_tokens": 9})
    assert override.default_sampling == {"temperature": 0.1, "top_k": 20, "top_p": 0.95, "max_tokens": 9}
    assert override.override_max_tokens == 9


def test_end_tokens_without_generation_config(folder: Path) -> None:
    """config.json has them too, at the top or with the text model."""
    (folder / "generation_config.json").unlink()
    put(folder, "config.json", {"model_type": "qwen3", "vocab_size": 512, "eos_token_id": [3, 4]})
    assert Model.load(str(folder)).extra_eos_token_ids == {3, 4}
    put(
        folder,
        "config.json",
        {"model_type": "x", "text_config": {"vocab_size": 600, "eos_token_id": 5, "n_positions": 9}},
    )
    model = Model.load(str(folder))
    assert model.extra_eos_token_ids == {5}
    assert (model.vocab_size, model.max_model_len) == (600, 9)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("tokenizer.json", None, "has no tokenizer.json"),
        ("tokenizer.json", "{}", "cannot be loaded"),
        ("config.json", "{", "is not JSON"),
        ("tokenizer_config.json", "[]", "must hold a JSON object"),
    ],
)
def test_broken_files_end_the_start(folder: Path, name: str, content: str | None, reason: str) -> None:
    """With the file's name, not with a traceback."""
    (folder / name).unlink()
    if content is not None:
        put(folder, name, content)
    with pytest.raises(StartupError, match=reason):
        Model.load(str(folder))


def test_flags_that_name_nothing(folder: Path, tmp_path: Path) -> None:
    """A path that is not there is said at start, not with the first request."""
    with pytest.raises(StartupError, match="looks like a file path"):
        Model.load(str(folder), chat_template="/no/such/file.jinja")
    (tmp_path / "empty").mkdir()
    with pytest.raises(StartupError, match=r"has no generation_config\.json"):
        Model.load(str(folder), generation_config=str(tmp_path / "empty"))
    with pytest.raises(StartupError, match="is a file"):
        Model.load(str(folder / "config.json"))


def test_models_that_vllm_renders_otherwise(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Their prompts would differ from vLLM's: that is said at start, once."""
    Model.load(str(folder))
    assert not caplog.records
    put(folder, "config.json", {"architectures": ["GptOssForCausalLM"], "vocab_size": 512})
    put(folder, "tekken.json", {})
    Model.load(str(folder))
    assert "GptOssForCausalLM with Harmony" in caplog.text
    assert "mistral-common" in caplog.text


def test_a_hub_id_is_fetched_without_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the small files, of the revision asked for."""
    asked: dict[str, Any] = {}

    def snapshot_download(repo_id: str, **options: Any) -> str:
        asked.update(options, repo_id=repo_id)
        return str(MODELS / "chatml")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert Model.load("some/model", revision="v2").name == "some/model"
    assert asked == {"repo_id": "some/model", "revision": "v2", "allow_patterns": list(PATTERNS)}
    assert not any("safetensors" in pattern or pattern == "*" for pattern in PATTERNS)


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({}, [("some/model", None)]),
        ({"revision": "v2", "tokenizer_revision": "v2"}, [("some/model", "v2")]),
        ({"revision": "v2", "tokenizer_revision": "t1"}, [("some/model", "v2"), ("some/model", "t1")]),
        ({"revision": "v2", "tokenizer": "other/one"}, [("some/model", "v2"), ("other/one", "v2")]),
        ({"tokenizer": "other/one", "tokenizer_revision": "t1"}, [("some/model", None), ("other/one", "t1")]),
    ],
)
def test_the_tokenizer_may_have_a_revision_of_its_own(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, str], asked: list[tuple[str, str | None]]
) -> None:
    """As in vLLM it is the model's unless --tokenizer-revision says otherwise."""
    found: list[tuple[str, str | None]] = []

    def snapshot_download(repo_id: str, *, revision: str | None, **_: Any) -> str:
        found.append((repo_id, revision))
        return str(MODELS / "chatml")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    Model.load("some/model", **options)  # type: ignore[arg-type]
    assert found == asked


def test_config_json_may_be_overridden(folder: Path) -> None:
    """What the frontend reads there is what --hf-overrides says; the tokenizer is made as the files say."""
    put(folder, "config.json", {"model_type": "llama", "vocab_size": 512, "max_position_embeddings": 300})
    overrides = {"max_position_embeddings": 100, "vocab_size": 600, "model_type": "other"}
    model = Model.load(str(folder), hf_overrides=overrides)
    assert (model.max_model_len, model.vocab_size, model.config["model_type"]) == (100, 600, "other")
    assert Model.load(str(folder)).max_model_len == 300


@pytest.mark.parametrize("mode", ["auto", "hf", "HF"])
def test_modes_of_the_tokenizer_that_are_served(folder: Path, mode: str, caplog: pytest.LogCaptureFixture) -> None:
    """vLLM's `hf` is what is done here: only `auto` may mean something else there."""
    put(folder, "config.json", {"architectures": ["KimiK3ForConditionalGeneration"], "vocab_size": 512})
    put(folder, "tekken.json", {})
    Model.load(str(folder), tokenizer_mode=mode)
    assert ("code of its own" in caplog.text) == ("mistral-common" in caplog.text) == (mode == "auto")


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("mistral", "tokenizes and renders with mistral-common"),
        ("Kimi_K3", "code that comes with the model"),
        ("slow", "none of"),
    ],
)
def test_modes_of_the_tokenizer_that_are_not_served(folder: Path, mode: str, reason: str) -> None:
    """The start ends with the reason and the way out."""
    with pytest.raises(StartupError, match=f"--tokenizer-mode {mode.lower()} is not served .*{reason}.*or use hf"):
        Model.load(str(folder), tokenizer_mode=mode)


def test_a_hub_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is passed on."""

    def snapshot_download(repo_id: str, **options: Any) -> str:
        raise OSError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    with pytest.raises(StartupError, match=r"some/model is neither a directory nor .* no network"):
        ModelFiles.open("some/model")
