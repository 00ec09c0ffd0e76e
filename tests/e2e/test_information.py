# SPDX-License-Identifier: Apache-2.0
"""The small endpoints: models, version, health, load."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.e2e


def test_models(client):
    """Every served name is a model; OpenAI's client reads the list."""
    models = list(client.models.list())
    assert [model.id for model in models] == ["tester", "also-tester"]
    assert {model.owned_by for model in models} == {"vllm"}


def test_model_card_has_vllms_members(http):
    """In vLLM's order, permissions included."""
    card = http.get("/v1/models").json()["data"][0]
    assert list(card) == ["id", "object", "created", "owned_by", "root", "parent", "max_model_len", "permission"]
    assert card["max_model_len"] == 8192
    (permission,) = card["permission"]
    assert permission["id"].startswith("modelperm-")
    assert permission["allow_sampling"] is True


def test_version_is_the_engines(http):
    """And nothing else."""
    assert http.get("/version").json() == {"version": "0.32.0"}


@pytest.mark.parametrize(("method", "path"), [("GET", "/health"), ("GET", "/ping"), ("POST", "/ping")])
def test_health(http, method, path):
    """200 without a body."""
    response = http.request(method, path)
    assert (response.status_code, response.content) == (200, b"")


def test_unknown_path_and_method(http):
    """Starlette's answers, as vLLM's server gives them."""
    assert http.get("/v1/nothing").json() == {"detail": "Not Found"}
    response = http.get("/v1/chat/completions")
    assert (response.status_code, response.json()) == (405, {"detail": "Method Not Allowed"})
    assert response.headers["allow"] == "POST"
    assert http.head("/v1/models").status_code == 405
    assert http.get("/health/", follow_redirects=True).status_code == 200


def test_invocations_answers_chats_and_completions(http):
    """SageMaker's one endpoint: what has messages is a chat, what has a prompt a completion."""
    chat = http.post("/invocations", json={"messages": [{"role": "user", "content": "the weather"}], "max_tokens": 5})
    completion = http.post("/invocations", json={"prompt": "the weather", "max_tokens": 5})
    assert (chat.status_code, chat.json()["object"]) == (200, "chat.completion")
    assert (completion.status_code, completion.json()["object"]) == (200, "text_completion")


def test_invocations_streams(http):
    """As the endpoint would that the body is for."""
    response = http.post("/invocations", json={"prompt": "the weather", "max_tokens": 5, "stream": True})
    assert response.content.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("body", "message", "kind", "param"),
    [
        (
            b'{"messages":5,"prompt":{}}',
            "Cannot find suitable handler for request. Expected one of: ['ChatCompletionRequest', 'CompletionRequest']",
            "BadRequestError",
            None,
        ),
        (
            b"{",
            "JSON decode error: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
            "Bad Request",
            None,
        ),
    ],
)
def test_invocations_refuses_what_is_neither(http, body, message, kind, param):
    """In vLLM's words."""
    response = http.post("/invocations", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 400
    assert response.json()["error"] == {"message": message, "type": kind, "param": param, "code": 400}
