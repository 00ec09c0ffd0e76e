# SPDX-License-Identifier: Apache-2.0
"""Whatever a client sends, it gets an answer that /openapi.json describes: bodies and queries made from that document.

schemathesis makes them, by the schema and against it. HYPOTHESIS_PROFILE=long looks longer; a failure prints its case.
"""

from __future__ import annotations

import os
import random

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode

from fastfront.config import Config
from fastfront.errors import MAX_BODY_BYTES
from fastfront.routes.openapi import make_document
from fastfront.routes.table import routes_of
from tests.server.processes import serving_sim

pytestmark = pytest.mark.e2e

SWITCHES = {"enable_scale_out": True, "enable_tokenizer_info_endpoint": True}
DEVELOPMENT = {
    "server_dev_mode": True,
    "allow_runtime_lora_updating": True,
    "profiler_config": {"profiler": "torch"},
}
ENGINE = ("--max-model-len", "256", "--token-ms", "0", "--ttft-ms", "0")
SEED = int(os.environ.get("FASTFRONT_FUZZ_SEED") or random.SystemRandom().randrange(2**32))
GENERATION_EXAMPLES, OTHER_EXAMPLES = 25, 4
PAUSED = "requires a completed pause first"
"""What an engine says to /release_kv_cache_memory that is not paused: vLLM answers 500, and so do we."""


def operations():
    """Return every operation of a server with all switches on."""
    config = Config(engine="sim", disable_fastapi_docs=True, **SWITCHES, **DEVELOPMENT)
    schema = schemathesis.openapi.from_dict(make_document(config, routes_of(config)))
    return {
        f"{each.method.upper()} {each.path}": each for each in (found.ok() for found in schema.get_all_operations())
    }


OPERATIONS = operations()
DEFAULT = set(routes_of(Config(engine="sim", disable_fastapi_docs=True, **SWITCHES)))


@pytest.fixture(scope="module")
def server():
    """Return the address of a server without the development routes, which could stop its engine."""
    flags = [f"--{name.replace('_', '-')}" for name in SWITCHES]
    with serving_sim(*ENGINE, *flags) as running:
        yield running.url


@pytest.fixture(scope="module")
def development_server():
    """Return the address of one that has them."""
    flags = ("--profiler-config.profiler", "torch", "--max-loras", "2")
    env = {"VLLM_SERVER_DEV_MODE": "1", "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1"}
    with serving_sim(*ENGINE, *flags, **env) as running:
        yield running.url


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_answer_is_one_that_is_described(name, mode, request):
    """2xx or 4xx of the described shape, an error of at most 64 KiB; 501 where that is what the route says."""
    operation = OPERATIONS[name]
    if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
        pytest.skip("there is nothing to get wrong")
    base_url = request.getfixturevalue("server" if operation.path in DEFAULT else "development_server")
    few = OTHER_EXAMPLES if operation.body or operation.query else 1
    examples = GENERATION_EXAMPLES if name in {"POST /v1/chat/completions", "POST /v1/completions"} else few
    print(f"FASTFRONT_FUZZ_SEED={SEED}")

    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=examples, database=None, suppress_health_check=list(hypothesis.HealthCheck), deadline=None
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        response = case.call(base_url=base_url)
        if response.status_code == 500:
            assert PAUSED in response.text
            return
        assert response.status_code < 500 or response.status_code == 501, response.text
        if response.status_code >= 400:
            assert len(response.content) <= MAX_BODY_BYTES
        case.validate_response(
            response,
            checks=[
                schemathesis.checks.status_code_conformance,
                schemathesis.checks.content_type_conformance,
                schemathesis.checks.response_schema_conformance,
            ],
        )

    ask()
