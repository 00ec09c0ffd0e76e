# SPDX-License-Identifier: Apache-2.0
"""`fastfront frontend`: vLLM's worker command line becomes options."""

from __future__ import annotations

import json
import logging

import pytest

from fastfront.commands.flags import UsageError
from fastfront.commands.frontend import build_config, main, supervised_timeout
from fastfront.errors import StartupError

FLAGS = {
    "--listen-fd": "3",
    "--input-listener-fd": "4",
    "--output-listener-fd": "5",
    "--engine-start-index": "2",
    "--engine-count": "2",
    "--data-parallel-size": "4",
    "--args-json": "{}",
}


def build(settings, env=None, **flags):
    return build_config(FLAGS | flags, {"model_tag": "m"} | settings, env or {})


def test_descriptors_and_ranks():
    """The flags say where the sockets are and which engines are ours."""
    options = build({}, **{"--coordinator-address": "ipc:///c"})
    assert (options.listen_fd, options.input_listener_fd, options.output_listener_fd) == (3, 4, 5)
    assert (options.engine_start_index, options.engine_count, options.data_parallel_size) == (2, 2, 4)
    assert options.coordinator_address == "ipc:///c"


def test_flags_go_before_args_json():
    """The supervisor tells a worker of its own engines by flag; the arguments hold the whole deployment's."""
    assert build({"data_parallel_size": 8}).data_parallel_size == 4


def test_arguments_of_vllm_serve():
    """The members of --args-json that are the frontend's become options, in vLLM's types."""
    options = build(
        {
            "model": "m",
            "served_model_name": ["a", "b"],
            "max_model_len": 131072,
            "api_key": ["k"],
            "allowed_origins": ["*"],
            "engine_ready_timeout_secs": 60,
            "http_timeout_keep_alive": 60,
            "shutdown_timeout": 7,
            "override_generation_config": {"temperature": 0.1},
            "response_role": "bot",
            "chat_template": None,
            "ssl_cert_reqs": 0,
            "root_path": "/api",
        }
    )
    assert options.model == "m"
    assert options.served_model_name == ("a", "b")
    assert options.max_model_len == 131072
    assert options.api_key == ("k",)
    assert options.engine_ready_timeout == 60
    assert options.http_timeout_keep_alive == 60
    assert options.shutdown_timeout == 7
    assert options.override_generation_config == {"temperature": 0.1}
    assert (options.response_role, options.chat_template, options.root_path) == ("bot", None, "/api")


def test_served_model_name_may_be_a_string():
    """A single name comes as a string from some launchers."""
    assert build({"served_model_name": "a"}).served_model_name == ("a",)


def test_foreign_arguments_are_named_once(caplog):
    """Arguments that are not the frontend's do not stop it; one line names them."""
    with caplog.at_level(logging.INFO, "fastfront"):
        build({"gpu_memory_utilization": 0.8, "brand_new_argument": {"a": 1}, "enforce_eager": True})
    (record,) = caplog.records
    assert (
        record.getMessage()
        == "Arguments for the engine alone: brand_new_argument, enforce_eager, gpu_memory_utilization"
    )


def test_frontend_arguments_without_effect_are_told(caplog):
    """An option of vLLM's frontend that fastfront does not have is never dropped in silence."""
    with caplog.at_level(logging.INFO, "fastfront"):
        build({"io_processor_plugin": "demo", "disable_uvicorn_access_log": True})
    (record,) = caplog.records
    assert "--io-processor-plugin (it is for pooling models" in record.getMessage()
    assert "disable_uvicorn_access_log" not in record.getMessage()


def test_what_config_json_is_to_say_is_taken():
    """--args-json has objects as they are."""
    options = build({"model_tag": "m", "hf_overrides": {"vocab_size": 5}, "tokenizer_revision": "v2"})
    assert options.hf_overrides == {"vocab_size": 5}
    assert (options.tokenizer_revision, options.tokenizer_mode) == ("v2", "auto")


def test_middleware_is_taken():
    """From --args-json it comes as a list of import paths."""
    assert build({"model_tag": "m", "middleware": ["a.B", "c.d"]}).middleware == ("a.B", "c.d")


def test_a_model_is_needed():
    """A model is always sent; its absence is told, not guessed."""
    with pytest.raises(StartupError, match="model_tag"):
        build_config(FLAGS, {}, {})


def test_bad_arguments_are_told():
    """An argument of the wrong type is refused with its name."""
    with pytest.raises(UsageError, match="max_model_len"):
        build({"max_model_len": "long"})


@pytest.mark.parametrize(("given", "drain"), [(None, 4), (0, 0), (3, 3), (5, 4), (60, 59)])
def test_the_drain_ends_before_the_supervisor_kills(given, drain):
    """The supervisor kills max(--shutdown-timeout, 5 s) after SIGTERM: the drain is over a second earlier."""
    assert supervised_timeout(given) == drain
    settings = {} if given is None else {"shutdown_timeout": given}
    assert build(settings, {"VLLM_USE_RUST_FRONTEND": "1"}).shutdown_timeout == drain


def test_without_a_supervisor_the_default_holds():
    """Started by something else than vLLM, the drain is as long as `serve`'s."""
    assert build({}).shutdown_timeout == 30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "missing --listen-fd"),
        (["--listen-fd"], "--listen-fd needs a value"),
        (["--listen-fd=3", "--input-listener-fd=4", "--output-listener-fd=5", "--args-json", "{"], "not JSON"),
        (
            ["--listen-fd=3", "--input-listener-fd=4", "--output-listener-fd=5", "--args-json", "[]"],
            "not a JSON object",
        ),
    ],
)
def test_a_wrong_command_line_is_told(arguments, message):
    """What vLLM would never send is refused before anything starts."""
    with pytest.raises(UsageError, match=message):
        main(arguments)


def test_other_launchers_arguments_are_understood():
    """A launcher that sends more than vLLM does, a port beside the socket for example, is understood."""
    text = '{"engine_ready_timeout_secs": 60, "http_timeout_keep_alive": 60, "max_model_len": 131072, "port": 8000}'
    assert build(json.loads(text)).max_model_len == 131072
