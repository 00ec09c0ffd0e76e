# SPDX-License-Identifier: Apache-2.0
"""The texts on which a second encoder must agree with `tokenizers` before it may stand in for it.

Each is short and there are few of them: comparing takes some milliseconds. What they hold is what normalizers,
splitting rules, merges and added tokens can disagree about. Must not know any encoder.
"""

# ruff: noqa: RUF001  (odd characters are the point)
from __future__ import annotations

import random
from collections.abc import Sequence

_FIXED = (
    "",
    " ",
    "a",
    "Hello, world! How are you today?  I'm fine, you're not; she'll see, WE'VE SEEN, it'ſ odd. Don't.",
    "The quick brown fox jumps over the lazy dog. " * 3,
    "Ünïcödé naïve façade œuvre Straße İstanbul ıǅ ﬁﬂ Ⅷ ½ ² ℵ №",
    'def f(x: int) -> str:\n    """Doc."""\n\treturn f"{x!r:>10}"  # done\n\n\nclass A(B):\n        pass\r\n\r\n',
    '{"a": [1, 2.5e-10, null, true], "b": {"c": "\\u00e9\\n"}}\n<html><body class="x">&amp;</body></html>',
    "for (int i = 0; i < n; ++i) { a[i] += b->c & 0xFF << 2; } // ok /* no */ #include <x>\n$HOME/.bash_profile",
    "camelCaseWord snake_case_word SCREAMING_CASE kebab-case-word HTTPServer iOS e-mail a.b.c",
    "https://example.com/a/b?c=d&e=%20f#g  user@example.org  C:\\Users\\x  ../..//etc",
    "我能吞下玻璃而不伤身体。私はガラスを食べられます。それは私を傷つけません。나는 유리를 먹을 수 있어요. 힣가",
    "Я могу есть стекло, оно мне не вредит. Μπορώ να φάω σπασμένα γυαλιά. אני יכול לאכול זכוכית",
    "أنا قادر على أكل الزجاج ولا يؤلمني. ﷺ मैं काँच खा सकता हूँ। ฉันกินกระจกได้ แต่มันไม่ทำให้ฉันเจ็บ",
    "👍🏽👩‍👩‍👧‍👦🏳️‍🌈🇩🇪🇫🇷 ☃️ 1️⃣ 🫠🤷🏿‍♀️ 𝔘𝔫𝔦 𝟘𝟙 𠮷𩸽",
    "e\u0301 é a\u0308\u0323 \u0323\u0308 \u212b \u00c5 A\u030a \u1100\u1161\u11a8 각 \u0301x q\u0307\u0323 \u0344",
    "\u2126 \u00c5 \u1e9b\u0323 \ufb01",
    "1 12 123 1234 12345 1234567890 3.14159 1,000,000 0x1F १२३ ٣٤٥ ２０２４ ①② 1a2b3c v1.2.3-rc4",
    "   leading",
    "trailing   ",
    "\n\n\n",
    "\t\t\tx",
    " \n \n ",
    "a\r\nb\rc\n\rd",
    "x \n  y\n\n   z\t \tq",
    "a\u00a0b\u3000c\u2028d\u200be\ufefff\u0085g\x0bh\x0ci\u1680j\u200dl\u00adm",
    "\x00\x01\x02\x1b[31mred\x1b[0m\x7f\x80\x9f�￾\ue000\U000f0000\U0010fffd",
    "!!!???...---===***###@@@~~~```''\"\"((()))[[{}]]<<>>||\\\\//^^&&%%$$",
    "'s 'S 't 'T 're 'RE 've 'm 'M 'll 'LL 'd ’s ʼs ' s 's's 'lls ''s",
    "6<0x9F>",
    "x<0x0A>y<0xE5><0xAD><0x97>",
    "▁ ▁▁ Ġ ĠĠ Ċ Ã© <0x0A> <0xFF> <0x0a> ## @@ </w> <|> <| |> <|im <||> <s></s> [INST] [/INST] <unk>",
    "pneumonoultramicroscopicsilicovolcanoconiosis Donaudampfschifffahrtselektrizitätenhauptbetriebswerk",
)

