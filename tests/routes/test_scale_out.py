# SPDX-License-Identifier: Apache-2.0
"""The scale-out routes without an engine: behind their switch, and what is refused before anything else."""

from __future__ import annotations

import httpx
import pytest

from fastfront.app import App
from fastfront.config import Config
from fastfront.routes import scale_out
from fastfront.routes.table import routes_of


async def post(path, body="{}", **options):
    """Return the answer of an app that was never started."""
    app = App(Config(engine="sim", **options))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.post(path, content=body, headers={"content-type": "application/json"})


@pytest.mark.parametrize("path", sorted(scale_out.ROUTES))
async def test_route_without_the_switch_is_vllms_403(path):
    """It names the switch."""
    response = await post(path)
    assert response.status_code == 403
    message = "Scale-out endpoints are disabled. Restart vllm serve with --enable-scale-out to enable them."
    error = {"message": message, "type": "PermissionDeniedError", "param": None, "code": 403}
    assert response.json() == {"error": error}


@pytest.mark.parametrize("path", ["/v1/messages/render", "/v1/responses/render"])
async def test_route_of_what_is_not_served_is_a_501(path):
    """As vLLM says it of a model that does not do it."""
    response = await post(path, enable_scale_out=True)
    assert response.status_code == 501
    assert response.json()["error"]["type"] == "NotImplementedError"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{}", "Missing 'request_ids' in request body"),
        ('{"request_ids":null}', "Missing 'request_ids' in request body"),
        ('{"request_ids":[1]}', "'request_ids' must be a list of request ids"),
        ('{"request_ids":5}', "'request_ids' must be a list of request ids"),
        ("[]", "Request body must be a JSON object"),
        ("{", "JSON decode error: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    ],
)
async def test_bad_list_of_ids_is_a_400(body, message):
    """vLLM's words where it has some; it fails with a 500 for what is no list."""
    response = await post("/inference/v1/abort_requests", body, enable_scale_out=True)
    assert response.status_code == 400
    assert response.json()["error"]["message"] == message


def test_tokens_only_has_the_older_path_too():
    """Unless the development routes have one of that name."""
    routes = routes_of(Config(engine="sim", tokens_only=True))
    assert routes["/abort_requests"]["POST"] is scale_out.abort_requests
    both = routes_of(Config(engine="sim", tokens_only=True, server_dev_mode=True))
    assert both["/abort_requests"]["POST"] is not scale_out.abort_requests
