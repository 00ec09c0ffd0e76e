# SPDX-License-Identifier: Apache-2.0
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""The express lane: an ordinary request from its last byte to the engine in one call on the loop thread.

The general way (routes/generate.py) costs a task, a scope, a dozen coroutine steps and some two hundred Python objects
per request; here it is one chain of compiled calls. A lane takes what is ordinary and leaves the rest, undone, to the
general way, whose answers and errors it must equal: everything that has to be worded is left. What differs between
endpoints comes in as callables (routes/express.py); this module knows the order of steps, and no schema, template or
tokenizer.
"""

from collections import deque
from random import Random
from time import thread_time, time as wall_clock

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_GET_LENGTH
from libc.stdint cimport int64_t

from fastfront._native cimport prompt_parts
from fastfront._native.lane_metrics cimport content_length, now

from fastfront._native.pump import STAGE_PREPARE, STAGE_TOKENIZE, Response, encode_add_request

cdef object random_bits = Random().getrandbits
# Headers that the general way reads.
cdef frozenset SPECIAL_HEADERS = frozenset(
    (b"x-data-parallel-rank", b"x-vllm-priority", b"x-session-id", b"endpoint-load-metrics-format")
)
cdef int MAX_SAMPLINGS = 1024
cdef int MAX_JSON_KEY = 4096    # bytes of what decides one of them as JSON
cdef int CLIENT_CLOSED = 499
cdef Py_ssize_t ALWAYS_INLINE = 2048  # bytes whose tokens cost less than a hand-over to the pool, whatever they are

include "sampling.pxi"


cdef class Prepared:
    """A request that is ready for the engine once it has a prompt."""

    cdef object request
    cdef Sampling sampling
    cdef object terms                 # of routes/chat_terms.py; None: completions
    cdef object split                 # of prompt_encoder.PromptEncoder
    cdef readonly object prompt       # EncodedPrompt
    cdef readonly int64_t max_tokens


cdef class Lane:
    """The express lane of one endpoint: call it with an Exchange and its body."""

    cdef object frontend, engine, pump, loop, observe, is_allowed, is_json_type, on_slow_reader
    cdef object decode, key_of, learn, text_of, encoder, chats
    cdef object json_of, no_json, json_key, plain_terms, terms_of
    cdef object system_fingerprint, vocab
    cdef str role, id_prefix, id_suffix, model_name
    cdef frozenset names
    cdef dict samplings
    cdef int stream_kind, whole_kind
    cdef tuple stream_headers
    cdef bint force_usage, add_special_tokens
    cdef int64_t max_model_len, override_max_tokens, max_chars
    cdef Py_ssize_t max_id_chars, mailbox_limit, off_loop_bytes, render_off_loop_bytes, inline_unseen, most_inline_unseen
    cdef double head_grace, inline_seconds
    cdef object waiting_heads      # deque of (time, Response): streams whose head may have to leave alone

    def __init__(
        self, *, frontend, loop, decode, key_of, learn, text_of, json_of, no_json, json_key, plain_terms, terms_of, encoder,
        chats, observe, is_allowed, is_json_type, max_id_chars,
        on_slow_reader, stream_headers, stream_kind, whole_kind, id_prefix, id_suffix, role, add_special_tokens,
        mailbox_limit, off_loop_bytes, render_off_loop_bytes, inline_unseen, inline_seconds, head_grace,
    ):
        model = frontend.model
        self.frontend, self.engine, self.pump = frontend, frontend.engine, frontend.engine.pump
        self.loop, self.observe, self.is_allowed, self.on_slow_reader = loop, observe, is_allowed, on_slow_reader
        self.decode, self.key_of, self.learn, self.text_of, self.encoder = decode, key_of, learn, text_of, encoder
        self.json_of, self.no_json, self.json_key, self.plain_terms = json_of, no_json, json_key, plain_terms
        self.terms_of, self.chats = terms_of, chats
        self.is_json_type, self.max_id_chars = is_json_type, max_id_chars
        self.stream_headers, self.stream_kind, self.whole_kind = stream_headers, stream_kind, whole_kind
        self.id_prefix, self.id_suffix, self.role = id_prefix, id_suffix, role
        self.model_name, self.names, self.vocab = model.name, frozenset(model.names), model.vocab
        self.system_fingerprint = frontend.system_fingerprint
        self.force_usage = frontend.config.enable_force_include_usage
        self.max_model_len = model.max_model_len
        self.override_max_tokens = -1 if model.override_max_tokens is None else model.override_max_tokens
        self.max_chars = model.max_model_len * model.tokenizer.max_chars_per_token
        self.add_special_tokens, self.mailbox_limit, self.head_grace = add_special_tokens, mailbox_limit, head_grace
        self.off_loop_bytes, self.render_off_loop_bytes = off_loop_bytes, render_off_loop_bytes
        self.inline_unseen = self.most_inline_unseen = inline_unseen
        self.inline_seconds = inline_seconds
        self.samplings = {}
        self.waiting_heads = deque()

    def __call__(self, exchange, bytes body not None) -> bool:
        """Take the request, or return False with nothing done."""
        cdef Prepared prepared
        cdef double began = now()
        cdef str request_id = self.id_of(exchange.headers) if self.frontend.is_ready else None
        if request_id is None:
            return False
        if PyBytes_GET_SIZE(body) > self.off_loop_bytes:
            Call(self, exchange, began, request_id).send_off(self.prepare, body)
            return True
        prepared = self.read(body, True)
        if prepared is None:
            return False
        if prepared.split is None:
            Call(self, exchange, began, request_id).send_off(self.render, (prepared, body))
            return True
        if prepared.split.unseen > self.inline_unseen:
            self.raise_bound()
            Call(self, exchange, began, request_id).send_off(self.encode, prepared)
            return True
        return self.encode_here(prepared) and Call(self, exchange, began, request_id).launch(prepared)

    cdef str id_of(self, list headers):
        """The id that an ordinary request is given by its headers, "" for none; None for one that is not ordinary."""
        cdef bytes name
        cdef bint is_json = False
        cdef object authorization = b""
        cdef object given = None
        for name, value in headers:
            if name == b"content-type":
                if is_json or (value != b"application/json" and not self.is_json_type((<bytes?>value).decode("latin-1"))):
                    return None
                is_json = True
            elif name == b"authorization":
                if authorization == b"":
                    authorization = value
            elif name == b"x-request-id":
                if given is None:
                    given = value
            elif name in SPECIAL_HEADERS:
                return None
        if not is_json or (self.is_allowed is not None and not self.is_allowed(authorization)):
            return None
        if given is None:
            return ""
        return None if len(given) > self.max_id_chars else (<bytes?>given).decode("latin-1")

    cdef Prepared read(self, bytes body, bint on_loop):
        """Decode and render; None if the general way has to. May run in any thread.

        On the loop a large chat may be left to be rendered: it has no split then.
        """
        chat = None if self.chats is None else self.chats.recognise(body)
        found = self.read_as(body, chat, on_loop)
        if found is None and chat is not None:
            found = self.read_as(body, None, on_loop)
        return found or None

    cdef object read_as(self, bytes body, chat, bint on_loop):
        """Read a body: what is new of the chat, or all of it. False: it need not be tried otherwise."""
        cdef Prepared prepared
        cdef Sampling sampling
        cdef object terms
        try:
            request = self.decode(body if chat is None else chat.rest)
        except Exception:
            return None
        model = request.model
        if model and model not in self.names:
            return None
        if request.stream_options is not None and not request.stream:
            return None
        terms = self.plain_terms
        key = self.key_of(request)
        if self.json_of(request) != self.no_json:
            if self.terms_of is not None:
                terms = self.terms_of(request, body)
                if terms is None:
                    return False
            json_key = self.json_key(request)
            if sum(map(len, json_key)) > MAX_JSON_KEY:
                return None
            key = (key, json_key)
        stop = request.stop
        if type(stop) is str:
            key = (key, stop)  # an empty one, too: it is refused, and must not pass for none
        elif stop:
            key = (key, tuple(stop))
        found = self.samplings.get(key)
        if found is None:
            found = self.learn(body)
            if found is None:
                return None
            if len(self.samplings) >= MAX_SAMPLINGS:
                self.samplings.clear()
            self.samplings[key] = found
        if found is False:
            return False
        sampling = <Sampling?>found
        prepared = Prepared.__new__(Prepared)
        prepared.request = request
        prepared.sampling = sampling
        prepared.terms = terms
        if chat is not None:
            prepared.split = self.chats.prompt(chat, request.messages, terms.chats)
            return None if prepared.split is None or prepared.split.chars > self.max_chars else prepared
        if terms is None:
            text = self.text_of(request)
        else:
            text = terms.render(request.messages)
            if text is None:
                if on_loop and PyBytes_GET_SIZE(body) > self.render_off_loop_bytes:
                    return prepared
                text = terms.text(request.messages)
        return prepared if self.take_text(prepared, body, text) else None

    cdef bint take_text(self, Prepared prepared, bytes body, str text) except -1:
        """Split the prompt. False: there is none, or it is too long."""
        if text is None or PyUnicode_GET_LENGTH(text) > self.max_chars:
            return False
        prepared.split = self.encoder.split(text)
        if self.chats is not None:
            self.chats.note(body, prepared.request.messages, text, prepared.split.unseen)
        return True

    def render(self, tuple left not None) -> Prepared:
        """Render and tokenize what `read` has left: a Prepared and its body."""
        cdef Prepared prepared = left[0]
        text = prepared.terms.text(prepared.request.messages)
        return self.encode(prepared) if self.take_text(prepared, left[1], text) else None

    cpdef Prepared encode(self, Prepared prepared):
        """Tokenize; None if the general way has to. May run in any thread."""
        cdef int64_t room
        cdef double began = now()
        prompt = self.encoder.finish(prepared.split, self.add_special_tokens)
        self.pump.observe(STAGE_TOKENIZE, now() - began)
        if prompt is None:
            return None
        room = self.max_model_len - len(prompt)
        if room == self.max_model_len or room < 1:
            return None
        prepared.prompt = prompt
        prepared.max_tokens = room
        if 0 <= prepared.sampling.wanted < room:
            prepared.max_tokens = prepared.sampling.wanted
        if 0 <= self.override_max_tokens < prepared.max_tokens:
            prepared.max_tokens = self.override_max_tokens
        return prepared if prepared.request.min_tokens <= prepared.max_tokens else None

    def prepare(self, bytes body not None) -> Prepared:
        """Decode, render and tokenize."""
        cdef Prepared prepared = self.read(body, False)
        return None if prepared is None else self.encode(prepared)

    cdef bint encode_here(self, Prepared prepared) except -1:
        """Tokenize on the loop thread, and learn from it how much may be tokenized there.

        Ordinary text takes 5 ns a byte, text made to be slow sixty times as much: a request that took too long lowers
        the bound for those that follow, and each other one raises it a little.
        """
        cdef Py_ssize_t unseen = prepared.split.unseen
        cdef double began, took
        if unseen <= ALWAYS_INLINE:
            self.raise_bound()
            return self.encode(prepared) is not None
        began = thread_time()
        if self.encode(prepared) is None:
            return False
        took = thread_time() - began
        if took > self.inline_seconds:
            self.inline_unseen = max(ALWAYS_INLINE, <Py_ssize_t>(unseen * self.inline_seconds / took / 2))
        else:
            self.raise_bound()
        return True

    cdef raise_bound(self):
        if self.inline_unseen < self.most_inline_unseen:
            self.inline_unseen = min(self.most_inline_unseen, self.inline_unseen + 64)

    cdef watch_head(self, response):
        """After a while a stream's head leaves without an event. One timer for all: each waits as long."""
        if not self.waiting_heads:
            self.loop.call_later(self.head_grace, self.send_heads)
        self.waiting_heads.append((self.loop.time() + self.head_grace, response))

    def send_heads(self):
        waiting = self.waiting_heads
        now = self.loop.time()
        while waiting and waiting[0][0] <= now + 0.001:
            self.pump.send_head(waiting.popleft()[1])
        if waiting:
            self.loop.call_later(waiting[0][0] - now, self.send_heads)


include "lane_call.pxi"
