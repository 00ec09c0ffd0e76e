# SPDX-License-Identifier: Apache-2.0
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Chats that come back with another turn: messages remembered as the client wrote them, and what each is in ids.

A known beginning of a body is recognised by comparing bytes, so that only the rest of it has to be decoded, rendered and
split. Knows messages and places in JSON (core/json_messages.hpp), and of templates only what a Plan says; how plans come
about is prompt/chat_plan.py's.
"""

from collections import deque
from os import urandom

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_ITEM
from cpython.unicode cimport PyUnicode_GET_LENGTH
from libc.string cimport memcmp
from libcpp.memory cimport shared_ptr
from libcpp.string_view cimport string_view
from libcpp.vector cimport vector

from fastfront._native cimport core, prompt_parts
from fastfront._native.prompt cimport EncodedPrompt, SegmentEncoder, SplitPrompt

from fastfront._native.template import RecipeBook

ctypedef shared_ptr[const prompt_parts.IdRun] Ids

cdef object reader = RecipeBook()

cdef Py_ssize_t HEAD_BYTES = 65536     # of a body, where its messages begin: tools may come before them
cdef Py_ssize_t OVERHEAD_BYTES = 1024  # of a message, beside its texts and ids
cdef Ids NO_IDS = prompt_parts.IdRun.of(core.token_span())


cdef class Slot:
    """What a recipe does with the content at one of its places."""

    cdef object recipe        # of a single content: it and the literals around it
    cdef SplitPrompt before   # the literals; None: the content is not printed
    cdef SplitPrompt after

    def __init__(self, recipe not None, SplitPrompt before, SplitPrompt after):
        self.recipe, self.before, self.after = recipe, before, after


cdef class Outcome:
    """What came of a content in a slot. Its pieces have ids, or are still to be tokenized."""

    cdef bint fits
    cdef SplitPrompt split
    cdef size_t first
    cdef size_t last
    cdef Py_ssize_t chars
    cdef Ids ids

    cdef bint finish(self, SegmentEncoder segments) except -1:
        if self.split is not None:
            if not segments.part_of(self.split, self.first, self.last, self.ids):
                return False
            self.split = None
        return True


cdef Outcome outcome_of(Slot slot, str content, split):
    """None: it has to be left to the general way."""
    cdef Outcome made = Outcome.__new__(Outcome)
    cdef SplitPrompt local
    cdef size_t first, last, n, after_first
    cdef size_t shift
    made.ids = NO_IDS
    text = slot.recipe.render([content])
    if text is None:
        return made
    made.fits = True
    if slot.before is None:
        return made
    local = split(text)
    if local is None:
        return None
    # The special tokens of the literals must stand where they stand without the content: then the content's pieces are
    # what lies between, whatever is before and behind the literals.
    first, after_first = slot.before.specials_end(), slot.after.specials_begin()
    if local.pieces.size() < first + slot.after.pieces.size() - after_first:
        return None
    last = local.pieces.size() - (slot.after.pieces.size() - after_first)
    shift = local.utf8.size() - slot.after.utf8.size()
    for n in range(first):
        if not same(local.pieces[n], slot.before.pieces[n], 0):
            return None
    for n in range(slot.after.pieces.size() - after_first):
        if not same(local.pieces[last + n], slot.after.pieces[after_first + n], shift):
            return None
    made.split, made.first, made.last = local, first, last
    made.chars = PyUnicode_GET_LENGTH(text) - PyUnicode_GET_LENGTH(slot.before.text) - PyUnicode_GET_LENGTH(slot.after.text)
    return made


cdef inline bint same(const prompt_parts.Piece& found, const prompt_parts.Piece& expected, size_t shift) noexcept:
    return (
        found.begin == expected.begin + shift and found.end == expected.end + shift
        and found.special == expected.special and found.special_id == expected.special_id
    )


cdef class Message:
    """A message as a client wrote it. Without content: forgotten."""

    cdef bytes raw
    cdef char letter         # in a shape
    cdef str content
    cdef Message follower    # which came behind it last
    cdef Slot slot           # the last that it stood in ...
    cdef Outcome outcome     # ... and what came of it
    cdef Py_ssize_t cost
    cdef bint used           # since it was last considered for eviction


cdef class Chat:
    """A chat that a body holds, as far as it is known."""

    cdef list messages
    cdef bytes body
    cdef Py_ssize_t known_end   # of the body's known part: a new message, or the messages' end
    cdef readonly bytes rest

    @property
    def known(self) -> int:
        return len(self.messages)

    @property
    def shape(self) -> bytes:
        cdef Py_ssize_t size = len(self.messages)
        cdef Py_ssize_t n
        cdef bytes made = PyBytes_FromStringAndSize(NULL, size)
        for n in range(size):
            PyBytes_AS_STRING(made)[n] = (<Message>PyList_GET_ITEM(self.messages, n)).letter
        return made


cdef class ChatPrompt:
    """The prompt of a chat, message by message."""

    cdef Plan plan
    cdef list outcomes
    cdef readonly Py_ssize_t unseen
    cdef readonly Py_ssize_t chars

    def encode(self):
        """Tokenize what is unseen and put all together; None if a piece cannot be encoded."""
        cdef EncodedPrompt made = EncodedPrompt.__new__(EncodedPrompt)
        cdef vector[Ids] parts
        cdef Outcome outcome
        cdef size_t n = 0
        parts.reserve(2 * self.plan.between.size())
        for outcome in self.outcomes:
            if not outcome.finish(self.plan.segments):
                return None
            parts.push_back(self.plan.between[n])
            parts.push_back(outcome.ids)
            n += 1
        parts.push_back(self.plan.between[n])
        made.encoded.append(prompt_parts.id_run_span(parts.data(), parts.size()))
        return made


cdef class Plan:
    """How a recipe's prompts are put together from ids."""

    cdef readonly SegmentEncoder segments
    cdef list slots
    cdef vector[Ids] between   # before each slot's content, and behind the last
    cdef Py_ssize_t chars      # of the literals

    def __init__(self, SegmentEncoder segments not None, list slots not None, list literals not None):
        cdef SplitPrompt literal
        cdef Ids ids
        cdef size_t first, last
        cdef Py_ssize_t n = 0
        self.segments, self.slots = segments, slots
        if not literals or len(literals) != 1 + sum((<Slot?>slot).before is not None for slot in slots):
            raise ValueError("there must be a literal around every printed content")
        for literal in literals:
            self.chars += PyUnicode_GET_LENGTH(literal.text)
        for slot in [*slots, None]:
            if slot is not None and (<Slot>slot).before is None:
                self.between.push_back(NO_IDS)
                continue
            literal = literals[n]
            first = literal.specials_begin() if n else 0
            last = literal.specials_end() if slot is not None else literal.pieces.size()
            n += 1
            ids = NO_IDS
            if first < last and not segments.part_of(literal, first, last, ids):
                raise ValueError("a literal cannot be encoded")
            self.between.push_back(ids)

    def prompt(self, Chat chat not None, split not None):
        """Return the chat's ChatPrompt; None if its contents are not the recipe's, or not to be taken apart."""
        cdef ChatPrompt made = ChatPrompt.__new__(ChatPrompt)
        cdef Message message
        cdef Slot slot
        cdef Outcome outcome
        cdef Py_ssize_t n
        if len(chat.messages) != len(self.slots):
            return None
        made.plan, made.outcomes, made.chars = self, [], self.chars
        for n in range(len(self.slots)):
            message = <Message>PyList_GET_ITEM(chat.messages, n)
            slot = <Slot>PyList_GET_ITEM(self.slots, n)
            outcome = message.outcome
            if message.slot is not slot:
                content = message.content
                outcome = None if content is None else outcome_of(slot, content, split)
                if outcome is None:
                    return None
                message.slot, message.outcome = slot, outcome
            if not outcome.fits:
                return None
            if outcome.split is not None:
                made.unseen += outcome.split.unseen
            made.chars += outcome.chars
            made.outcomes.append(outcome)
        return made


