# SPDX-License-Identifier: Apache-2.0
"""Reads from a tokenizer.json what detokenizing needs: the decoder's family, and for each id the text its decoder gets.

Says None wherever the native table could differ from `tokenizers` in one byte: such a tokenizer is decoded in Python.
Knows the file's layout (tokenizers 0.21 to 0.23) and nothing of streams. The merges, most of the file, are skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeAlias

import msgspec

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Family: TypeAlias = tuple[str, bool]
"""A decoder family's name ("byte_level" or "byte_fallback"), and whether it strips one leading space."""


TokenId: TypeAlias = Annotated[int, msgspec.Meta(ge=0, lt=1 << 24)]
"""The bound is core/vocab.hpp's kMaxTokenId."""


class AddedToken(NamedTuple):
    """An added token: `text` is what the decoder gets for it, `content` what the tokenizer lists."""

    token_id: int
    text: str
    content: str
    special: bool


class VocabSource(NamedTuple):
    """All that a Vocab is built from. An added token takes the place of the token in `vocab` that has its id."""

    family: Family
    vocab: dict[str, int]
    added: list[AddedToken]
    metaspace: bool = False
    """The pre-tokenizer is Metaspace: a leading space of a token is a marker (get_leading_space_marker in vLLM)."""


class AddedTokenJson(msgspec.Struct):
    id: TokenId
    content: str
    normalized: bool = False
    special: bool = False


class ModelJson(msgspec.Struct):
    vocab: dict[str, TokenId]
    type: str = "BPE"  # files of the first versions have no type


class TokenizerJson(msgspec.Struct):
    """What is read of a tokenizer.json."""

    model: ModelJson
    added_tokens: list[AddedTokenJson] = []
    normalizer: msgspec.Raw = msgspec.Raw(b"null")
    pre_tokenizer: dict[str, Any] | None = None
    decoder: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(TokenizerJson)

_REPLACE = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
_STRIP = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
_BYTE_FALLBACK = [_REPLACE, {"type": "ByteFallback"}, {"type": "Fuse"}]


def decode_tokenizer_json(data: bytes | str) -> TokenizerJson | None:
    """Decode a tokenizer.json, which takes some time; None if its vocabulary is no object of ids.

    Raises ValueError if `data` is not JSON.
    """
    try:
        return _decoder.decode(data)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"tokenizer.json is not valid JSON: {error}") from error


def read_tokenizer_json(
    data: bytes | str | TokenizerJson | None, tokenizer: Tokenizer | None = None
) -> VocabSource | None:
    """Read a tokenizer.json, or say None if its decoder is of no family whose tokens can be tabled.

    With `tokenizer`, made from the same file and perhaps changed since (tokenizer_config.json adds tokens), decoder,
    pre-tokenizer and added tokens are its own. Raises ValueError if `data` is not JSON.
    """
    source = decode_tokenizer_json(data) if isinstance(data, bytes | str) else data
    if source is None:
        return None
    vocab = source.model.vocab
    if source.model.type != "BPE":
        return None
    pre_tokenizer = source.pre_tokenizer
    if tokenizer is None:
        family, added = detect_family(source.decoder), _read_added_tokens(source)
    else:
        if tokenizer.get_vocab_size(with_added_tokens=False) != len(vocab):
            return None
        state = None if tokenizer.decoder is None else tokenizer.decoder.__getstate__()
        family, added = detect_family(msgspec.json.decode(state) if state else None), _ask_added_tokens(tokenizer)
        state = None if tokenizer.pre_tokenizer is None else tokenizer.pre_tokenizer.__getstate__()
        pre_tokenizer = msgspec.json.decode(state) if state else None
    if family is None or added is None:
        return None
    return VocabSource(family, vocab, added, _is_metaspace(pre_tokenizer))


def _is_metaspace(pre_tokenizer: dict[str, Any] | None) -> bool:
    if pre_tokenizer is None:
        return False
    if pre_tokenizer.get("type") == "Sequence":
        chain = pre_tokenizer.get("pretokenizers")
        return isinstance(chain, list) and any(
            isinstance(step, dict) and step.get("type") == "Metaspace" for step in chain
        )
    return pre_tokenizer.get("type") == "Metaspace"


def detect_family(decoder: dict[str, Any] | None) -> Family | None:
    """Return the family of a tokenizer.json's `decoder` member, or None."""
    if decoder is None:
        return None
    chain = decoder.get("decoders") if decoder.get("type") == "Sequence" else [decoder]
    if not isinstance(chain, list) or not all(isinstance(step, dict) for step in chain):
        return None
    # ByteLevel's options are about encoding; it gives one string, which a Fuse behind it leaves alone.
    if [step.get("type") for step in chain] in (["ByteLevel"], ["ByteLevel", "Fuse"]):
        return "byte_level", False
    if chain == _BYTE_FALLBACK:
        return "byte_fallback", False
    if chain == [*_BYTE_FALLBACK, _STRIP]:
        return "byte_fallback", True
    return None


def _read_added_tokens(source: TokenizerJson) -> list[AddedToken] | None:
    """Give the added tokens the ids that `tokenizers` gives them, or say None if the file claims others."""
    vocab = source.model.vocab
    tokens = [token for token in source.added_tokens if token.content]
    ids: dict[str, int] = {}
    next_id = len(vocab)
    for token in tokens:
        if token.content not in ids:
            token_id = vocab.get(token.content)
            if token_id is None:
                token_id, next_id = next_id, next_id + 1
                # Where an added token of the model has a greater id, `tokenizers` has counted in two ways.
                if ids and max(ids.values()) >= token_id:
                    return None
            ids[token.content] = token_id
        if ids[token.content] != token.id:
            return None
    texts = {token.content: token.content for token in tokens}
    if any(token.normalized for token in tokens) and bytes(source.normalizer) != b"null":
        texts.update(_ask_normalized_texts(source))
    special = {token.content for token in tokens if token.special}
    # A content listed twice keeps its last properties, but once special it stays special.
    return [AddedToken(i, texts[content], content, texts[content] in special) for content, i in ids.items()]


def _ask_normalized_texts(source: TokenizerJson) -> dict[str, str]:
    """Let `tokenizers` say what the decoder gets for normalized added tokens: its versions differ in that."""
    from tokenizers import Tokenizer

    fields = ("content", "normalized", "special")
    tokens = [
        {"id": i, "single_word": False, "lstrip": False, "rstrip": False}
        | {name: getattr(token, name) for name in fields}
        for i, token in enumerate(source.added_tokens)
        if token.normalized
    ]
    model = {"type": "BPE", "vocab": {}, "merges": []}
    skeleton = {"version": "1.0", "added_tokens": tokens, "normalizer": source.normalizer, "model": model}
    tokenizer = Tokenizer.from_str(msgspec.json.encode(skeleton).decode())
    added = tokenizer.get_added_tokens_decoder()
    return {token.content: text for i, token in added.items() if (text := tokenizer.id_to_token(i)) is not None}


def _ask_added_tokens(tokenizer: Tokenizer) -> list[AddedToken]:
    """Read the added tokens from a live tokenizer."""
    added = []
    for token_id, token in tokenizer.get_added_tokens_decoder().items():
        # Whether it is skipped is seen, not read: a token once special stays so whatever it was added as later. Twice,
        # because Strip may leave nothing of one.
        special = not tokenizer.decode([token_id, token_id], skip_special_tokens=True)
        text = tokenizer.id_to_token(token_id)
        if text is not None:
            added.append(AddedToken(token_id, text, token.content, special))
    return added
