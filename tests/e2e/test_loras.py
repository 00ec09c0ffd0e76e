# SPDX-License-Identifier: Apache-2.0
"""Adapters that clients load and unload: served as models of their own while they are there."""

from __future__ import annotations

import httpx
import pytest

from tests.server.processes import DEADLINE, chat, serving_sim

pytestmark = pytest.mark.e2e

LOAD, UNLOAD = "/v1/load_lora_adapter", "/v1/unload_lora_adapter"
ADAPTER = {"lora_name": "poet", "lora_path": "/adapters/poet"}


@pytest.fixture(scope="module")
def client():
    """Return a client of a server that lets clients load adapters."""
    with (
        serving_sim("--max-loras", "2", VLLM_ALLOW_RUNTIME_LORA_UPDATING="1") as server,
        httpx.Client(base_url=server.url, timeout=DEADLINE) as made,
    ):
        yield made


def test_adapter_is_a_model_while_it_is_loaded(client):
    """vLLM's sentences, the list of models, and answers under its name."""
    loaded = client.post(LOAD, json=ADAPTER)
    assert (loaded.status_code, loaded.text) == (200, "Success: LoRA adapter 'poet' added successfully.")
    models = {card["id"]: card for card in client.get("/v1/models").json()["data"]}
    assert models["poet"]["root"] == "/adapters/poet"
    answer = client.post("/v1/chat/completions", json=chat(model="poet"))
    assert answer.json()["model"] == "poet"
    unloaded = client.post(UNLOAD, json={"lora_name": "poet"})
    assert (unloaded.status_code, unloaded.text) == (200, "Success: LoRA adapter 'poet' removed successfully.")
    assert client.post("/v1/chat/completions", json=chat(model="poet")).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "status", "kind", "message"),
    [
        (LOAD, {"lora_name": "", "lora_path": "x"}, 400, "InvalidUserInput", "must be provided"),
        (LOAD, {"lora_name": "sim", "lora_path": "x"}, 400, "InvalidUserInput", "conflicts with a served base model"),
        (LOAD, {"lora_name": "x"}, 400, "Bad Request", "Field required"),
        (LOAD, {"lora_name": 5, "lora_path": "x"}, 400, "Bad Request", "valid string"),
        (UNLOAD, {"lora_name": "nobody"}, 404, "NotFoundError", "cannot be found"),
        (UNLOAD, {"lora_name": ""}, 400, "InvalidUserInput", "needs to be provided"),
        (UNLOAD, {}, 400, "Bad Request", "Field required"),
    ],
)
def test_bad_requests(client, path, body, status, kind, message):
    """vLLM's types and words."""
    response = client.post(path, json=body)
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (status, kind)
    assert message in error["message"]


def test_adapter_cannot_be_loaded_twice_unless_in_place(client):
    """A name stands for one adapter."""
    assert client.post(LOAD, json=ADAPTER).status_code == 200
    again = client.post(LOAD, json=ADAPTER)
    assert again.status_code == 400
    assert "has already been loaded" in again.json()["error"]["message"]
    assert client.post(LOAD, json=ADAPTER | {"load_inplace": True}).status_code == 200
    assert client.post(UNLOAD, json={"lora_name": "poet"}).status_code == 200
