# SPDX-License-Identifier: Apache-2.0
"""Config: values from keywords, flags and the environment become checked, normalised options."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from fastfront import config
from fastfront.config import Config

SRC = Path(config.__file__).parent


def test_defaults_need_nothing():
    """Every option has a default that passes its own check."""
    options = Config()
    assert options.port == 8000
    assert options.shutdown_timeout == 30.0
    assert options.engine_count == 1


def test_every_option_says_what_it_means():
    """Each option has a line of meaning and a group, for --help."""
    for option in config.options().values():
        assert option.opt.help.endswith("."), option.name
        assert option.group, option.name


def test_every_option_is_read_somewhere():
    """No option is dead: each is read as an attribute by some module other than config itself."""
    read: set[str] = set()
    for path in SRC.rglob("*.py"):
        if path.name != "config.py":
            tree = ast.parse(path.read_text())
            read |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    dead = {option.name for option in config.options().values()} - read
    assert dead == set()


def test_one_string_is_a_list_of_one():
    """An option that takes several values takes one as plain text, too."""
    assert Config(served_model_name="tiny").served_model_name == ("tiny",)
    assert Config(served_model_name=["a", "b"]).served_model_name == ("a", "b")


def test_text_becomes_the_options_type():
    """Values that come as text, from flags or the environment, are parsed."""
    options = Config.from_mapping(
        {
            "port": "80",
            "http_timeout_keep_alive": "2.5",
            "allow_credentials": "true",
            "allowed_origins": '["https://a.example", "https://b.example"]',
            "default_chat_template_kwargs": '{"enable_thinking": false}',
        }
    )
    assert options.port == 80
    assert options.http_timeout_keep_alive == 2.5
    assert options.allow_credentials is True
    assert options.allowed_origins == ("https://a.example", "https://b.example")
    assert options.default_chat_template_kwargs == {"enable_thinking": False}


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("4096", 4096), ("16k", 16_000), ("16K", 16_384), ("25.6k", 25_600), ("1M", 2**20), ("auto", None), ("-1", None)],
)
def test_max_model_len_reads_vllms_suffixes(text, tokens):
    """Small letters count in thousands, capitals in 1024s, `auto` leaves it to the engine: as vLLM reads them."""
    assert Config.from_mapping({"max_model_len": text}).max_model_len == tokens


def test_max_model_len_of_minus_one_is_auto():
    """The arguments in JSON carry `auto` as the number -1."""
    assert Config.from_mapping({"max_model_len": -1}).max_model_len is None


@pytest.mark.parametrize(
    ("path", "normal"), [("", ""), ("/", ""), ("llm", "/llm"), ("/llm/", "/llm"), ("/a/b/", "/a/b"), (None, "")]
)
def test_root_path_has_one_leading_slash(path, normal):
    """A root path is written with or without slashes; ASGI wants one in front and none behind."""
    assert Config.from_mapping({"root_path": path}).root_path == normal


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"port": 65536}, "port: "),
        ({"port": "http"}, "port: "),
        ({"max_model_len": 0}, "max_model_len: "),
        ({"max_model_len": "1.5K"}, "no fractions"),
        ({"log_level": "loud"}, "log_level: one of critical, error"),
        ({"chat_template_content_format": "xml"}, "one of auto, string, openai"),
        ({"default_chat_template_kwargs": "{"}, "default_chat_template_kwargs: not JSON"),
        ({"default_chat_template_kwargs": "[1]"}, "default_chat_template_kwargs: "),
        ({"trust_request_chat_template": "perhaps"}, "trust_request_chat_template: "),
        ({"shutdown_timeout": -1}, "shutdown_timeout: "),
        ({"ssl_keyfile": "key.pem"}, "go together"),
        ({"ssl_cert_reqs": 2}, "ssl_ca_certs"),
        ({"fingerprint_mode": "custom"}, "fingerprint_value"),
        ({"engine": "gpu"}, "engine must be"),
        ({"engine": "tcp://host"}, "engine must be"),
        ({"input_listener_fd": 3}, "go together"),
    ],
)
def test_bad_values_are_refused_by_name(values, message):
    """What cannot be meant raises a ValueError that names the option."""
    with pytest.raises(ValueError, match=message):
        Config.from_mapping(values)


def test_an_unknown_name_brings_the_nearest():
    """A misspelt option is refused with the name that was probably meant."""
    with pytest.raises(ValueError, match=r"unknown option served_model_names \(did you mean served_model_name\?\)"):
        Config.from_mapping({"served_model_names": "x"})


def test_aliases_and_dashes_name_the_same_option():
    """Other names that vLLM has for an option, and dashes, are understood."""
    options = Config.from_mapping({"model_tag": "m", "engine_ready_timeout_secs": 5, "shutdown-timeout": 1})
    assert (options.model, options.engine_ready_timeout, options.shutdown_timeout) == ("m", 5.0, 1.0)


def test_environment_is_below_given_values_and_above_defaults():
    """An environment variable counts, unless the option was given; an empty one does not count."""
    env = {"FASTFRONT_PORT": "1", "FASTFRONT_HOST": "h", "FASTFRONT_UDS": "", "UNRELATED": "x"}
    options = Config.from_mapping({"port": 2}, env)
    assert (options.port, options.host, options.uds) == (2, "h", None)


def test_vllms_variables_are_read():
    """The variables that vLLM's server reads mean the same here."""
    env = {
        "VLLM_API_KEY": "secret",
        "VLLM_HTTP_TIMEOUT_KEEP_ALIVE": "7",
        "VLLM_ENGINE_READY_TIMEOUT_S": "8",
        "VLLM_KEEP_ALIVE_ON_ENGINE_DEATH": "1",
    }
    options = Config.from_mapping({}, env)
    assert options.api_key == ("secret",)
    assert options.http_timeout_keep_alive == 7
    assert options.engine_ready_timeout == 8
    assert options.keep_alive_on_engine_death is True


def test_embedded_use_reads_no_environment(monkeypatch):
    """Without an environment to read, as in a mounted app, only what is given counts."""
    monkeypatch.setenv("VLLM_API_KEY", "secret")
    monkeypatch.setenv("FASTFRONT_PORT", "1")
    assert Config.from_mapping({}) == Config()


def test_engine_count_follows_data_parallel_size():
    """A frontend serves all engines of the deployment unless told otherwise."""
    assert Config(data_parallel_size=4).engine_count == 4
    assert Config(data_parallel_size=4, engine_count=2).engine_count == 2


def test_keys_do_not_show():
    """An options object can be logged: its text holds no API key."""
    assert "secret" not in repr(Config(api_key=["secret"]))
