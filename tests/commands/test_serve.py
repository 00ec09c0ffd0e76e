# SPDX-License-Identifier: Apache-2.0
"""`fastfront serve`: which engine a command line means, and which arguments that engine gets."""

from __future__ import annotations

import pytest

from fastfront.commands.flags import UsageError
from fastfront.commands.serve import build_config


def build(*arguments, **env):
    options, _ = build_config(list(arguments), env)
    return options


def test_model_and_flags_are_sorted():
    """The frontend's flags are read, the engine's are handed on, shared ones go both ways."""
    options = build("m", "--port", "1", "--max-model-len", "4k", "-tp", "2", "--enforce-eager")
    assert (options.model, options.port, options.max_model_len, options.engine) == ("m", 1, 4000, None)
    assert options.engine_args == ("--max-model-len", "4k", "-tp", "2", "--enforce-eager")


def test_model_may_be_a_flag():
    """As in vLLM, --model is taken, too; the engine gets the model once, from fastfront."""
    options = build("--model", "m", "-tp", "2")
    assert options.model == "m"
    assert options.engine_args == ("-tp", "2")
    assert build("--model=m").engine_args == ()


def test_secrets_do_not_reach_the_engine():
    """The API key is the frontend's: it does not stand in another process's arguments."""
    assert build("m", "--api-key", "secret").engine_args == ()


def test_a_model_behind_the_engines_flags_is_explained():
    """`-tp 2 MODEL` cannot be told from a flag with two values: the message says what to write."""
    with pytest.raises(UsageError, match="if m is the model, put it right behind `serve`"):
        build("-tp", "2", "m")


def test_log_level_reaches_the_engine_in_its_spelling():
    """One --log-level sets both logs."""
    assert build("m", "--log-level", "debug").engine_args == ("--log-level", "DEBUG")
    assert build("m", "--log-level", "trace").engine_args == ("--log-level", "DEBUG")
    assert build("m").engine_args == ()


def test_sim_flags_reach_the_embedded_engine():
    """`serve --sim` takes the embedded engine's flags, before or behind --sim, and a shorter context."""
    options = build("--token-ms", "5", "--sim", "--port=0", "--max-model-len", "128")
    assert (options.engine, options.port) == ("sim", 0)
    assert options.engine_args == ("--token-ms", "5")
    assert options.max_model_len == 128


@pytest.mark.parametrize(
    ("flag", "nearest"), [("--tokn-ms", "--token-ms"), ("--prt", "--port"), ("--tensor-parallel-sise", None)]
)
def test_sim_refuses_unknown_flags(flag, nearest):
    """An unknown flag is an error that shows the nearest one, of either program."""
    with pytest.raises(UsageError) as caught:
        build("--sim", flag, "1")
    assert f"unknown flag {flag}" in str(caught.value)
    if nearest is not None:
        assert f"did you mean {nearest}?" in str(caught.value)


@pytest.mark.parametrize(
    ("flag", "nearest"),
    [
        ("--tensor-parallel-sise", "--tensor-parallel-size"),
        ("--enable-log-request", "--enable-log-requests"),
        ("--no-enable-prefix-cachin", "--enable-prefix-caching"),
        ("--enable-scaleout", "--enable-scale-out"),
    ],
)
def test_a_misspelt_flag_is_told_before_the_engine_starts(flag, nearest):
    """With the nearest flag of the engine's or ours."""
    with pytest.raises(UsageError) as caught:
        build("m", flag)
    assert f"(did you mean {nearest}?)" in str(caught.value)


def test_flags_that_a_newer_engine_may_have_go_to_it():
    """The engine says itself if it does not know one."""
    assert build("m", "--brand-new-thing", "1").engine_args == ("--brand-new-thing", "1")


def test_sim_addresses_are_ours():
    """Flags that join engine and frontend are not the caller's to set."""
    with pytest.raises(UsageError, match="--handshake is set by fastfront serve itself"):
        build("--sim", "--handshake", "tcp://127.0.0.1:1")


def test_sim_values_are_checked_before_it_starts(capsys):
    """A wrong value of the embedded engine's ends with a usage message, not with a dead child process."""
    with pytest.raises(SystemExit) as caught:
        build("--sim", "--token-ms", "fast")
    assert caught.value.code == 2
    assert "--token-ms" in capsys.readouterr().err


def test_sim_and_another_engine_contradict():
    """--sim with --engine vllm has no meaning."""
    with pytest.raises(UsageError, match="contradict"):
        build("m", "--sim", "--engine", "vllm")


def test_waiting_for_engines_takes_no_engine_flags():
    """With an engine address nothing is started here, so an engine's flag could only be lost."""
    address = "tcp://127.0.0.1:5555"
    assert build("m", "--engine", address, "--data-parallel-size", "2").engine_count == 2
    with pytest.raises(UsageError, match="unknown flag --tensor-parallel-size"):
        build("m", "--engine", address, "--tensor-parallel-size", "2")


def test_a_model_is_needed():
    """Only the embedded engine has a model of its own."""
    with pytest.raises(UsageError, match="say which model"):
        build("--port", "1")
    with pytest.raises(UsageError, match="say which model"):
        build("--engine", "tcp://127.0.0.1:5555")


def test_the_environment_is_read():
    """FASTFRONT_<NAME> stands for a flag."""
    assert build("m", FASTFRONT_PORT="1").port == 1


def test_bad_values_are_usage_errors():
    """A value that an option refuses is the caller's mistake, told as such."""
    with pytest.raises(UsageError, match="port: "):
        build("m", "--port", "99999")


def test_the_engine_hears_of_no_reasoning_parser_that_is_inferred() -> None:
    """`auto` is fastfront's word: vLLM would look for a parser of that name."""
    for arguments in (["--reasoning-parser", "auto"], ["--reasoning-parser=auto"]):
        options, _ = build_config(["some/model", *arguments, "--max-logprobs", "5"], {})
        assert options.reasoning_parser == "auto"
        assert "--reasoning-parser" not in " ".join(options.engine_args)
        assert "--max-logprobs" in options.engine_args
    options, _ = build_config(["some/model", "--reasoning-parser", "qwen3"], {})
    assert "qwen3" in options.engine_args
