# SPDX-License-Identifier: Apache-2.0
"""From a decoded request to what the engine gets: one request per choice, ids, seeds, headers."""

from __future__ import annotations

import msgspec
import pytest

from fastfront.engine.types import SamplingParams, decode_request, encode_request
from fastfront.errors import BadRequestError
from fastfront.output.parsers import UNPARSED
from fastfront.protocol import decode_chat_completion_request, decode_completion_request
from fastfront.routes import chat_completions, completions
from fastfront.routes.generate import Headers, Prompts, _session_id, engine_requests, read_headers

NO_HEADERS = Headers(None, None, None, None)


def chat(**more):
    """Return a decoded chat request."""
    return decode_chat_completion_request(
        msgspec.json.encode({"messages": [{"role": "user", "content": "Hi"}], "temperature": 1, **more})
    )


def requests_for(request, prompts=1, headers=NO_HEADERS, *, numbers_prompts=False):
    """Return the engine's requests, as the engine would read them."""
    found = engine_requests(
        request,
        Prompts(
            [[10 * p, 10 * p + 1] for p in range(prompts)],
            [SamplingParams(seed=request.seed)] * prompts,
            [None] * prompts,
        ),
        headers,
        "id-1",
        1000.5,
        completions.SHAPE if numbers_prompts else chat_completions.SHAPE,
        UNPARSED,
    )
    return [decode_request(encode_request(each)) for each in found]


def test_one_choice():
    """Prompt, arrival and the client's id."""
    (only,) = requests_for(chat())
    assert only.prompt_token_ids == [0, 1]
    assert (only.external_req_id, only.arrival_time) == ("id-1", 1000.5)
    assert (only.priority, only.session_id, only.cache_salt, only.data_parallel_rank) == (0, None, None, None)


def test_choices_are_prompt_by_prompt():
    """Choice p*n+i is prompt p's sample i."""
    found = requests_for(chat(n=2), prompts=3)
    assert [each.prompt_token_ids[0] for each in found] == [0, 0, 10, 10, 20, 20]


def test_each_sample_has_its_seed():
    """As vLLM's ParentRequest hands them out: seed + i, for every prompt anew."""
    found = requests_for(chat(n=3, seed=7), prompts=2)
    assert [each.sampling_params.seed for each in found] == [7, 8, 9, 7, 8, 9]


def test_without_a_seed_samples_are_one_request():
    """Nothing is copied that is the same."""
    request = chat(n=3)
    prompts = Prompts([[1]], [SamplingParams()], [None])
    found = engine_requests(request, prompts, NO_HEADERS, "x", 0.0, chat_completions.SHAPE, UNPARSED)
    assert len({id(each) for each in found}) == 1


def test_seed_leaves_room_for_the_samples():
    """seed + i must be a seed, too."""
    largest = 2**63 - 1
    assert len(requests_for(chat(n=1, seed=largest))) == 1
    assert len(requests_for(chat(n=3, seed=largest - 2))) == 3
    with pytest.raises(BadRequestError, match="seed"):
        requests_for(chat(n=3, seed=largest - 1))


def test_too_many_sequences():
    """n for each of many prompts is bounded as a product, as n is for one."""
    with pytest.raises(BadRequestError) as caught:
        requests_for(chat(n=16_384), prompts=2)
    assert caught.value.param == "n"


def test_prompts_of_a_completion_are_numbered():
    """The engine's log can tell them apart."""
    request = decode_completion_request(b'{"prompt": ["a", "b"], "n": 2, "temperature": 1}')
    found = requests_for(request, prompts=2, numbers_prompts=True)
    assert [each.external_req_id for each in found] == ["id-1-0", "id-1-0", "id-1-1", "id-1-1"]


def test_headers():
    """Those that vLLM reads; of a repeated one the first."""
    scope = {
        "headers": [
            (b"host", b"x"),
            (b"x-request-id", b"a\xe4"),
            (b"x-request-id", b"b"),
            (b"x-data-parallel-rank", b"3"),
            (b"x-vllm-priority", b"-5"),
            (b"x-session-id", b"s"),
        ]
    }
    assert read_headers(scope) == ("aä", 3, -5, "s")


@pytest.mark.parametrize("value", [b"", b"x", b"1.5", b"9" * 5000])
def test_header_that_is_no_number_is_ignored(value):
    """As in vLLM."""
    headers = read_headers({"headers": [(b"x-data-parallel-rank", value), (b"x-vllm-priority", value)]})
    assert (headers.data_parallel_rank, headers.priority) == (None, None)


def test_header_goes_before_the_bodys_priority():
    """A router in front has the last word."""
    (only,) = requests_for(chat(priority=1), headers=Headers(None, 0, 9, None))
    assert (only.priority, only.data_parallel_rank) == (9, 0)
    (only,) = requests_for(chat(priority=1))
    assert only.priority == 1


def test_session_is_the_bodys_then_the_headers_then_the_arguments():
    """vLLM's order."""
    named = chat(session_id="body", vllm_xargs={"session_id": "xargs"})
    assert _session_id(named, "header") == "body"
    other = chat(vllm_xargs={"session_id": "xargs"})
    assert _session_id(other, "header") == "header"
    assert _session_id(other, None) == "xargs"
    assert _session_id(chat(vllm_xargs={"session_id": 5}), None) is None
    assert _session_id(chat(), None) is None


def test_role_of_the_answer():
    """The assistant's, or that of the message which is continued."""

    class Model:
        response_role = "assistant"

    assert chat_completions.role(Model, chat()) == "assistant"
    assert chat_completions.role(Model, chat(add_generation_prompt=False)) == "user"
