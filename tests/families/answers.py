# SPDX-License-Identifier: Apache-2.0
"""What the models of every family answer, as text, and what a client is to make of it: the script of the engine.

Each family writes the same things in its own way. Knows no server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.families.table import FAMILIES, Call, Family
from tests.parsers.corpus_tags import tool

THOUGHT = "The user wants the weather, doesn’t he?"
PART = "The user wants the "
SAID = "I look it up."
SORRY = "So much for that."

WEATHER: Call = ("get_weather", {"city": "Zürich", "unit": "celsius"})
BERN: Call = ("get_weather", {"city": "Bern"})
NOW: Call = ("now", {})
NESTED: Call = (
    "typed",
    {"s": 'a "b" 東京 😀', "i": 7, "b": True, "a": [1, 2], "o": {"x": 1, "y": "naïve ü"}},
)
TOOLS = [
    tool("get_weather", {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}}),
    tool("now", {}),
    tool(
        "typed",
        {
            "s": {"type": "string"},
            "i": {"type": "integer"},
            "b": {"type": "boolean"},
            "a": {"type": "array", "items": {"type": "integer"}},
            "o": {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "string"}}},
        },
    ),
]
UNTYPED: Call = ("typed", {**NESTED[1], "a": "[1, 2]", "o": '{"x": 1, "y": "naïve ü"}'})
"""The same of step3, whose arrays and objects are strings to vLLM."""
ONE_CALL = ("internlm", "gigachat3")
"""Tool parsers of vLLM's that read one call."""


class Answer(NamedTuple):
    """One answer of the engine."""

    family: str
    name: str
    text: str
    reasoning: str = ""
    """What the client is to get; but for well-formed answers that is not all to be said of it."""
    content: str = ""
    calls: tuple[Call, ...] = ()
    finish: str = "stop"
    opening: str = ""
    """What the prompt ends with."""
    options: Mapping[str, Any] = MappingProxyType({})
    """Members of the request that change what is shown of it."""

    @property
    def is_well_formed(self) -> bool:
        """Whether it is whole, and as the format wants it."""
        return self.name not in ("cut", "malformed", "none")

    @property
    def number(self) -> int:
        """Its place in the script: the seed by which a request gets it."""
        return NUMBERS[self.family, self.name]

    def body(self) -> dict[str, Any]:
        """The request that gets it."""
        family = FAMILIES[self.family]
        kwargs = {**family.kwargs, **({"opening": self.opening} if self.opening else {})}
        return {
            "model": "proof",
            "messages": [{"role": "user", "content": "How is the weather?"}],
            "seed": self.number,
            **({"tools": TOOLS} if family.tools is not None else {}),
            **({"chat_template_kwargs": kwargs} if kwargs else {}),
            **self.options,
        }


def _of(family: Family) -> Iterator[Answer]:
    think = family.thinking or (lambda _: "")
    begin = think(THOUGHT)
    thought = THOUGHT if family.thinking is not None else ""
    # Thinking that stays in the content.
    stays = "<think>" + begin if family.reasoning == "minimax_m2_append_think" else ""
    said = "" if family.silent else SAID
    before = begin + (family.text(SAID) if said else "")

    def answer(
        name: str, text: str, content: str = "", *calls: Call, finish: str = "stop", opening: str = ""
    ) -> Answer:
        return Answer(family.name, name, text, "" if stays else thought, stays + content, calls, finish, opening)

    yield answer("plain", begin + family.text(SAID), SAID)
    if family.opening:
        yield answer("opened", (begin + family.text(SAID)).removeprefix(family.opening), SAID, opening=family.opening)
    if family.thinking is not None:
        cut = begin[: begin.index("weather")]
        yield Answer(
            family.name, "thinking", cut, "" if stays else PART, f"<think>{cut}" if stays else "", finish="length"
        )
    render = family.calls
    if render is None:
        return
    yield answer("typical", before + render([WEATHER]), said, WEATHER)
    if family.tools not in ONE_CALL:
        yield answer("parallel", begin + render([WEATHER, NOW, BERN]), "", WEATHER, NOW, BERN)
    yield answer("zero", begin + render([NOW]), "", NOW)
    yield answer("nested", begin + render([NESTED]), "", UNTYPED if family.tools == "step3" else NESTED)
    if family.tools not in ONE_CALL:
        one = answer("one", begin + render([WEATHER, NOW, BERN]), "", WEATHER)
        yield one._replace(options={"parallel_tool_calls": False})
    if family.thinking is not None:
        hidden = answer("hidden", before + render([WEATHER]), said, WEATHER)
        yield hidden._replace(options={"include_reasoning": False}, reasoning="")
    yield answer("none", before + render([WEATHER]), said, WEATHER)._replace(options={"tool_choice": "none"})
    call = render([WEATHER])
    yield answer("cut", before + call[: call.index("lsius")], said, WEATHER, finish="length")
    after = "" if family.silent else family.text(SORRY)
    yield answer("malformed", before + call.replace(*family.broken) + after, said, WEATHER)


def _all(*, harmony: bool) -> list[Answer]:
    return [answer for family in FAMILIES.values() if family.harmony is harmony for answer in _of(family)]


ANSWERS = {False: _all(harmony=False), True: _all(harmony=True)}
"""By whether it is gpt-oss that says them: its tokens are others, so it is another engine."""

NUMBERS = {
    (answer.family, answer.name): number for answers in ANSWERS.values() for number, answer in enumerate(answers)
}