cdef class ChatMemory:
    """The messages of chats seen before, bounded in bytes. To be used with the GIL."""

    cdef dict messages           # raw -> Message
    cdef object queue            # deque of them, in order of arrival
    cdef object as_parts
    cdef Py_ssize_t max_bytes
    cdef readonly Py_ssize_t bytes_held
    cdef bytes stand_in          # what stands for the known messages while the rest is decoded
    cdef dict decoded_stand_in

    def __init__(self, Py_ssize_t max_bytes, as_parts):
        cdef str secret = urandom(16).hex()  # that no client can write
        self.messages, self.queue = {}, deque()
        self.as_parts, self.max_bytes = as_parts, max_bytes
        self.stand_in = b'{"role":"%b"}' % secret.encode()
        self.decoded_stand_in = {"role": secret}

    def __len__(self):
        return len(self.messages)

    def recognise(self, bytes body not None):
        """Return the Chat whose beginning is known; None if little or nothing of it is."""
        cdef string_view json = string_view(PyBytes_AS_STRING(body), <size_t>PyBytes_GET_SIZE(body))
        cdef size_t begin = prompt_parts.find_messages(json, HEAD_BYTES)
        cdef size_t at = begin
        cdef size_t end, size, following
        cdef list known = []
        cdef Message message, before = None
        cdef Chat chat
        if begin == prompt_parts.kNowhere:
            return None
        while True:
            message = None if before is None else before.follower
            if message is not None:
                size = 0 if message.raw is None else <size_t>PyBytes_GET_SIZE(message.raw)
                if size == 0 or size > json.size() - at or memcmp(json.data() + at, PyBytes_AS_STRING(message.raw), size) != 0:
                    message = None
            if message is None:
                end = prompt_parts.find_object_end(json, at)
                if end == prompt_parts.kNowhere:
                    return None
                message = self.messages.get(body[at:end])
                if message is None:
                    break
                if before is not None:
                    before.follower = message
            else:
                end = at + size
            message.used = True
            known.append(message)
            before = message
            following = prompt_parts.find_next_object(json, end)
            if following == prompt_parts.kNowhere:
                at = prompt_parts.skip_json_space(json, end)
                break
            at = following
        if before is None or (at - begin) * 2 < json.size():
            return None
        chat = Chat.__new__(Chat)
        chat.messages, chat.body, chat.known_end = known, body, <Py_ssize_t>at
        chat.rest = body[:begin] + self.stand_in + (b"," if at < json.size() and json.data()[at] == c"{" else b"") + body[at:]
        return chat

    def complete(self, Chat chat not None, list messages):
        """Add the messages that came of the chat's rest. False: it is not what it looked like."""
        if not messages or messages[0] != self.decoded_stand_in:
            return False
        added = self.read(chat.body, chat.known_end, messages[1:])
        if added is None:
            return False
        chat.messages += added[0]
        return True

    def remember(self, bytes body not None, list messages not None, decode not None):
        """Remember all messages of a body: `messages` is what `decode` makes of them."""
        cdef string_view json = string_view(PyBytes_AS_STRING(body), <size_t>PyBytes_GET_SIZE(body))
        cdef size_t begin = prompt_parts.find_messages(json, HEAD_BYTES)
        cdef Chat chat
        if begin == prompt_parts.kNowhere:
            return
        read = self.read(body, <Py_ssize_t>begin, messages)
        if read is None:
            return
        added, end = read
        # They are the body's messages if whatever stands in their place is.
        try:
            if decode(body[:begin] + self.stand_in + body[end:]).messages != [self.decoded_stand_in]:
                return
        except Exception:
            return
        chat = Chat.__new__(Chat)
        chat.messages = added
        self.keep(chat)

    cdef tuple read(self, bytes body, Py_ssize_t begin, list messages):
        """Return a Message for each of those that begin there in the body, and where they end."""
        cdef string_view json = string_view(PyBytes_AS_STRING(body), <size_t>PyBytes_GET_SIZE(body))
        cdef size_t at = <size_t>begin
        cdef size_t end = at
        cdef list added = []
        cdef Message message
        for decoded in messages:
            if at == prompt_parts.kNowhere:
                return None
            end = prompt_parts.find_object_end(json, at)
            found = reader.read([decoded], self.as_parts)
            if end == prompt_parts.kNowhere or found is None:
                return None
            letters, texts = found
            if len(letters) != 1 or len(texts) != 1:
                return None  # calls and their results: what is printed of them depends on more than one text
            message = Message.__new__(Message)
            message.raw, message.content = body[at:end], texts[0]
            message.letter = PyBytes_AS_STRING(letters)[0]
            added.append(message)
            at = prompt_parts.find_next_object(json, end)
        if messages and at != prompt_parts.kNowhere:
            return None
        return added, <Py_ssize_t>prompt_parts.skip_json_space(json, end)

    def keep(self, Chat chat not None):
        """Remember the chat's messages, and that each follows the one before."""
        cdef Message message, known, before = None
        for message in chat.messages:
            if message.content is None:
                return
            known = self.messages.get(message.raw) if message.cost == 0 else message
            if known is None:
                known = message
                message.cost = 3 * len(message.raw) + OVERHEAD_BYTES  # raw, content and ids
                if message.cost > self.max_bytes:
                    return
                self.make_room(message.cost)
                self.messages[message.raw] = message
                self.queue.append(message)
                self.bytes_held += message.cost
            if before is not None:
                before.follower = known
            before = known

    cdef make_room(self, Py_ssize_t size):
        cdef Message message
        while self.bytes_held + size > self.max_bytes and self.queue:
            message = self.queue.popleft()
            if message.used:
                message.used = False
                self.queue.append(message)  # a second chance
                continue
            del self.messages[message.raw]
            self.bytes_held -= message.cost
            message.raw = message.content = message.follower = message.slot = message.outcome = None
