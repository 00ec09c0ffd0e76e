# SPDX-License-Identifier: Apache-2.0
"""What the embedded engine needs of a model directory: the tokenizer, the end tokens, the context length.

No weights, no chat template: the engine sees token ids only, as a real one does. Must not know requests or sockets.
"""

from __future__ import annotations

import dataclasses
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from tokenizers import Tokenizer

from fastfront.errors import StartupError

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_MAX_MODEL_LEN = 32_768
"""Where neither the command line nor config.json says."""

_ROLE = re.compile("user|assistant", re.IGNORECASE)
_LENGTH_KEYS = ("max_position_embeddings", "max_sequence_length", "n_positions", "seq_length")


@dataclasses.dataclass(frozen=True)
class LoadedModel:
    """A tokenizer and the few numbers of the configuration that matter to the engine."""

    tokenizer: Tokenizer
    marker_token_ids: frozenset[int]
    """Tokens that part a chat's messages: the special ones, and those that name a role (DeepSeek's are not special)."""
    end_token_ids: tuple[int, ...]
    max_model_len: int
    dtype: str
    separator: str
    """What stands before a sentence that follows another: a space, unless the tokenizer puts it there itself."""

    @classmethod
    def load(cls, path: Path, max_model_len: int | None = None) -> LoadedModel:
        """Load a directory (or a tokenizer.json). Raises StartupError where there is nothing to load."""
        file = path / "tokenizer.json" if path.is_dir() else path
        try:
            tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises plain Exception
            raise StartupError(f"cannot load the tokenizer {file}: {error}") from None
        config = _read_json(file.parent / "config.json")
        generation = _read_json(file.parent / "generation_config.json")
        text_config = config.get("text_config")
        config = {**text_config, **config} if isinstance(text_config, dict) else config
        lengths = [config[key] for key in _LENGTH_KEYS if isinstance(config.get(key), int)]
        added = tokenizer.get_added_tokens_decoder()
        return cls(
            tokenizer=tokenizer,
            marker_token_ids=frozenset(i for i, token in added.items() if token.special or _ROLE.search(token.content)),
            end_token_ids=_end_token_ids(generation) or _end_token_ids(config),
            max_model_len=max_model_len or (lengths[0] if lengths else DEFAULT_MAX_MODEL_LEN),
            dtype=str(config.get("dtype") or config.get("torch_dtype") or "bfloat16"),
            separator=_separator(tokenizer),
        )

    @property
    def vocab_size(self) -> int:
        """The number of tokens."""
        return int(self.tokenizer.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text, without any that the tokenizer would put around it."""
        return _encode(self.tokenizer, text)

    def decode(self, token_ids: list[int]) -> str:
        """Return the text of tokens, special ones included; ids that the tokenizer does not have give nothing."""
        try:
            return str(self.tokenizer.decode(token_ids, skip_special_tokens=False))
        except (OverflowError, TypeError):  # an id that is no uint32
            return ""


@lru_cache(maxsize=4096)
def _encode(tokenizer: Tokenizer, text: str) -> list[int]:
    """Encode with a memory: an answer's sentences are mostly the same ones. The list is shared: never change it."""
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


def _separator(tokenizer: Tokenizer) -> str:
    """Find out whether the tokenizer puts a space before a text that follows another (SentencePiece does)."""
    ids = [i for word in ("one", "two") for i in tokenizer.encode(word, add_special_tokens=False).ids]
    return "" if tokenizer.decode(ids) == "one two" else " "


def _end_token_ids(config: dict[str, Any]) -> tuple[int, ...]:
    value = config.get("eos_token_id")
    return tuple(i for i in (value if isinstance(value, list) else [value]) if isinstance(i, int))


def _read_json(file: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StartupError(f"cannot read {file}: {error}") from None
