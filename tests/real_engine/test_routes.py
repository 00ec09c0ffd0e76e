# SPDX-License-Identifier: Apache-2.0
"""The routes beside generation over a real engine: the same answers as vLLM's own server gives, member by member."""

from __future__ import annotations

import pytest

from tests.real_engine.asking import ask, joined_members, merged, normalise
from tests.real_engine.cases import Case
from tests.real_engine.cases_routes import PAGES, ROUTES, STATUS_AND_TYPE
from tests.real_engine.conftest import Running


@pytest.mark.parametrize("case", ROUTES, ids=[case.name for case in ROUTES])
def test_route_answers_as_vllms(running: Running, case: Case) -> None:
    """Status, body and events; where a schema is at fault, status and type of the error."""
    expected = running.reference.answers[case.name]
    answer = ask(running.client, case.path, case.body)
    assert answer.status == expected.status, answer.body
    if case.name in STATUS_AND_TYPE:
        assert answer.body["error"]["type"] == expected.body["error"]["type"]
        return
    assert answer.body == expected.body
    assert tokens_of(answer.events) == tokens_of(expected.events)


def tokens_of(events: tuple[object, ...]) -> list[object]:
    """Return a stream's events joined, which is how a server that fell behind sends them."""
    return merged(events) if any(isinstance(each, dict) and "id" in each for each in events) else joined(events)


def joined(events: tuple[object, ...]) -> list[object]:
    """Return the events of /inference/v1/generate with the ids and the text of one choice joined."""
    found: list[object] = []
    for event in events:
        before = found[-1] if found else None
        if is_chunk(before) and is_chunk(event) and before["choices"][0]["finish_reason"] is None:  # type: ignore[index]
            first, second = before["choices"][0], event["choices"][0]  # type: ignore[index]
            both = {**second, "token_ids": first["token_ids"] + second["token_ids"]}
            both["logprobs"] = joined_members(first["logprobs"], second["logprobs"])
            if "text" in both:
                both["text"] = first["text"] + second["text"]
            found[-1] = {**before, **event, "choices": [both]}  # type: ignore[dict-item]
        else:
            found.append(event)
    return found


def is_chunk(event: object) -> bool:
    return isinstance(event, dict) and len(event["choices"]) == 1


@pytest.mark.parametrize("page", PAGES)
def test_page_is_vllms(running: Running, page: str) -> None:
    """What a GET shows once all of the above is done."""
    assert normalise(running.client.get(page).json()) == normalise(running.reference.pages[page])