_RANGES = (
    (0x00, 0x20), (0x20, 0x7F), (0x20, 0x7F), (0x80, 0x100), (0x100, 0x250), (0x300, 0x370), (0x370, 0x530),
    (0x590, 0x780), (0x900, 0xE80), (0x1100, 0x1200), (0x1E00, 0x2070), (0x2070, 0x2C00), (0x3000, 0x3200),
    (0x3400, 0xA000), (0xAC00, 0xD7A4), (0xE000, 0xE100), (0xF900, 0xFFFF), (0x10000, 0x10400), (0x1D400, 0x1D800),
    (0x1F000, 0x1FB00), (0x20000, 0x20100), (0xE0000, 0xE0100),
)  # fmt: skip
_SPACES = (" ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", " \n", "\n ", "\u00a0", "\u3000", "\u2028", " " * 17, "\n" * 9)
_WORDS = (
    "the",
    " and",
    "Hello",
    "WORLD",
    "don't",
    "I'LL",
    "x1",
    "3.14",
    "2024",
    "é",
    "e\u0301",
    "字",
    "한국",
    "🙂",
    "_",
)
_REPEATED = "aZ0 .!=-_\n\t\r字あ가é\u0301🙂'/"


def battery(added_tokens: Sequence[str], words: Sequence[str]) -> list[str]:
    """Return the texts for a tokenizer with these added tokens; `words` are some of its others, in its own spelling."""
    choose = random.Random(20240229)  # noqa: S311  (the same texts at every start)
    # Every added token stands somewhere; the first ones and the last ones are where the special ones are.
    few = [*added_tokens[:48], *added_tokens[-48:]] if len(added_tokens) > 96 else list(added_tokens)
    texts = list(_FIXED)
    texts.extend(char * length for char in _REPEATED for length in (2, 5, 33))
    texts.extend(choose.choice(_REPEATED) * choose.randrange(100, 400) for _ in range(3))
    texts.extend(_around(token) for token in few)
    if few:
        texts.append("".join(few))
        texts.append(_chat(choose, few))
    pieces = [*_WORDS, *_SPACES, *few]
    texts.extend(" ".join(words[start : start + 20]) for start in range(0, len(words), 20))
    texts.append("".join(words[:80]))
    texts.extend("".join(choose.choices(pieces, k=choose.randrange(2, 16))) for _ in range(60))
    texts.extend(_random_text(choose, pieces) for _ in range(120))
    return texts


def _around(token: str) -> str:
    """Put an added token where its flags (lstrip, rstrip, single_word, normalized) count, and cut it."""
    middle = len(token) // 2
    return (
        f"{token}a {token} b{token}c \n{token}\n {token.upper()} {token[:middle]} {token[middle:]}{token[:-1]}  {token}"
    )


def _chat(choose: random.Random, added: Sequence[str]) -> str:
    """Return what chat templates make: the same segments, again and again, between added tokens."""
    turns = (
        "You are a helpful assistant.",
        "Hi there!\n\n",
        " user\n",
        "assistant\nSure: 1 + 1 = 2.",
        "\n",
        "答え",
        "",
    )
    return "".join(choose.choice(added) + choose.choice(turns) for _ in range(60))


def _random_text(choose: random.Random, pieces: Sequence[str]) -> str:
    parts: list[str] = []
    for _ in range(choose.randrange(1, 6)):
        if choose.random() < 0.4:
            parts.append(choose.choice(pieces))
            continue
        low, high = choose.choice(_RANGES)
        parts.extend(chr(choose.randrange(low, high)) for _ in range(choose.randrange(1, 9)))
    return "".join(parts)
