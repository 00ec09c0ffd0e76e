# SPDX-License-Identifier: Apache-2.0
"""Reads tokenizer.json, once: for the `tokenizers` object, and for what the native detokenizer needs of it.

`Tokenizer.from_file` puts a vocabulary into an intermediate form first and takes half as long again as its parts, a
third of a server's start. So the model of most files is made of the lists that are decoded here anyway, and the library
reads the rest. A file with anything unusual in it is left to the library. Must not know tokenizer_config.json.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from tokenizers import AddedToken, Tokenizer, models

from fastfront._native.tokenizer_json import AddedTokenJson, ModelJson, TokenId, TokenizerJson, decode_tokenizer_json


class _Model(msgspec.Struct, forbid_unknown_fields=True):
    """A BPE model of which every member is known: another might mean something."""

    type: Literal["BPE"]
    vocab: dict[str, TokenId]
    merges: msgspec.Raw
    dropout: None = None
    unk_token: str | None = None
    continuing_subword_prefix: str | None = None
    end_of_word_suffix: str | None = None
    fuse_unk: bool = False
    byte_fallback: bool = False
    ignore_merges: bool = False


class _Added(msgspec.Struct, forbid_unknown_fields=True):
    id: TokenId
    content: str
    single_word: bool
    lstrip: bool
    rstrip: bool
    normalized: bool
    special: bool


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """A tokenizer.json with such a model. Truncation and padding are a training run's and not taken over."""

    model: _Model
    version: Literal["1.0"]
    added_tokens: list[_Added] = []
    normalizer: msgspec.Raw = msgspec.Raw(b"null")
    pre_tokenizer: msgspec.Raw = msgspec.Raw(b"null")
    post_processor: msgspec.Raw = msgspec.Raw(b"null")
    decoder: msgspec.Raw = msgspec.Raw(b"null")
    truncation: msgspec.Raw = msgspec.Raw(b"null")
    padding: msgspec.Raw = msgspec.Raw(b"null")


_decoder = msgspec.json.Decoder(_File)
_merges_decoder = msgspec.json.Decoder(list[tuple[str, str]])
"""Files from before `tokenizers` 0.20 have lines in place of pairs, which the library reads as fast as can be."""

_TEXTS = ("unk_token", "continuing_subword_prefix", "end_of_word_suffix")
"""Members that are given to the library only where there are any: it takes no None."""


def load_tokenizer(data: bytes) -> tuple[Tokenizer, TokenizerJson | None]:
    """Return what `tokenizers` makes of a tokenizer.json, without its truncation and padding, and the file's content.

    The content is None if its vocabulary is no object of ids. Raises what `tokenizers` raises, a plain Exception.
    """
    try:
        file = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _left_to_the_library(data), decode_tokenizer_json(data)
    try:
        return _assemble(file), _content(file)
    except (msgspec.ValidationError, _UnusualError):
        return _left_to_the_library(data), _content(file)


def _left_to_the_library(data: bytes) -> Tokenizer:
    tokenizer = Tokenizer.from_buffer(data)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


class _UnusualError(Exception):
    """The library may make something else of a file than what is made here."""


def _assemble(file: _File) -> Tokenizer:
    model, merges = file.model, _merges_decoder.decode(file.model.merges)
    shell = {
        "version": file.version,
        "normalizer": file.normalizer,
        "pre_tokenizer": file.pre_tokenizer,
        "post_processor": file.post_processor,
        "decoder": file.decoder,
        "model": {"type": "BPE", "vocab": {}, "merges": []},
    }
    try:
        tokenizer = Tokenizer.from_str(msgspec.json.encode(shell).decode())
        tokenizer.model = models.BPE(
            vocab=model.vocab,
            merges=merges,
            fuse_unk=model.fuse_unk,
            byte_fallback=model.byte_fallback,
            ignore_merges=model.ignore_merges,
            **{name: text for name in _TEXTS if (text := getattr(model, name)) is not None},
        )
    except Exception as error:  # the library raises plain Exception; `from_file` says what is wrong in its own words
        raise _UnusualError from error
    flags = ("single_word", "lstrip", "rstrip", "normalized", "special")
    tokenizer.add_tokens(
        [AddedToken(token.content, **{flag: getattr(token, flag) for flag in flags}) for token in file.added_tokens]
    )
    if any(tokenizer.token_to_id(token.content) != token.id for token in file.added_tokens):
        raise _UnusualError
    return tokenizer


def _content(file: _File) -> TokenizerJson:
    return TokenizerJson(
        model=ModelJson(vocab=file.model.vocab),
        added_tokens=[
            AddedTokenJson(id=token.id, content=token.content, normalized=token.normalized, special=token.special)
            for token in file.added_tokens
        ],
        normalizer=file.normalizer,
        pre_tokenizer=msgspec.json.decode(file.pre_tokenizer),
        decoder=msgspec.json.decode(file.decoder),
    )
