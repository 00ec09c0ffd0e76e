# SPDX-License-Identifier: Apache-2.0
"""What the embedded engine says: readable English that quotes the prompt, the same for the same prompt and seed.

Makes sentences and turns them into tokens, sentence by sentence, as far as somebody reads on. Limits (max_tokens, stop
tokens) are `limits`' business. Must not know the clock: an answer depends on its prompt, seed and this module alone.
"""

from __future__ import annotations

import random
import zlib
from array import array
from itertools import chain
from typing import TYPE_CHECKING

from fastfront.sim.script import Piece

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastfront.sim.loaded_model import LoadedModel
    from fastfront.sim.prompts import Question

OPENERS = (
    'You asked: "{quote}"',
    'Your message was "{quote}", and this is the answer to it.',
    'Let me answer "{quote}" as well as an engine without a model can.',
    'Thank you for sending "{quote}" to me.',
    'So "{quote}" is the matter at hand.',
    'An answer to "{quote}" might begin like this.',
    'About "{quote}" there is a good deal to say.',
    'I have read "{quote}" with care.',
)
CONTINUATIONS = (
    'And so the text that ended with "{quote}" goes on.',
    'After "{quote}" comes this sentence.',
    'What follows "{quote}" is written here.',
    'From "{quote}" the story carries on.',
)
WITHOUT_QUOTE = (
    "Your prompt holds nothing that I can read, so I answer in general.",
    "There is no text in this prompt, and still there is an answer.",
)
REMARKS_ON_PROMPT = (
    "By my count that makes {num_characters} characters, with {num_words} words between the blanks.",
    'The longest word in it is "{longest}".',
    'The word "{word}" seems to matter here.',
    'One could look at "{word}" more closely.',
    "The whole prompt came to {num_tokens} tokens.",
    'If "{word}" is what you are after, there is more to come.',
)
REMARKS = (
    "This comes from the embedded engine of fastfront, which has no weights and knows nothing.",
    "The same prompt with the same seed always gives these words.",
    "Another seed gives other words.",
    "Every token travels the same way as those of a real engine.",
    "A real model would think about it at this point.",
    "No GPU was needed for this sentence.",
    "Streaming clients see it grow piece by piece.",
    "It is meant for trying out clients, tests and dashboards.",
    "Nothing here was learned from the internet.",
    "The words are plain, but they arrive on time.",
    "Some sentences are short.",
    "Others take a little longer, so that there is something to watch while they are being written.",
    "If the answer seems to wander, that is because it does.",
    "On the one hand it is only a stand-in; on the other hand it never gets tired.",
    "A careful reader will have noticed that this is not an expert's opinion.",
    "The next sentence was chosen by a small random generator.",
    "You can ask for more tokens and there will be more sentences.",
    "Stop strings, limits and cancelled requests work here as they do elsewhere.",
    "It costs nothing, and it is worth about as much.",
    "Whoever builds a user interface may be glad of some text that looks like text.",
    "There are commas, full stops and now and then a question, are there not?",
    "Numbers such as 7, 42 and 1024 appear as well.",
    "Now and then a café, a naïve idea or a → finds its way in.",
    "What comes next is hard to say, and easy to compute.",
    "The engine works in steps, and each step adds a little to every answer.",
    "Many requests can run side by side without disturbing one another.",
    "When the batch is full, the others wait for their turn.",
    "None of this should be taken as advice.",
)
CLOSERS = (
    "That is all I have to say.",
    "I hope this helps.",
    "And that is the end of this answer.",
    "Ask again with another seed if you would like to read something else.",
    "More than that I do not know.",
    "Here the answer ends.",
)
MIN_REMARKS, MAX_REMARKS = 2, 5
SENTENCES_PER_PARAGRAPH = 5


class Answerer:
    """Writes answers in the tokens of one model."""

    def __init__(self, model: LoadedModel, seed: int = 0) -> None:
        self._model = model
        self._seed = seed

    def dice(self, prompt_token_ids: list[int], seed: int | None, variation: int) -> random.Random:
        """Return the random generator of a request: fixed by the prompt, its seed and which of its n answers it is."""
        try:
            prompt = zlib.crc32(array("q", prompt_token_ids).tobytes())
        except OverflowError:  # an id that no vocabulary has
            prompt = 0
        return random.Random(f"{prompt}/{seed}/{variation}/{self._seed}")  # noqa: S311 - wording, not secrets

    def answer(
        self,
        question: Question,
        num_prompt_tokens: int,
        dice: random.Random,
        end_token_id: int | None,
        at_least: int = 0,
    ) -> Iterator[Piece]:
        """Yield the answer's sentences in tokens, with the end token last; without one it goes on for ever.

        `at_least` tokens come before the end token.
        """
        separator = self._model.separator
        written = 0
        enough = dice.randint(MIN_REMARKS, MAX_REMARKS)
        opening = self._opening(question, num_prompt_tokens, dice)
        for count, sentence in enumerate(chain(opening, _remarks(dice)), start=-len(opening)):
            if end_token_id is not None and count >= enough and written >= at_least:
                break
            paragraph = written and (count + len(opening)) % SENTENCES_PER_PARAGRAPH == 0
            before = "\n\n" if paragraph else separator if written or question.continues else ""
            tokens = self._model.encode(before + sentence)
            written += len(tokens)
            yield Piece(tokens)
        yield Piece(self._model.encode(separator + dice.choice(CLOSERS)))
        yield Piece([] if end_token_id is None else [end_token_id])

    def _opening(self, question: Question, num_prompt_tokens: int, dice: random.Random) -> list[str]:
        """Return the sentences that quote the prompt."""
        openers = (CONTINUATIONS if question.continues else OPENERS) if question.quote else WITHOUT_QUOTE
        sentences = [dice.choice(openers).format(quote=question.quote)]
        if question.words:
            remark = dice.choice(REMARKS_ON_PROMPT)
            sentences.append(
                remark.format(
                    num_words=question.num_words,
                    num_characters=question.num_characters,
                    num_tokens=num_prompt_tokens,
                    longest=max(question.words, key=len),
                    word=dice.choice([word for word in question.words if len(word) > 3] or question.words),
                )
            )
        return sentences


def _remarks(dice: random.Random) -> Iterator[str]:
    """Yield remarks without end, each of them once before any comes again."""
    while True:
        yield from dice.sample(REMARKS, len(REMARKS))
