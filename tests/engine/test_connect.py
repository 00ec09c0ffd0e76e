# SPDX-License-Identifier: Apache-2.0
"""From options to engines: which processes are started, and with which arguments."""

from __future__ import annotations

import pytest

from fastfront.config import Config
from fastfront.engine import connect
from fastfront.errors import StartupError

ADDRESS = "tcp://127.0.0.1:5000"


def commands(**options):
    """Return the arguments of the processes that these options start, behind those that are always there."""
    return [process.command(ADDRESS) for process in connect._processes(Config(**options))]


@pytest.fixture(autouse=True)
def vllm(monkeypatch):
    """Pretend that vLLM is installed."""
    monkeypatch.setattr("fastfront.engine.launch.find_vllm", lambda path=None: "vllm")


def after(command, flag):
    """Return the values behind a flag."""
    assert command.count(flag) == 1, command
    rest = command[command.index(flag) + 1 :]
    return rest[: next((i for i, word in enumerate(rest) if word.startswith("--")), len(rest))]


def test_vllm_gets_the_options_that_concern_it():
    """A host that embeds us says them once."""
    (command,) = commands(
        model="m",
        max_model_len=4096,
        served_model_name=["a", "b"],
        override_generation_config={"temperature": 0.5},
        api_key=["secret"],
        chat_template="x",
    )
    assert command[:3] == ["vllm", "serve", "m"]
    assert after(command, "--max-model-len") == ["4096"]
    assert after(command, "--served-model-name") == ["a", "b"]
    assert after(command, "--override-generation-config") == ['{"temperature": 0.5}']
    assert "secret" not in command
    assert not any(word.startswith(("--chat-template", "--tokenizer", "--generation-config")) for word in command)


def test_arguments_that_were_typed_are_not_said_twice():
    """`fastfront serve` hands on what it was given, in whatever spelling."""
    (command,) = commands(model="m", max_model_len=16_000, engine_args=["--max_model_len=16k", "--dtype", "half"])
    assert [word for word in command if "max" in word] == ["--max_model_len=16k"]
    assert after(command, "--dtype") == ["half"]


def test_switches_have_no_value():
    """One that is on is named; one that is not is left to the engine."""
    (command,) = commands(model="m", enable_prompt_embeds=True, max_logprobs=5)
    assert after(command, "--max-logprobs") == ["5"]
    assert command.count("--enable-prompt-embeds") == 1
    assert "True" not in command
    (command,) = commands(model="m", enable_prompt_embeds=False)
    assert "--enable-prompt-embeds" not in command


def test_several_engines_of_vllm_are_one_command():
    """vLLM starts its data-parallel engines itself."""
    (command,) = commands(model="m", data_parallel_size=4)
    assert after(command, "--data-parallel-size") == ["4"]
    assert after(command, "--data-parallel-size-local") == ["4"]


def test_embedded_engines_are_processes_of_their_own():
    """One per rank, with the model's directory and length."""
    found = commands(engine="sim", model="/m", data_parallel_size=2, max_model_len=100, engine_args=["--seed", "1"])
    assert [after(command, "--rank") for command in found] == [["0"], ["1"]]
    for command in found:
        assert after(command, "--model") == ["/m"]
        assert after(command, "--max-model-len") == ["100"]
        assert after(command, "--seed") == ["1"]


def test_embedded_engine_has_a_model_of_its_own():
    """Nothing needs to be named."""
    (command,) = commands(engine="sim")
    assert "--model" not in command


def test_vllm_needs_a_model():
    """The reason is told before anything is opened."""
    with pytest.raises(StartupError, match="no model"):
        commands(engine="vllm")


async def test_engines_that_come_by_themselves_have_no_processes():
    """An address is bound, and that is all."""
    engines = connect.Engines(Config(model="m", engine="tcp://127.0.0.1:0"), prepare_pump=None)
    assert engines.processes == []
    assert engines.client.handshake_address.startswith("tcp://127.0.0.1:")
    await engines.stop()
