# SPDX-License-Identifier: Apache-2.0
"""Every frontend flag of vLLM is an option here, has no meaning and a reason, is warned of, or is refused."""

from __future__ import annotations

import logging

import pytest

from fastfront import config
from fastfront.commands.engine_flags import ENGINE_FLAGS
from fastfront.commands.vllm_options import FRONTEND_FLAGS, NO_MEANING, REFUSED, check_foreign_options
from fastfront.errors import StartupError

FRONTEND_ARGS = """
allow_credentials allowed_headers allowed_methods allowed_origins anthropic_disabled_thinking_effort api_key
chat_template chat_template_content_format cohere_format cohere_is_reasoning_model data_parallel_supervisor_port
default_chat_template_kwargs disable_access_log_for_endpoints disable_fastapi_docs disable_uvicorn_access_log
dp_supervisor_probe_failure_threshold dp_supervisor_probe_interval_s dp_supervisor_probe_timeout_s
enable_auto_tool_choice enable_flash_late_interaction enable_force_include_usage enable_log_deltas enable_log_outputs
enable_offline_docs enable_per_request_metrics enable_prompt_tokens_details enable_request_id_headers enable_scale_out
enable_server_load_tracking enable_ssl_refresh enable_tokenizer_info_endpoint exclude_tools_when_tool_choice_none
fingerprint_mode fingerprint_value grpc_port h11_max_header_count h11_max_incomplete_event_size host log_error_stack
lora_modules max_log_len middleware port response_role return_tokens_as_token_ids root_path sse_keep_alive_interval
ssl_ca_certs ssl_cert_reqs ssl_certfile ssl_ciphers ssl_keyfile tokens_only tool_call_parser tool_parser_plugin
tool_server tool_strict_level trust_request_chat_template trust_request_mm_kwargs uds uvicorn_log_level
"""
"""The fields of vLLM 0.32's FrontendArgs."""


@pytest.mark.parametrize("name", FRONTEND_ARGS.split())
def test_every_frontend_flag_of_vllm_is_known(name):
    """None is handed to the engine as if it were its own, and none is in two places."""
    places = [config.find(name) is not None, name in NO_MEANING, name in REFUSED]
    assert sum(places) == 1


def test_what_has_no_meaning_is_told_in_one_line(caplog):
    """With the reason for each; a switch that is off counts, too."""
    caplog.set_level(logging.INFO)
    assert check_foreign_options(["grpc_port", "no_enable_flash_late_interaction", "seed"]) == ["seed"]
    (line,) = caplog.messages
    assert line.startswith("Without meaning for fastfront: --enable-flash-late-interaction (")
    assert "--grpc-port (" in line


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_would_be_something_else_is_refused(name):
    """With the way out."""
    with pytest.raises(StartupError, match=f"--{name.replace('_', '-')} is not supported by fastfront: "):
        check_foreign_options([name])


def test_engine_and_frontend_flags_are_told_apart():
    """A name that is an option here is never among those known for nothing else."""
    assert {name for name in FRONTEND_FLAGS if config.find(name) is not None} == set()
    assert len(ENGINE_FLAGS) > 200
