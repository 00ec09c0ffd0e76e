# SPDX-License-Identifier: Apache-2.0
"""Contents on which a recipe must print what jinja2 prints before it renders a request.

Each content is of the kind that the recipe is for (its questions have the expected answers), as close to the edges of
that as can be: the texts that the template asks about, whole, cut and surrounded, whitespace of all kinds, every width
of character. Must not know templates.
"""

from __future__ import annotations

import random
from collections.abc import Container, Iterator, Sequence

from fastfront.prompt.trace import CUTS, QUESTIONS, Signature, Step, signatures_of

_TEXTS = (
    *("", " ", "\n", "\n\n \t", "hi", "two words", "\n hi \n", "  \r\nline one\nline two\n\n", "x"),
    *("<think>\nplan\n</think>\n\nanswer", "</think>", "<think>", "</think></think>\n", "a</think>b</think>\n c "),
    *(
        "<tool_response>\n{}\n</tool_response>",
        "<tool_response>",
        "</tool_response>",
        "<|im_end|>\n",
        "</s>",
        "[/INST]",
    ),
    *(
        "naïve \u00e9",
        "\u00a0\u0085é\u00a0",
        "日本語",
        "\u3000日本\u2028\u2003",
        "\U0001f600",
        " \U0001f600é \n",
        "\ud800",
    ),
    *(
        "\x1c x \x1f",
        "\x00",
        "\u200b zero \ufeff",
        "{{ x }} {% y %} {# z #}",
        "%s {} \\n \\u0041",
        "<b>\"it's\" & 'that'</b>",
    ),
    *("\n" + "long " * 4000 + "\n", " \u65e5" * 3000 + " ", "\n\U0001f600" * 2000),
)
_ARGUMENTS = (
    *("{}", '{"a": 1}', '{"city": "Z\u00fcrich", "days": [1, -2.5, 1e+300, true, false, null]}', '{"": {"": []}}'),
    *(
        '{"code": "if a < b && c > d:\\n\\tprint(\\"x\\")"}',
        '{"</tool_call>": "<tool_call>\\n{}"}',
        '{"n": 12345678901234567890}',
    ),
    *(
        '{"\U0001f600": "\u65e5\u672c \u2028 \\u0001"}',
        '{"deep": {"er": {"est": [[], {}, ""]}}}',
        '{"long": "' + "ab " * 5000 + '"}',
    ),
)
"""Of calls, as `tojson` prints them."""
_AROUND = (("", ""), ("", "x"), ("x", ""), ("x", "y"), ("\n ", " \n"), ("é", "日"))

_RENDERINGS = 48
"""As many messages are compared for a recipe, in as many conversations as that takes ..."""
_LEAST = 6
"""... but so many conversations at least."""
_UNLIKE = 4
"""Conversations in which one content may be of another kind: the recipe refuses, or prints what jinja2 prints."""


def cases(
    contents: Sequence[str], steps: Sequence[Step], seed: int, arguments: Container[int] = ()
) -> Iterator[list[str]]:
    """Yield contents for a recipe with those steps, first those that it was traced with.

    `arguments`: the contents that are the arguments of calls, as JSON.
    """
    yield list(contents)
    rng = random.Random(seed)  # noqa: S311 - a battery that fails must fail again
    signatures = [(own, number in arguments) for number, own in enumerate(signatures_of(len(contents), steps))]
    pools = {(own, is_json): _pool(own, is_json, rng) for own, is_json in set(signatures)}
    kind = {signature: [text for text in pool if _fits(text, signature[0])] for signature, pool in pools.items()}
    places = dict.fromkeys(kind, 0)
    for number in range(max(_LEAST, _RENDERINGS // len(contents)) + _UNLIKE):
        texts: list[str] = []
        for content, signature in zip(contents, signatures, strict=True):
            known = kind[signature] or [content]
            texts.append(known[places[signature] % len(known)])
            places[signature] += 1
        if number < _UNLIKE:
            index = rng.randrange(len(contents))
            texts[index] = rng.choice(pools[signatures[index]])
        yield texts


def _fits(content: str, signature: Signature) -> bool:
    views = [content]
    for view, name, text, answer in signature:
        if answer is None:
            views.append(CUTS[name](views[view], text))
        elif QUESTIONS[name](views[view], text) is not answer:
            return False
    return True


def _pool(signature: Signature, is_json: bool, rng: random.Random) -> list[str]:
    if is_json:
        return rng.sample(_ARGUMENTS, len(_ARGUMENTS))
    asked = sorted({text for _, _, text, _ in signature if text})
    near = [before + text + after for text in asked for before, after in _AROUND]
    near += [part for text in asked for part in (text[1:], text[:-1], text + text, f"{text}x{text}x{text}")]
    fragments = [*asked, *asked, " ", "\n", "x", "é", "日", "\U0001f600", "\t", "\u00a0"]
    mixed = ["".join(rng.choices(fragments, k=rng.randrange(2, 9))) for _ in range(16)]
    pool = [*_TEXTS, *near, *mixed]
    rng.shuffle(pool)
    return pool
