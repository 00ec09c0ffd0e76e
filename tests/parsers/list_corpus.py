# SPDX-License-Identifier: Apache-2.0
"""Answers with tool calls that are Python calls, as models of each format write them, well-formed: vLLM decides what
they are (golden/list_tools.json). Knows no parser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Format(NamedTuple):
    """How calls are written. `render` takes their texts."""

    parser: str
    render: Callable[[list[str]], str]
    before: bool = False
    """Text may stand before the calls."""
    after: bool = False
    """Text may stand behind them."""


def _between(begin: str, end: str, separator: str = ", ") -> Callable[[list[str]], str]:
    return lambda calls: begin + separator.join(calls) + end


FORMATS = {
    "pythonic": Format("pythonic", _between("[", "]")),
    "llama4_pythonic": Format("llama4_pythonic", _between("[", "]")),
    "llama4_pythonic, marked": Format("llama4_pythonic", _between("<|python_start|>[", "]<|python_end|>")),
    "olmo3": Format("olmo3", _between("<function_calls>\n", "\n</function_calls>", "\n")),
    "olmo3, on one line": Format("olmo3", _between("<function_calls>", "</function_calls>")),
    "lfm2": Format("lfm2", _between("<|tool_call_start|>[", "]<|tool_call_end|>"), before=True, after=True),
    "lfm2, spaced": Format(
        "lfm2", _between("<|tool_call_start|> [ ", " ]\n<|tool_call_end|>"), before=True, after=True
    ),
}

TOKENS = ("<|tool_call_start|>", "<|tool_call_end|>", "<function_calls>", "</function_calls>")
"""Special tokens of the vocabulary."""

WEATHER = "get_weather(city='Paris')"
TIME = 'get_time(zone="CET", days=2)'
NOW = "now()"

CALLS = {
    "one": [WEATHER],
    "parallel": [WEATHER, NOW, TIME],
    "no arguments": [NOW],
    "no arguments first": [NOW, WEATHER],
    "nested": ["f(a={'b': [1, [], {'c': None}], 'd': {}}, e=[True, False], g=(1, 2), h=(3), i=(), j=(4,))"],
    "names": ["f(a=None, b=True, c=False, d=null, e=true, f=false, g=[null, {'x': true}])"],
    "integers": ["f(big=123456789012345678901234567890, zero=0, zeros=00, neg=-5, pos=+3, twice=--4, s=1_000, n=-0)"],
    "bases": ["f(a=0x1F, b=0o17, c=0b101, d=0XfF, e=-0x10, f=0x_ff)"],
    "floats": [
        "f(a=1.50, b=1e5, c=1.5E-7, d=2.0, e=.5, f=1., g=-0.0, h=1e16, i=1e22, j=0.1, k=1_0.5, l=07.5, m=1e400)"
    ],
    "sets": ["f(a={1, 2}, b={'x'}, c=[{1}, ('y', {'z': (1,)})])"],
    "keys": ["f(a={1: 'x', 2.5: 'y', None: 0, False: 1, 'k': 'v', 'é': 'ü'}, b={'a': 1, 'b': 2, 'a': 3})"],
    "escapes": [r"f(text='caf\u00e9 \U0001F600 \x41 \101 \0 \'q\' \"q\" \\ \n\t\r\a\b\f\v \d \/ é 😀')"],
    "escapes in a list": [r"""f(a=['\u00e9\'', "\"]\x7d", '\\'], b={"\\": '}'})"""],
    "quotes": ['f(a="it\'s", b=\'say "hi"\', c="", d=\'\', e="a\\"b")'],
    "prefixes": [r"""f(a=r'\d+\'', b=u'x', c=R"\\", d=f'plain', e=f'{{x}}', f=rf'\d\{{2}}', g=[r'\]', f"y"])"""],
    "triple": ['f(a="""one "two" \'three\'""", b=\'\'\'x\'y\'\'z\'\'\', c=["""]"""])'],
    "lookalikes": ["f(text=') ], x=1 [g(y=2)] <tool> </function> {', b='a=b, c')"],
    "dotted": ["g(x=1)", "a.b.c(x=2)"],
    "spacing": ["f(a= 1 ,b=[ 1,2 ] , c = 'x' , d={ 'k' : 1 },)", "g( x=1 )"],
    "trailing commas": ["f(a=[1, 2,], b={'k': 1,}, c=(1, 2,), d={1, 2,},)"],
    "unicode": ["f(naïve='ünïcödé', 名前='東京')"],
    "code": [r"""run(code='def f(x):\n    return {"a": [x]}\n')"""],
    "deep": ["f(x=" + "[" * 60 + "]" * 60 + ")"],
    "signed in lists": ["f(a=[-1, +2.5, - 3], b={'x': -1e3})"],
    "types": ["f(true_story='x', Nonesuch='y', r='z', f='w')"],
}
"""What models call."""

LENIENT = {
    "line feeds": ["run(command='line one\nline two\n\ttabbed')"],
    "zeros": ["f(month=07, day=[01, 002], hour=0)"],
    "keywords": ["mail(from='a', to='b')", "f(in=1, class=[2], lambda=None)"],
    "nested quotes": ["exec(command='sed -n '1,9p' f.py')"],
    "nested quotes in a list": ["exec(argv=['sh', '-c', 'echo 'hi' there'])"],
    "dotted first": ["calendar.add(day=1)"],
    "spaces before arguments": ["f (a=1)", "g(\n    b=2,\n    c='x'\n)"],
}
"""What only lfm2 takes for calls."""

AROUND = {
    "text before": ("I will look.", ""),
    "lines before": ("I will look.\n\n", ""),
    "blank before": ("\n\n", ""),
    "lines behind": ("", "\n\n"),
    "text behind": ("", "\n\nThat was it."),
    "text around": ("Wait. ", " That was it.\n"),
    "echo": ("", "{list}<|tool_call_end|>"),
    "echo, then text": ("Wait.", " {list}\n<|tool_call_end|>\nDone."),
    "list behind": ("", "\n[1, 2]"),
}
"""What stands before and behind calls."""

NO_CALLS = {
    "plain": "Hello! 1 < 2, f(x) = x. Ünïcödé 😀",
    "spaces": " \n two lines \n\n",
    "only spaces": " \n",
    "a list": "[1, 2, 3] is a list.",
    "a link": "[here](https://example.com/?a=b)",
    "an index": "[f] and [g(x)]",
    "call in text": "Call [get_weather(city='Paris')] for that.",
    "code block": "Look:\n```python\nprint([1])\n```\nDone.",
    "empty list": "[]",
    "empty": "",
    "marked": "<|python_start|>Hello<|python_end|> there",
    "a call": "print([f(x=1)])",
}
"""Answers without any call."""


def answers(name: str) -> Iterator[tuple[str, str]]:
    """Every well-formed answer of a format: what it is called, and its text."""
    form = FORMATS[name]
    for title, calls in (CALLS | (LENIENT if form.parser == "lfm2" else {})).items():
        yield title, form.render(calls)
    inside = "[" + ", ".join(CALLS["parallel"]) + "]"
    for title, (before, behind) in AROUND.items():
        text = before + form.render(CALLS["parallel"]) + behind.replace("{list}", inside)
        if (form.before or not before) and (form.after or not behind.strip()):
            yield f"parallel, {title}", text
    yield from NO_CALLS.items()
