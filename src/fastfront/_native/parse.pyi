# SPDX-License-Identifier: Apache-2.0
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

THINKING_UNSAID: int
"""The prompt neither opened nor closed the model's thinking."""
THINKING_OPEN: int
"""The prompt ends inside it."""
THINKING_CLOSED: int
"""The prompt has closed it, or the request switched it off."""
CALL_IDS_RANDOM: int
CALL_IDS_KIMI: int
CALL_IDS_MISTRAL: int
"""What ids look like where the model gives its calls none."""
NO_TOKEN: int
"""The token of text that is no special token."""

SchemaTuple: TypeAlias = tuple[int, list[tuple[str, SchemaTuple]], SchemaTuple | None]
"""JSON types as bits (1 string, 2 integer, 4 number, 8 boolean, 16 null, 32 object, 64 array; 0: nothing said), an
object's properties in their order, an array's items."""

Piece: TypeAlias = (
    tuple[Literal["reasoning", "content"], str]
    | tuple[Literal["call"], int, str, str]
    | tuple[Literal["arguments"], int, str]
)
"""("reasoning", text), ("content", text), ("call", number, function's name, id or ""), ("arguments", number, text)."""

def reasoning_parser_names() -> list[str]:
    """The names of the native reasoning parsers, sorted."""

def tool_parser_names() -> list[str]:
    """The names of the native tool parsers, sorted."""

def special_tokens_of(name: str, *, reasoning: bool) -> list[str]:
    """The special tokens that a parser goes by, where the vocabulary has them. Raises KeyError for no such parser."""

class ToolSchemas:
    """The functions that a request offers: name, schema of the parameters, and which of them a call has to have.

    Immutable.
    """

    def __init__(self, tools: Iterable[tuple[str, SchemaTuple, Sequence[str]]]) -> None: ...

class ResponseTemplate:
    """A model's response template, compiled. Immutable. `source` is its JSON, checked (output/response_template.py).

    Raises ValueError with what it has that cannot be compiled.
    """

    def __init__(self, source: str) -> None: ...
    def has_thinking_ended(self, prefix: str, *, is_thinking_off: bool = False) -> bool:
        """Whether a prompt has left the model's thinking. `prefix`: what is behind its last start anchor;
        `is_thinking_off`: the request says so.
        """

class ModelParsers:
    """The parsers of a model, and the ids of the special tokens that they go by. Immutable.

    Raises KeyError for a name that no native parser has.
    """

    @property
    def reasoning_parser(self) -> str | None: ...
    @property
    def tool_parser(self) -> str | None: ...
    def __init__(
        self,
        *,
        reasoning_parser: str | None = None,
        tool_parser: str | None = None,
        special_tokens: Mapping[str, int] | None = None,
        counted: str | None = None,
        count_markers: Mapping[str, Sequence[int]] | None = None,
        response_template: ResponseTemplate | None = None,
    ) -> None:
        """`response_template`: what the parsers hf and beam go by.

        `counted`: the reasoning parser by whose rule usage tells reasoning tokens (0 where it has none), None: it
        does not tell them. `count_markers`: as ReasoningCounter's `markers`.
        """

class ParserPlan:
    """How the answers to one request are parsed. Immutable.

    Raises ValueError where neither the model's reasoning parser nor a tool parser is left, unless `outside`.
    """

    def __init__(
        self,
        model: ModelParsers,
        *,
        reasoning: bool = True,
        tool_parser: str | None = None,
        tools: ToolSchemas | None = None,
        thinking: int = ...,
        first_call: int = 0,
        call_ids: int = ...,
        include_reasoning: bool = True,
        parallel_tool_calls: bool = True,
        forced: bool = False,
        named: bool = False,
        outside: bool = False,
        prefix: str | None = None,
        repeats_thinking: bool = False,
    ) -> None:
        """`reasoning`: the model's parser is used. `tool_parser`: None if calls are not looked for.

        `first_call`: tool calls of the conversation so far. `forced`: content is never null. `named`: a call does not
        change finish_reason. `outside`: the text is parsed in Python (Response.take_steps), by neither parser.
        `prefix`: the end of the prompt, for parsers that go by a response template. `repeats_thinking`: an answer
        without content has its thinking for content, too.
        """

    @property
    def special_ids(self) -> frozenset[int]:
        """The special tokens that the parsers want to see."""

class Parser:
    """One answer's parser. Raises KeyError for a name that no native parser has, ValueError without any."""

    def __init__(
        self,
        *,
        reasoning_parser: str | None = None,
        tool_parser: str | None = None,
        special_tokens: Mapping[str, int] | None = None,
        tools: ToolSchemas | None = None,
        thinking: int = ...,
        first_call: int = 0,
        response_template: ResponseTemplate | None = None,
        prefix: str | None = None,
        repeats_thinking: bool = False,
    ) -> None: ...
    @staticmethod
    def of(plan: ParserPlan) -> Parser:
        """Return a parser as a response with the plan has it. Raises ValueError where the text is parsed outside."""

    def push(self, text: str, token: int = ...) -> list[Piece]:
        """Take more of the model's text; `token`: the special token that it is. Returns what is known now."""

    def finish(self) -> list[Piece]:
        """Take the end. Returns what was held back."""

def reasoning_count_markers(name: str) -> list[str]:
    """The texts whose tokens a reasoning parser counts by; none: it counts nothing (the names vLLM counts 0 for)."""

class ReasoningCounter:
    """Counts the reasoning tokens of one answer as vLLM's parser `name` does.

    `markers`: for each of reasoning_count_markers(), the token ids that it is; one that is missing never comes.
    """

    def __init__(self, name: str, markers: Mapping[str, Sequence[int]], *, thinking: int = ...) -> None: ...
    def push(self, token: int) -> None: ...
    @property
    def count(self) -> int:
        """The count if the answer ended here."""
