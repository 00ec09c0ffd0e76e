# SPDX-License-Identifier: Apache-2.0
"""Text to token ids and back, as vLLM's tokenizer does it; safe to share between threads.

`tokenizers` is the reference; fastokens encodes in its place where both agree (fast_encoder.py). Nothing here changes
the `tokenizers` object after loading (prompts are cut by hand), because a change while another thread encodes is what
raises "Already borrowed". Must not know requests or chat templates.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from fastfront._native.tokenizer_json import TokenizerJson
from fastfront.errors import StartupError
from fastfront.prompt.fast_encoder import FastEncoderLoader, template_ids
from fastfront.prompt.files import ModelFiles
from fastfront.prompt.tokenizer_config import TokenizerConfig
from fastfront.prompt.tokenizer_file import load_tokenizer

logger = logging.getLogger(__name__)


def _ignore(_: float) -> None:
    pass


class PromptTokenizer:
    """A model's tokenizer. Every method may be called from several threads at once."""

    def __init__(self, tokenizer: Tokenizer, config: TokenizerConfig, source: TokenizerJson | None = None) -> None:
        """Take what was made from a tokenizer.json, and its content where it has been read."""
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self.decodes_otherwise = config.apply(tokenizer)
        """Whether decoding, or what a token is called, depends on more than tokenizer.json says."""
        tokenizer.encode_special_tokens = config.split_special_tokens
        self._is_changed = config.has_changed_tokenizer
        self._fast: FastEncoderLoader | None = None
        self._tokenizer = tokenizer
        self.special_tokens = config.special_tokens
        eos_token = self.special_tokens.get("eos_token")
        self.eos_token_id: int | None = None if eos_token is None else tokenizer.token_to_id(eos_token)
        self._source = source
        self.response_template: Any = config.config.get("response_template")
        """What tokenizer_config.json says of the model's answers; None: nothing."""
        base_size = tokenizer.get_vocab_size(with_added_tokens=False)
        # The file has been read; `tokenizers` takes twice as long to tell what it holds.
        vocab = {} if source is None else source.model.vocab
        if len(vocab) != base_size:
            vocab = tokenizer.get_vocab(with_added_tokens=False)
        added = tokenizer.get_added_tokens_decoder()
        self.max_token_id: int = max(max(vocab.values(), default=0), max(added, default=0), base_size - 1)
        """Largest id that stands for a token, or would if ids had no gaps."""
        spelled = itertools.chain(vocab, (token.content for token in added.values()))
        self.max_chars_per_token: int = max(map(len, spelled), default=1)
        """No text is longer than its number of tokens times this, as vLLM reckons (in the vocabulary's spelling)."""
        self._head, self._tail = template_ids(tokenizer)
        self.on_encoded: Callable[[float], None] = _ignore
        """Hears how many seconds each text has taken, in the thread that encoded it."""

    @classmethod
    def load(cls, files: ModelFiles, model_type: str | None, further: Iterable[str] = ()) -> PromptTokenizer:
        """Load tokenizer.json, what tokenizer_config.json adds to it, and `further` special tokens."""
        path = files.path("tokenizer.json")
        if path is None:
            raise StartupError(f"{files.directory} has no tokenizer.json. Models without one cannot be served.")
        try:
            tokenizer, source = load_tokenizer(path.read_bytes())
        except Exception as error:  # the library raises plain Exception
            raise StartupError(f"{path} cannot be loaded: {error}") from error
        return cls(tokenizer, TokenizerConfig(files, model_type, further), source)

    def take_source(self) -> TokenizerJson | None:
        """Return the content of tokenizer.json that is read for decoding, once: it is large."""
        source, self._source = self._source, None
        return source

    def start_fast_encoder(self, path: Path) -> None:
        """Begin to load fastokens from the tokenizer.json that this was loaded from; until it is there, do without."""
        self._fast = FastEncoderLoader(self._tokenizer, path, is_changed=self._is_changed)
        self._fast.start()

    @property
    def fast(self) -> FastEncoderLoader | None:
        """What encodes in place of `tokenizers`, once it is loaded and has agreed with it."""
        return self._fast

    def encode(self, text: str, add_special_tokens: bool) -> list[int]:
        """Return the text's ids; `add_special_tokens` puts those around it that the model wants (BOS)."""
        began = time.perf_counter()
        ids = self._encode(text, add_special_tokens)
        self.on_encoded(time.perf_counter() - began)
        return ids

    def _encode(self, text: str, add_special_tokens: bool) -> list[int]:
        if self._fast is not None and (encoder := self._fast.encoder) is not None:
            ids = encoder.encode(text, add_special_tokens)
            if ids is not None:
                return ids
        # The batch call lets go of the GIL and computes no offsets; `encode` does neither.
        encoding = self._tokenizer.encode_batch_fast([text], add_special_tokens=add_special_tokens)[0]
        return encoding.ids

    def truncate(self, ids: list[int], length: int, add_special_tokens: bool) -> list[int]:
        """Cut ids of `encode` to `length`: the text's last ones are kept, and the special tokens around the text."""
        if len(ids) <= length:
            return ids
        head, tail = (self._head, self._tail) if add_special_tokens else ([], [])
        keep = length - len(head) - len(tail)
        if keep < 0:
            # Room for less than the special tokens: vLLM then cuts the whole, as if all were text.
            return ids[len(ids) - length :]
        end = len(ids) - len(tail)
        return [*head, *ids[end - keep : end], *tail]

    def decode(self, token_ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        """Return the text of the ids. Ids that no token has are left out."""
        return self._tokenizer.decode(token_ids, skip_special_tokens=skip_special_tokens)

    @property
    def added_tokens(self) -> dict[str, int]:
        """The tokens that are taken out of a text before the rest is tokenized, special or not: text to id."""
        return {token.content: token_id for token_id, token in self._tokenizer.get_added_tokens_decoder().items()}

    def token_to_id(self, token: str) -> int | None:
        """Return the id of a token in the vocabulary's spelling, or None if there is none."""
        return self._tokenizer.token_to_id(token)

    def id_to_token(self, token_id: int) -> str | None:
        """Return the token in the vocabulary's spelling ("Ġhello"), or None if there is none."""
        return self._tokenizer.id_to_token(token_id)

    def token_strs(self, token_ids: Iterable[int]) -> list[str | None]:
        """Return the tokens in the vocabulary's spelling."""
        return [self._tokenizer.id_to_token(token_id) for token_id in token_ids]

    def decode_stream(
        self,
        prompt_token_ids: Sequence[int],
        *,
        skip_special_tokens: bool = True,
        spaces_between_special_tokens: bool = True,
    ) -> TokenStream:
        """Start decoding what follows the prompt, token by token: for vocabularies that the native core cannot read."""
        return TokenStream(self._tokenizer, list(prompt_token_ids), skip_special_tokens, spaces_between_special_tokens)

    @property
    def backend(self) -> Tokenizer:
        """The `tokenizers` object, to be read only."""
        return self._tokenizer


class TokenStream:
    """One answer decoded token by token with `tokenizers`. Source: vllm/v1/engine/detokenizer.py."""

    def __init__(
        self, tokenizer: Tokenizer, prompt_token_ids: list[int], skip_special_tokens: bool, spaces: bool
    ) -> None:
        self._tokenizer = tokenizer
        self._skip_special_tokens = skip_special_tokens
        self._stream = DecodeStream(ids=prompt_token_ids, skip_special_tokens=skip_special_tokens)
        spaces = spaces or skip_special_tokens
        added = {} if spaces else tokenizer.get_added_tokens_decoder()
        self._added = {token_id: token.content for token_id, token in added.items()}
        self._last_was_added = False

    def push(self, token_ids: Iterable[int]) -> str:
        """Return the text that these tokens complete, possibly none."""
        return "".join(map(self._push, token_ids))

    def _push(self, token_id: int) -> str:
        text = self._step(token_id)
        if self._added:
            content = self._added.get(token_id)
            if content is not None and self._last_was_added:
                text = content
            self._last_was_added = content is not None
        return text or ""

    def _step(self, token_id: int) -> str | None:
        try:
            return self._stream.step(self._tokenizer, token_id)
        except (OverflowError, TypeError):
            return None  # no id at all: vLLM drops it likewise (vLLM issue 21951)
        except Exception as error:
            # Bytes that are no UTF-8 can shorten the text decoded so far, which the library refuses to go on from.
            if not str(error).startswith("Invalid prefix encountered"):
                raise
            logger.debug("decode stream restarted: %s", error)
            self._stream = DecodeStream(skip_special_tokens=self._skip_special_tokens)
            return self._stream.step(self._tokenizer, token_id)
