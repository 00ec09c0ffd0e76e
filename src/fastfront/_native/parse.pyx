# SPDX-License-Identifier: Apache-2.0
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""The native output parsers, one at a time and by hand: for tests, tools and Python code that parses text itself.

Only converts arguments and calls the core (core/parsers/). Responses reach the same parsers without Python (pump.pyx).
Signatures and their meaning are in parse.pyi.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libcpp.memory cimport make_shared, shared_ptr, unique_ptr
from libcpp.string cimport string
from libcpp.string_view cimport string_view
from libcpp.utility cimport move, pair
from libcpp.vector cimport vector

from cython.operator cimport dereference as deref

from fastfront._native cimport parsers

THINKING_UNSAID = <int>parsers.Thinking.unsaid
THINKING_OPEN = <int>parsers.Thinking.open
THINKING_CLOSED = <int>parsers.Thinking.closed

CALL_IDS_RANDOM = <int>parsers.CallIds.random
CALL_IDS_KIMI = <int>parsers.CallIds.kimi
CALL_IDS_MISTRAL = <int>parsers.CallIds.mistral

NO_TOKEN = -1

cdef tuple KINDS = ("reasoning", "content", "call", "arguments")


cdef inline string utf8(str text):
    cdef bytes raw = text.encode("utf-8", "replace")
    return string(PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw))


cdef inline str view_to_str(string_view text):
    return (<bytes>PyBytes_FromStringAndSize(text.data(), <Py_ssize_t>text.size())).decode("utf-8", "replace")


cdef fill(parsers.Schema& schema, tuple source):
    cdef pair[string, parsers.Schema] member
    cdef parsers.Schema items
    types, properties, inner = source
    schema.types = <uint8_t>types
    for name, child in properties:
        member = pair[string, parsers.Schema]()
        member.first = utf8(name)
        fill(member.second, child)
        schema.properties.push_back(move(member))
    if inner is not None:
        fill(items, inner)
        schema.items.push_back(move(items))


cdef class ToolSchemas:
    def __init__(self, tools):
        cdef shared_ptr[parsers.Tools] made = make_shared[parsers.Tools]()
        cdef parsers.Tool tool
        for name, schema, required in tools:
            tool = parsers.Tool()
            tool.name = utf8(name)
            fill(tool.parameters, schema)
            for parameter in required:
                tool.required.push_back(utf8(parameter))
            deref(made).tools.push_back(move(tool))
        self.ptr = <shared_ptr[const parsers.Tools]>made


cdef class ResponseTemplate:
    def __init__(self, str source not None):
        cdef string text = utf8(source)
        cdef string error
        self.ptr = parsers.ResponseTemplate.compile(string_view(text.data(), text.size()), error)
        if not self.ptr:
            raise ValueError(view_to_str(string_view(error.data(), error.size())))

    def has_thinking_ended(self, str prefix not None, *, bint is_thinking_off=False) -> bool:
        cdef string text = utf8(prefix)
        return parsers.has_template_thinking_ended(self.ptr, string_view(text.data(), text.size()), is_thinking_off)


cdef list names_of(parsers.entry_span entries):
    return [view_to_str(entries[i].name) for i in range(entries.size())]


def reasoning_parser_names() -> list:
    return names_of(parsers.reasoning_parsers())


def tool_parser_names() -> list:
    return names_of(parsers.tool_parsers())


cdef const parsers.ParserEntry* entry_of(str name, bint reasoning) except NULL:
    cdef string text = utf8(name)
    cdef string_view view = string_view(text.data(), text.size())
    cdef const parsers.ParserEntry* entry = parsers.find_reasoning_parser(view) if reasoning else parsers.find_tool_parser(view)
    if entry == NULL:
        raise KeyError(name)
    return entry


def special_tokens_of(str name, *, bint reasoning) -> list:
    cdef const parsers.ParserEntry* entry = entry_of(name, reasoning)
    return [view_to_str(deref(entry).special_tokens[i]) for i in range(deref(entry).special_tokens.size())]


def reasoning_count_markers(str name) -> list:
    cdef string text = utf8(name)
    cdef const parsers.CountFormat* form = parsers.find_count_format(string_view(text.data(), text.size()))
    if form == NULL:
        return []
    return [view_to_str(deref(form).markers[i].text) for i in range(deref(form).markers.size())]


cdef shared_ptr[parsers.CountRule] count_rule(str name, markers) except *:
    cdef string text = utf8(name)
    cdef shared_ptr[parsers.CountRule] rule = make_shared[parsers.CountRule]()
    deref(rule).format = parsers.find_count_format(string_view(text.data(), text.size()))
    for marker in reasoning_count_markers(name):
        deref(rule).ids.push_back(<vector[int64_t]>markers.get(marker, ()))
    return rule


cdef class ModelParsers:
    def __init__(self, *, reasoning_parser=None, tool_parser=None, special_tokens=None, counted=None, count_markers=None,
                 ResponseTemplate response_template=None):
        cdef shared_ptr[parsers.ParserSpec] spec = make_shared[parsers.ParserSpec]()
        cdef parsers.SpecialToken token
        self.reasoning = NULL
        self.tools = NULL
        if reasoning_parser is not None:
            self.reasoning = entry_of(reasoning_parser, True)
        if tool_parser is not None:
            self.tools = entry_of(tool_parser, False)
        self.reasoning_parser = reasoning_parser
        self.tool_parser = tool_parser
        for text, token_id in (special_tokens or {}).items():
            token.text = utf8(text)
            token.id = token_id
            deref(spec).special_tokens.push_back(token)
        if response_template is not None:
            deref(spec).response_template = response_template.ptr
        self.spec = <shared_ptr[const parsers.ParserSpec]>spec
        if counted is not None:
            self.count = <shared_ptr[const parsers.CountRule]>count_rule(counted, count_markers or {})


