# SPDX-License-Identifier: Apache-2.0
# distutils: language = c++
# cython: language_level=3, freethreading_compatible=False
"""Token ids to text: the Vocab of a model and the Detokenizer of a stream, over core/vocab.hpp and core/detokenizer.hpp.

Only converts and calls. Knows nothing of requests.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport uint32_t
from libcpp.memory cimport make_unique
from libcpp.string cimport string
from libcpp.string_view cimport string_view
from libcpp.vector cimport vector

from fastfront._native.tokenizer_json import read_tokenizer_json

__all__ = ["Detokenizer", "Vocab"]

cdef uint32_t NO_TOKEN = 0xFFFFFFFF
# Most prompts are primed with this many of their last ids.
cdef Py_ssize_t PRIME_TAIL = 16


cdef vector[uint32_t] as_ids(object token_ids) except *:
    """Ids that are no uint32 are no tokens; vLLM passes over them too."""
    cdef vector[uint32_t] ids
    ids.reserve(len(token_ids))
    for token_id in token_ids:
        ids.push_back(<uint32_t>token_id if 0 <= token_id <= 0xFFFFFFFF else NO_TOKEN)
    return ids


cdef token_id_span as_span(const vector[uint32_t]& ids) noexcept nogil:
    return token_id_span(ids.data(), ids.size())


cdef class Vocab:
    def __cinit__(self):
        cdef VocabBuilder builder
        self.ptr = builder.build()

    def __init__(self):
        raise TypeError("a Vocab comes from Vocab.from_tokenizer_json() or Vocab.from_texts()")

    @staticmethod
    def from_tokenizer_json(tokenizer_json, tokenizer=None):
        source = read_tokenizer_json(tokenizer_json, tokenizer)
        if source is None:
            return None
        family, strips_leading_space = source.family
        cdef VocabBuilder builder = VocabBuilder(
            DecoderFamily.byte_level if family == "byte_level" else DecoderFamily.byte_fallback,
            <cpp_bool>strips_leading_space,
            <cpp_bool>source.metaspace,
        )
        cdef str text
        cdef dict vocab = source.vocab
        for text, token_id in vocab.items():
            if not builder.add_token(<uint32_t>token_id, as_utf8(text)):
                return None  # of two tokens with one id, `tokenizers` keeps whichever its hash map gives last
        for added in source.added:
            if not builder.add_added_token(
                <uint32_t>added.token_id, as_utf8(added.text), as_utf8(added.content), <cpp_bool>added.special
            ):
                return None
        cdef Vocab self = Vocab.__new__(Vocab)
        self.ptr = builder.build()
        return self

    @staticmethod
    def from_texts(texts, halves=(), *, str family, bint restored_spaces=False):
        cdef VocabBuilder builder = VocabBuilder(
            DecoderFamily.byte_level if family == "byte_level" else DecoderFamily.byte_fallback,
            <cpp_bool>restored_spaces,
            <cpp_bool>restored_spaces,
        )
        cdef str text
        for token_id, text in texts:
            if not builder.add_text(<uint32_t>token_id, as_utf8(text)):
                raise ValueError(f"token {token_id} is there twice, or beyond what a vocabulary holds")
        for token_id, text in halves:
            if not builder.add_token(<uint32_t>token_id, as_utf8(text)):
                raise ValueError(f"token {token_id} is there twice, or beyond what a vocabulary holds")
        cdef Vocab self = Vocab.__new__(Vocab)
        self.ptr = builder.build()
        return self

    @property
    def family(self):
        return "byte_level" if self.ptr.get().family() == DecoderFamily.byte_level else "byte_fallback"

    @property
    def size(self):
        return self.ptr.get().size()

    def decode(self, token_ids, skip_special_tokens=True):
        cdef vector[uint32_t] ids = as_ids(token_ids)
        cdef string text
        decode(self.ptr.get()[0], as_span(ids), skip_special_tokens, text)
        return PyUnicode_DecodeUTF8(text.data(), <Py_ssize_t>text.size(), NULL)

    def token_bytes(self, token_id):
        cdef Token token = self.ptr.get().token(as_ids((token_id,))[0])
        if not token.flags & kKnown:
            return None
        return PyBytes_FromStringAndSize(token.bytes.data(), <Py_ssize_t>token.bytes.size())


cdef class Detokenizer:
    def __init__(
        self,
        Vocab vocab not None,
        prompt_token_ids=(),
        *,
        skip_special_tokens=True,
        spaces_between_special_tokens=True,
    ):
        cdef DetokenizerOptions options
        options.skip_special_tokens = skip_special_tokens
        options.spaces_between_special_tokens = spaces_between_special_tokens
        self.ptr = make_unique[CppDetokenizer](vocab.ptr, options)
        cdef Py_ssize_t size = len(prompt_token_ids)
        cdef vector[uint32_t] ids = as_ids(prompt_token_ids[max(size - PRIME_TAIL, 0):])
        cdef cpp_bool whole = size <= PRIME_TAIL
        while not self.ptr.get().prime(as_span(ids), whole):
            ids = as_ids(prompt_token_ids)
            whole = True

    def push(self, token_ids):
        cdef vector[uint32_t] ids = as_ids(token_ids)
        cdef string text
        cdef uint32_t token_id
        for token_id in ids:
            self.ptr.get().push(token_id, text)
        return PyUnicode_DecodeUTF8(text.data(), <Py_ssize_t>text.size(), NULL)

    def push_shown(self, token_id):
        cdef string text
        self.ptr.get().push_shown(as_ids((token_id,))[0], text)
        return PyUnicode_DecodeUTF8(text.data(), <Py_ssize_t>text.size(), NULL)
