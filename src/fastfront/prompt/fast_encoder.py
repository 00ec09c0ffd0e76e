# SPDX-License-Identifier: Apache-2.0
"""Encoding with fastokens where it gives the ids that `tokenizers` gives, which is tried when a model is loaded.

It encodes some 50 times faster; the segments of chats (the text between two special tokens) are remembered, so the next
turn of a long chat costs little. Must not know requests, chat templates or whose tokenizer it is.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from fastfront._native.prompt import EncodedPrompt, SegmentEncoder, SplitPrompt
from fastfront.prompt.encoder_battery import battery

logger = logging.getLogger(__name__)

SEGMENT_CACHE_BYTES = 64 << 20
"""Bound on texts and ids that are remembered: some 140 chats of 48,000 tokens. It fills as chats come."""

RUN_BYTES = 256 << 10
"""What is new of a chat is tokenized in texts as long as this, special tokens and all: taking a text for each message
apart and together again costs a tenth of it all. A chat that is longer is dealt out to several cores."""

BATCH_CHARS = 16 << 10
"""Texts of so many characters together are tokenized in one call."""

INLINE_BYTES = 512 << 10
"""A tokenizer.json up to this size is loaded at once; a larger one, which takes a second or more, by a thread."""

DELAY = 0.1
"""Seconds before the thread begins: enough for the server to answer its first /health, not so long that the work falls
into the first requests (it takes a second or more of CPU, and holds the GIL for 0.13 s once)."""

LOADING_NICENESS = -10
"""Of the loading thread, where the process has the right to it (CAP_SYS_NICE)."""

_DISPUTED = "\u180e"
"""Mongolian vowel separator, a space to PCRE2 (which fastokens has for a regex it does not know), none to Oniguruma.
Texts with it are left to `tokenizers`. Each of the 1,112,063 characters was tried in some ten places of a text, with
eight tokenizers: no other made a difference."""


class FastEncoder:
    """fastokens with one tokenizer. Every method may be called from several threads at once.

    Texts are split at special tokens, and what lies between is remembered in ids.
    """

    def __init__(
        self,
        backend: Any,
        split_special_tokens: bool,
        special_tokens: Mapping[str, int] | None = None,
        ends: tuple[Sequence[int], Sequence[int]] = ((), ()),
        run_bytes: int = 0,
    ) -> None:
        """Split at `special_tokens` (None: nowhere); `ends` are the ids that the model wants before and after a text.

        `run_bytes`: see RUN_BYTES; 0: each segment by itself.

        Raises ValueError for special tokens that cannot be looked for fast.
        """
        self._backend = backend
        self._split_special_tokens = split_special_tokens
        self.special_tokens = tuple(special_tokens or ())
        """Where texts are split."""
        backend.no_truncation()
        backend.no_padding()
        if special_tokens is None:
            backend.enable_segment_cache(SEGMENT_CACHE_BYTES)  # it knows what it may split at
        self._prepared: dict[str, bytes] = {}
        size = 0 if special_tokens is None else SEGMENT_CACHE_BYTES
        self.segments = SegmentEncoder(dict(special_tokens or {}), self._encode_segments, ends, size, run_bytes)

    def encode(self, text: str, add_special_tokens: bool) -> list[int] | None:
        """Return the text's ids; None if it must not or cannot be encoded here (lone surrogates, limits of a regex)."""
        split = self.split(text)
        prompt = None if split is None else self.finish(split, add_special_tokens)
        return None if prompt is None else prompt.ids()

    def split(self, text: str) -> SplitPrompt | None:
        """Return the text in pieces, of which some are known; None as `encode`."""
        if _DISPUTED in text:
            return None
        try:
            return self.segments.split(text)
        except UnicodeEncodeError:
            return None

    def finish(self, split: SplitPrompt, add_special_tokens: bool) -> EncodedPrompt | None:
        """Return the ids of a text that was split, having tokenized what was unseen; None as `encode`."""
        return self.segments.encode(split, add_special_tokens)

    @contextlib.contextmanager
    def prepared(self, texts: Iterable[str]) -> Iterator[None]:
        """Tokenize what these texts need in one call, for as long as the body runs.

        Each call lets go of the GIL, and a thread beside a busy event loop waits a switch interval to get it back.
        """
        splits = [split for split in map(self.split, texts) if split is not None]
        unseen = sorted({segment for split in splits for segment in split.unseen_texts()})
        self._prepared = dict(zip(unseen, self._encode_batch(unseen), strict=True))
        try:
            yield
        finally:
            self._prepared = {}

    def _encode_segments(self, texts: list[str]) -> list[bytes] | None:
        """Return the ids of each text as little-endian uint32. Lets go of the GIL, and makes no object per token."""
        if self._prepared and all(text in self._prepared for text in texts):
            return [self._prepared[text] for text in texts]
        try:
            # Large ones in one call, which deals them out to the cores there are; small ones are not worth waking any.
            if sum(map(len, texts)) >= BATCH_CHARS:
                return self._encode_batch(texts)
            return [self._encode_batch([text])[0] for text in texts]
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic in Rust is no Exception
            logger.debug("%d texts are left to tokenizers: %r", len(texts), error)
            return None

    def _encode_batch(self, texts: list[str]) -> list[bytes]:
        flat, offsets = self._backend.encode_batch_flat(texts, False, self._split_special_tokens)
        if len(texts) == 1:
            return [flat]
        ends = memoryview(offsets).cast("Q")
        return [flat[ends[i] * 4 : ends[i + 1] * 4] for i in range(len(texts))]