cdef class ParserPlan:
    def __init__(
        self,
        ModelParsers model not None,
        *,
        bint reasoning=True,
        tool_parser=None,
        ToolSchemas tools=None,
        int thinking=THINKING_UNSAID,
        uint32_t first_call=0,
        int call_ids=CALL_IDS_RANDOM,
        bint include_reasoning=True,
        bint parallel_tool_calls=True,
        bint forced=False,
        bint named=False,
        bint outside=False,
        str prefix=None,
        bint repeats_thinking=False,
    ):
        cdef shared_ptr[parsers.ParserPlan] plan = make_shared[parsers.ParserPlan]()
        deref(plan).spec = model.spec
        if reasoning:
            deref(plan).reasoning = model.reasoning
        if tool_parser is None:
            pass
        elif tool_parser == model.tool_parser:
            deref(plan).tools = model.tools
        else:
            deref(plan).tools = entry_of(tool_parser, False)
        if deref(plan).outside() != outside:
            raise ValueError("a reasoning parser, a tool parser or both; or neither, where the text is parsed outside")
        if tools is not None:
            deref(plan).options.tools = tools.ptr
        if prefix is not None:
            deref(plan).options.prefix = <shared_ptr[const string]>make_shared[string](utf8(prefix))
        deref(plan).options.repeats_thinking = repeats_thinking
        deref(plan).options.thinking = <parsers.Thinking>thinking
        deref(plan).options.first_call = first_call
        deref(plan).count = model.count
        deref(plan).call_ids = <parsers.CallIds>call_ids
        deref(plan).include_reasoning = include_reasoning
        deref(plan).parallel_tool_calls = parallel_tool_calls
        deref(plan).forced = forced
        deref(plan).named = named
        deref(plan).shown_specials = <shared_ptr[const vector[uint32_t]]>make_shared[vector[uint32_t]](
            deref(plan).special_ids()
        )
        self.ptr = <shared_ptr[const parsers.ParserPlan]>plan

    @property
    def special_ids(self) -> frozenset:
        return frozenset(deref(self.ptr).special_ids())


cdef class Parser:
    cdef ParserPlan plan
    cdef unique_ptr[parsers.OutputParser] ptr
    cdef parsers.Pieces pieces

    def __init__(
        self,
        *,
        reasoning_parser=None,
        tool_parser=None,
        special_tokens=None,
        ToolSchemas tools=None,
        int thinking=THINKING_UNSAID,
        uint32_t first_call=0,
        ResponseTemplate response_template=None,
        str prefix=None,
        bint repeats_thinking=False,
    ):
        # By the plan that a response would have, so that both parse alike.
        self.plan = ParserPlan(
            ModelParsers(
                reasoning_parser=reasoning_parser,
                tool_parser=tool_parser,
                special_tokens=special_tokens,
                response_template=response_template,
            ),
            tool_parser=tool_parser,
            tools=tools,
            thinking=thinking,
            first_call=first_call,
            prefix=prefix,
            repeats_thinking=repeats_thinking,
        )
        self.ptr = deref(self.plan.ptr).make()

    @staticmethod
    def of(ParserPlan plan not None):
        cdef Parser self = Parser.__new__(Parser)
        self.plan = plan
        self.ptr = deref(plan.ptr).make()
        if self.ptr.get() == NULL:
            raise ValueError("the text is parsed outside")
        return self

    def push(self, str text, int64_t token=NO_TOKEN) -> list:
        cdef bytes raw = text.encode("utf-8", "replace")
        self.pieces.clear()
        deref(self.ptr).push(string_view(PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw)), token, self.pieces)
        return self.taken()

    def finish(self) -> list:
        self.pieces.clear()
        deref(self.ptr).finish(self.pieces)
        return self.taken()

    cdef list taken(self):
        result = []
        cdef size_t i
        for i in range(self.pieces.all().size()):
            piece = self.pieces.all()[i]
            kind = KINDS[<int>piece.kind]
            text = view_to_str(self.pieces.text(piece))
            if piece.kind == parsers.PieceKind.call_begin:
                result.append((kind, piece.call, text, view_to_str(self.pieces.id(piece))))
            elif piece.kind == parsers.PieceKind.arguments:
                result.append((kind, piece.call, text))
            else:
                result.append((kind, text))
        return result


cdef class ReasoningCounter:
    cdef unique_ptr[parsers.ReasoningCounter] ptr

    def __init__(self, str name, markers, *, int thinking=THINKING_UNSAID):
        cdef shared_ptr[parsers.CountRule] rule = count_rule(name, markers)
        self.ptr.reset(
            new parsers.ReasoningCounter(<shared_ptr[const parsers.CountRule]>rule, <parsers.Thinking>thinking)
        )

    def push(self, int64_t token) -> None:
        deref(self.ptr).push(token)

    @property
    def count(self) -> int:
        return deref(self.ptr).count()
