# SPDX-License-Identifier: Apache-2.0
"""Adapters: what --lora-modules may say, who may be loaded under which name, and what the engines are told."""

from __future__ import annotations

from typing import Any

import pytest

from fastfront.engine.types import LoRARequest
from fastfront.errors import FastFrontError, InvalidUserInputError, NotFoundError, StartupError
from fastfront.loras import LoraModule, Loras, parse_lora_modules


class Engine:
    """Notes what it is told, and fails when `failure` is set."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[object, ...]]] = []
        self.failure: FastFrontError | None = None

    async def call_utility_all(self, method: str, *args: object, timeout: float = 60) -> list[Any]:
        self.calls.append((method, args))
        if self.failure is not None:
            raise self.failure
        return [True]


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def loras(engine: Engine) -> Loras:
    return Loras(["base", "alias"], engine)


def test_modules_are_read_in_both_forms() -> None:
    """`name=path`, and JSON objects with vLLM's members; empty values are none."""
    texts = ["a=/x/y=z", '{"name": "b", "path": "p", "base_model_name": "base", "is_3d_lora_weight": true}', ""]
    assert parse_lora_modules(texts) == [LoraModule("a", "/x/y=z"), LoraModule("b", "p", "base", True)]


@pytest.mark.parametrize("text", ["nonsense", '{"name": "b"}', '{"name": "b", "path": "p", "other": 1}', "[]"])
def test_other_modules_stop_the_start(text: str) -> None:
    """The message repeats the value."""
    with pytest.raises(StartupError, match="--lora-modules: ") as caught:
        parse_lora_modules([text])
    assert text in str(caught.value)


async def test_an_adapter_is_loaded_into_the_engine_and_found(loras: Loras, engine: Engine) -> None:
    """Ids count from 1, a name keeps its id; a base model that is not served here is not told."""
    assert await loras.load("a", "p", base_model_name="base") == "Success: LoRA adapter 'a' added successfully."
    await loras.load("b", "q", base_model_name="other", is_3d_lora_weight=True)
    await loras.load("a", "r", load_inplace=True)
    assert engine.calls == [
        ("add_lora", (LoRARequest("a", 1, "p", "base"),)),
        ("add_lora", (LoRARequest("b", 2, "q", None, False, True),)),
        ("add_lora", (LoRARequest("a", 1, "r", None, True),)),
    ]
    assert loras.find("a") == LoRARequest("a", 1, "r", None, True)
    assert [lora.lora_name for lora in loras] == ["a", "b"]
    assert loras.find("base") is loras.find(None) is loras.find("") is None


@pytest.mark.parametrize(
    ("name", "path", "words"),
    [
        ("", "p", "Both 'lora_name' and 'lora_path' must be provided."),
        ("a", "", "Both 'lora_name' and 'lora_path' must be provided."),
        ("alias", "p", "conflicts with a served base model"),
        ("known", "p", "has already been loaded"),
    ],
)
async def test_what_cannot_be_loaded(loras: Loras, engine: Engine, name: str, path: str, words: str) -> None:
    """Without a word to the engine; vLLM's type of error."""
    await loras.load("known", "p")
    with pytest.raises(InvalidUserInputError, match=words) as caught:
        await loras.load(name, path)
    assert (caught.value.status, caught.value.type) == (400, "InvalidUserInput")
    assert len(engine.calls) == 1


async def test_an_engine_that_cannot_load(loras: Loras, engine: Engine) -> None:
    """Nothing is there: 404; any other reason: 500 with the engine's words. The adapter is not served."""
    engine.failure = FastFrontError("worker: Loading lora a failed: No adapter found for p, sorry")
    with pytest.raises(NotFoundError, match=r"^Loading lora a failed: No adapter found for p$"):
        await loras.load("a", "p")
    engine.failure = FastFrontError("rank 512 is too large")
    with pytest.raises(FastFrontError, match="rank 512") as caught:
        await loras.load("a", "p")
    assert caught.value.status == 500
    with pytest.raises(StartupError, match="--lora-modules a: rank 512"):
        await loras.load_modules([LoraModule("a", "p")])
    assert loras.find("a") is None


async def test_an_adapter_is_unloaded(loras: Loras, engine: Engine) -> None:
    """Its name is free; the engine is left alone, as by vLLM."""
    await loras.load("a", "p")
    assert await loras.unload("a") == "Success: LoRA adapter 'a' removed successfully."
    assert loras.find("a") is None
    with pytest.raises(NotFoundError, match="The lora adapter 'a' cannot be found"):
        await loras.unload("a")
    with pytest.raises(InvalidUserInputError, match="'lora_name' needs to be provided"):
        await loras.unload("")
    assert len(engine.calls) == 1