class FastEncoderLoader:
    """Loads a FastEncoder and tries it, at once or in a thread; `encoder` is None until then, or for good."""

    def __init__(self, tokenizer: Tokenizer, path: Path, *, is_changed: bool) -> None:
        self.encoder: FastEncoder | None = None
        self._tokenizer = tokenizer
        self._path = path
        self._is_changed = is_changed
        self._timer: threading.Timer | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin. Returns with everything done if the tokenizer is small."""
        if self._path.stat().st_size <= INLINE_BYTES:
            self._load()
            return
        self._timer = threading.Timer(DELAY, self._start_thread)
        self._timer.daemon = True
        self._timer.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Begin now if that is still to come, and wait. Return whether it is settled which encoder is used."""
        if self._timer is None:
            return True
        self._timer.cancel()
        self._start_thread()
        if self._thread is None:
            return False
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _start_thread(self) -> None:
        with self._lock:
            if self._thread is not None:
                return
            # No daemon: one that comes back from native code as the interpreter ends takes the process down with it.
            thread = threading.Thread(target=self._load, name="fastfront-tokenizer", daemon=False)
            with contextlib.suppress(RuntimeError):  # too late: the interpreter ends
                thread.start()
                self._thread = thread

    def _load(self) -> None:
        if self._timer is not None:
            _hurry()
        try:
            encoder = load_fast_encoder(self._tokenizer, self._path, is_changed=self._is_changed)
        except Exception as error:
            logger.info("Prompts are encoded by tokenizers: %s", error)
            return
        finally:
            if self._timer is not None:
                _return_memory()
        logger.info("Prompts are encoded by fastokens, which agrees with tokenizers.")
        self.encoder = encoder


def _hurry() -> None:
    """Let this thread go first, where the process has a say: until it is done, each prompt costs many times as much."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOADING_NICENESS)


def _return_memory() -> None:
    """Give back what reading a large tokenizer.json has left: 160 MB for 150,000 tokens. glibc keeps it otherwise."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def load_fast_encoder(tokenizer: Tokenizer, path: Path, *, is_changed: bool) -> FastEncoder:
    """Load the tokenizer into fastokens and compare. Raises with the reason if it must not be used."""
    try:
        from fastokens import Tokenizer as FastTokenizer
    except ImportError as error:
        raise ImportError(f"fastokens cannot be imported ({error})") from error
    # The file says what the tokenizer is, unless tokenizer_config.json has changed it since.
    backend = FastTokenizer.from_json_str(tokenizer.to_str()) if is_changed else FastTokenizer.from_file(str(path))
    # The first text has tables made, a matter of 0.2 s; this call lets go of the GIL, as short texts otherwise do not.
    backend.encode_batch_flat(["a"])
    added = [token.content for _, token in sorted(tokenizer.get_added_tokens_decoder().items())]
    size = tokenizer.get_vocab_size(with_added_tokens=False)
    words = map(tokenizer.id_to_token, range(0, size, max(1, size // 300)))
    texts = battery(added, [word for word in words if word])
    reference, ends = _reference(tokenizer, texts), template_ids(tokenizer)
    differing: str | None = None
    for special_tokens in (_special_tokens(tokenizer), None):
        # First each segment by itself, which tells whether its ids depend on what is around it; they must not.
        for run_bytes in (0, RUN_BYTES):
            try:
                encoder = FastEncoder(backend, tokenizer.encode_special_tokens, special_tokens, ends, run_bytes)
            except ValueError:
                break
            with encoder.prepared(texts):
                differing = find_difference(texts, reference, encoder)
            if differing is not None:
                break
        else:
            return encoder
    raise ValueError(f"fastokens disagrees with it on {differing!a}")


def _special_tokens(tokenizer: Tokenizer) -> dict[str, int] | None:
    """Return the tokens that are taken out of a raw text before anything else; None if they take more than themselves.

    Those that are looked for in normalized text stay inside the pieces: they are found there as in the whole.
    """
    added = tokenizer.get_added_tokens_decoder()
    if tokenizer.encode_special_tokens or any(t.lstrip or t.rstrip or t.single_word for t in added.values()):
        return None
    return {token.content: token_id for token_id, token in added.items() if not token.normalized}


def template_ids(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Return the ids that the tokenizer puts before and after a text."""
    plain = tokenizer.encode("a", add_special_tokens=False).ids
    whole = tokenizer.encode("a", add_special_tokens=True).ids
    added = len(whole) - len(plain)
    for start in range(added + 1):
        if whole[start : start + len(plain)] == plain:
            return whole[:start], whole[start + len(plain) :]
    return [], []


def find_difference(texts: list[str], reference: Callable[[str, bool], list[int]], encoder: FastEncoder) -> str | None:
    """Return the first text for which the two do not give the same ids, or None."""
    for add_special_tokens in (False, True):
        for text in texts:
            expected = reference(text, add_special_tokens)
            # Twice: the second time, segments come from the cache.
            for _ in range(2):
                if encoder.encode(text, add_special_tokens) != expected:
                    return text
    return None


def _reference(tokenizer: Tokenizer, texts: list[str]) -> Callable[[str, bool], list[int]]:
    found: dict[tuple[str, bool], list[int]] = {}
    for add_special_tokens in (False, True):
        # One call for all: see FastEncoder.prepared.
        encodings = tokenizer.encode_batch_fast(texts, add_special_tokens=add_special_tokens)
        found.update(((text, add_special_tokens), each.ids) for text, each in zip(texts, encodings, strict=True))
    return lambda text, add_special_tokens: found[text, add_special_tokens]
