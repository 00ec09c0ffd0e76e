# SPDX-License-Identifier: Apache-2.0
"""read_flags: our flags are read, the engine's stay as they came."""

from __future__ import annotations

import pytest

from fastfront.commands.flags import UsageError, read_flags


def test_dashes_underscores_and_equals():
    """As with vLLM's parser, a flag may be written in any of these spellings."""
    flags = read_flags(["--max-model-len", "1", "--http_timeout_keep_alive=2", "--root-path=/a=b"])
    assert flags.values == {"max_model_len": "1", "http_timeout_keep_alive": "2", "root_path": "/a=b"}
    assert flags.rest == []


def test_switches_take_no_value():
    """A switch is on, or off with `no-` in front; what follows is the next argument."""
    flags = read_flags(["--allow-credentials", "--no-enable-access-log", "--trust-request-chat-template=false"])
    assert flags.values == {
        "allow_credentials": True,
        "enable_access_log": False,
        "trust_request_chat_template": False,
    }


def test_lists_take_all_values_up_to_the_next_flag():
    """`--api-key a b` gives both keys."""
    flags = read_flags(["--api-key", "a", "b", "--served-model-name", "m"])
    assert flags.values == {"api_key": ["a", "b"], "served_model_name": "m"}


def test_middleware_is_gathered():
    """The flag takes one value, and is given once for each."""
    flags = read_flags(["--middleware", "a.B", "--port", "1", "--middleware=c.D", "--middleware", "e.F", "stray"])
    assert flags.values == {"middleware": ["a.B", "c.D", "e.F"], "port": "1"}
    assert flags.rest == ["stray"]


def test_objects_may_be_given_by_member():
    """`--option.a.b value` builds the JSON object member by member, on top of the whole."""
    flags = read_flags(
        [
            "--default-chat-template-kwargs",
            '{"a": 1}',
            "--default-chat-template-kwargs.enable_thinking",
            "false",
            "--default_chat_template_kwargs.b.c=text",
        ]
    )
    assert flags.values == {"default_chat_template_kwargs": {"a": 1, "enable_thinking": False, "b": {"c": "text"}}}


def test_negative_numbers_are_values():
    """-1 behind a flag is its value, not another flag."""
    assert read_flags(["--max-logprobs", "-1"]).values == {"max_logprobs": "-1"}


def test_the_engines_flags_stay_in_order():
    """Flags that are not ours go on untouched, with what follows them, whatever stands between."""
    flags = read_flags(
        ["-tp", "2", "--port", "1", "--enforce_eager", "--attention-config.a.b", "3", "--", "--port", "2"]
    )
    assert flags.rest == ["-tp", "2", "--enforce_eager", "--attention-config.a.b", "3", "--", "--port", "2"]
    assert flags.values == {"port": "1"}
    assert flags.foreign == ["enforce_eager", "attention_config"]


def test_flags_of_both_are_shared():
    """What the engine needs as well is kept as it was written."""
    flags = read_flags(["--max-model-len", "4k", "--port", "1", "--served-model-name", "a", "b", "--revision=r"])
    assert flags.shared == ["--max-model-len", "4k", "--served-model-name", "a", "b", "--revision=r"]


def test_a_missing_value_is_told():
    """A flag at the end, or before another flag, lacks its value."""
    for arguments in (["--port"], ["--port", "--host", "h"], ["--api-key", "--port", "1"]):
        with pytest.raises(UsageError, match=f"{arguments[0]} needs a value"):
            read_flags(arguments)


def test_an_abbreviated_flag_is_refused():
    """--api-k would be completed by vLLM's parser and lost on the way to the engine: a server without its key."""
    with pytest.raises(UsageError, match=r"--api-k \(did you mean --api-key\?\)"):
        read_flags(["--api-k", "secret"])


def test_worker_options_are_no_flags():
    """Options that only the worker command has are not taken from `serve`'s command line."""
    flags = read_flags(["--engine-start-index", "1"])
    assert flags.values == {}
    assert flags.rest == ["--engine-start-index", "1"]


def test_a_yaml_file_of_flags(tmp_path):
    """--config FILE gives options below the command line's, and goes on to the engine, which reads it too."""
    path = tmp_path / "flags.yaml"
    path.write_text(
        "model: m\nport: 1\nhost: h\nserved-model-name: [a, b]\nallow-credentials: true\nenable-access-log: false\n"
        "override-generation-config: {temperature: 0.5}\ntensor-parallel-size: 2\nuds: null\n"
    )
    flags = read_flags(["--config", str(path), "--port", "2"])
    assert flags.values == {
        "model": "m",
        "port": "2",
        "host": "h",
        "served_model_name": ["a", "b"],
        "allow_credentials": True,
        "enable_access_log": False,
        "override_generation_config": '{"temperature": 0.5}',
    }
    assert flags.rest == ["--config", str(path)]
    assert flags.foreign == ["tensor_parallel_size"]


@pytest.mark.parametrize("content", ["- a\n- b\n", "a: [", None])
def test_a_bad_yaml_file_is_told(tmp_path, content):
    """A file that is missing, broken or no mapping is refused with its name."""
    path = tmp_path / "flags.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match=r"--config .*flags\.yaml"):
        read_flags(["--config", str(path)])
