# SPDX-License-Identifier: Apache-2.0
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Prompts as ids in the engine's wire form, and the memory of what parts of them are (core/segment_cache.hpp).

Only converts and calls. Knows neither requests nor whose tokenizer it is.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from cython.operator cimport dereference as deref
from libc.stdint cimport uint32_t
from libcpp.memory cimport make_unique, shared_ptr
from libcpp.optional cimport optional
from libcpp.string cimport string
from libcpp.string_view cimport string_view
from libcpp.utility cimport pair
from libcpp.vector cimport vector

from fastfront._native cimport core, prompt_parts
from fastfront._native.text cimport as_utf8


cdef core.token_span ids_of(bytes flat) noexcept:
    # A bytes object's data is aligned for any integer.
    return core.token_span(<const uint32_t*>PyBytes_AS_STRING(flat), <size_t>(PyBytes_GET_SIZE(flat) // 4))


cdef class EncodedPrompt:
    @staticmethod
    def of(bytes flat not None):
        cdef EncodedPrompt made = EncodedPrompt.__new__(EncodedPrompt)
        made.encoded.append(ids_of(flat))
        return made

    def __len__(self):
        return <Py_ssize_t>self.encoded.count

    def ids(self) -> list:
        return <list>self.encoded.ids()

    def last_of(self, tuple wanted not None):
        cdef vector[uint32_t] ids = wanted
        cdef optional[uint32_t] found = self.encoded.last_of(core.token_span(ids.data(), ids.size()))
        return found.value() if found.has_value() else None


cdef class SplitPrompt:
    """A text in pieces, some of which have ids."""

    cdef vector[prompt_parts.UnseenRun] runs(self, size_t run_bytes):
        return prompt_parts.unseen_runs(prompt_parts.piece_span(self.pieces.data(), self.pieces.size()), run_bytes)

    cdef list run_texts(self, const vector[prompt_parts.UnseenRun]& runs):
        cdef list texts = []
        cdef size_t n, begin, end
        for n in range(runs.size()):
            begin, end = self.pieces[runs[n].first].begin, self.pieces[runs[n].last - 1].end
            if end - begin == self.utf8.size():
                texts.append(self.text)
            else:
                texts.append(PyUnicode_DecodeUTF8(self.utf8.data() + begin, <Py_ssize_t>(end - begin), NULL))
        return texts

    def unseen_texts(self) -> list:
        return self.run_texts(self.runs(self.run_bytes))

    @property
    def has_specials(self) -> bool:
        return self.specials_end() != 0

    cdef size_t specials_end(self) noexcept:
        """Behind the last special token among the pieces; 0: there is none."""
        cdef size_t n = self.pieces.size()
        while n != 0 and not self.pieces[n - 1].special:
            n -= 1
        return n

    cdef size_t specials_begin(self) noexcept:
        """The first special token among the pieces, or their end."""
        cdef size_t n = 0
        while n < self.pieces.size() and not self.pieces[n].special:
            n += 1
        return n


cdef class SegmentEncoder:
    def __init__(
        self, dict special_tokens not None, encode_texts, tuple ends not None, Py_ssize_t max_bytes, Py_ssize_t run_bytes
    ):
        cdef vector[pair[string, uint32_t]] tokens
        for text, token_id in special_tokens.items():
            tokens.push_back(pair[string, uint32_t](<string>(<str>text).encode(), <uint32_t>token_id))
        if not prompt_parts.SpecialTokens.suits(tokens):
            raise ValueError("too many or too various special tokens to look for")
        self.cache = make_unique[prompt_parts.SegmentCache](prompt_parts.SpecialTokens(tokens), <size_t>max_bytes)
        self.encode_texts, self.run_bytes = encode_texts, <size_t>run_bytes
        self.head, self.tail = ends

    @property
    def segments(self) -> int:
        return <Py_ssize_t>deref(self.cache).size()

    @property
    def bytes_held(self) -> int:
        return <Py_ssize_t>deref(self.cache).bytes()

    def split(self, str text not None) -> SplitPrompt:
        cdef SplitPrompt made = SplitPrompt.__new__(SplitPrompt)
        cdef size_t i
        made.text, made.run_bytes = text, self.run_bytes
        made.utf8 = as_utf8(text)
        made.pieces = deref(self.cache).split(made.utf8)
        for i in range(made.pieces.size()):
            if not made.pieces[i].special and not made.pieces[i].ids:
                made.unseen += <Py_ssize_t>(made.pieces[i].end - made.pieces[i].begin)
        return made

    def encode(self, SplitPrompt prompt not None, bint add_special_tokens):
        cdef EncodedPrompt made = EncodedPrompt.__new__(EncodedPrompt)
        if prompt.unseen and not self.look_up(prompt):
            return None
        if add_special_tokens:
            made.encoded.append(core.token_span(self.head.data(), self.head.size()))
        made.encoded.append(prompt_parts.piece_span(prompt.pieces.data(), prompt.pieces.size()))
        if add_special_tokens:
            made.encoded.append(core.token_span(self.tail.data(), self.tail.size()))
        return made

    cdef bint look_up(self, SplitPrompt prompt) except -1:
        """Have all that is unseen tokenized; False if it cannot be."""
        if not self.look_up_runs(prompt, self.run_bytes) and not (self.run_bytes and self.look_up_runs(prompt, 0)):
            return False
        prompt.unseen = 0
        return True

    cdef bint look_up_runs(self, SplitPrompt prompt, size_t run_bytes) except -1:
        cdef vector[prompt_parts.UnseenRun] runs = prompt.runs(run_bytes)
        cdef vector[core.token_span] ids
        cdef prompt_parts.Piece* piece
        cdef size_t n, i
        cdef list found = self.encode_texts(prompt.run_texts(runs))
        if found is None:
            return False
        for n in range(runs.size()):
            ids = prompt_parts.deal_out(
                prompt_parts.piece_span(prompt.pieces.data() + runs[n].first, runs[n].last - runs[n].first), ids_of(found[n])
            )
            if ids.empty():
                return False
            for i in range(ids.size()):
                piece = &prompt.pieces[runs[n].first + i]
                if not piece.special and not piece.ids:
                    deref(self.cache).remember(
                        deref(piece), prompt.utf8.substr(piece.begin, piece.end - piece.begin), ids[i]
                    )
        return True

    cdef bint part_of(
        self, SplitPrompt prompt, size_t first, size_t last, shared_ptr[const prompt_parts.IdRun]& part
    ) except -1:
        """Set `part` to what the pieces from `first` to before `last` are in ids; False if a piece cannot be encoded."""
        if prompt.unseen and not self.look_up(prompt):
            return False
        if last == first + 1 and not prompt.pieces[first].special:
            (&part)[0] = prompt.pieces[first].ids
            return True
        (&part)[0] = prompt_parts.join(prompt_parts.piece_span(prompt.pieces.data() + first, last - first))
        return True
