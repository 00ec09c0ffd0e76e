# SPDX-License-Identifier: Apache-2.0
"""Answers of gpt-oss models in the Harmony format: what make_golden_harmony.py asks vLLM about."""

from __future__ import annotations

CHANNEL, MESSAGE, START, CONSTRAIN = "<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"
END, CALL, RETURN = "<|end|>", "<|call|>", "<|return|>"
AGAIN = f"{START}assistant"
JSON = f"{CONSTRAIN}json"

MARKERS = (START, END, CALL, RETURN, MESSAGE, CHANNEL, CONSTRAIN)


def _message(channel: str, text: str, end: str = END, *, to: str = "") -> str:
    return f"{CHANNEL}{channel}{to}{MESSAGE}{text}{end}"


def _call(arguments: str, end: str = CALL, *, name: str = "functions.f", kind: str = f" {JSON}") -> str:
    return _message("commentary", arguments, end, to=f" to={name}{kind}")


THINKING, FINAL = _message("analysis", "Hmm, é."), _message("final", "Hi “you”.", RETURN)

ANSWERS: dict[str, str] = {
    "final": FINAL,
    "thinking": THINKING + AGAIN + FINAL,
    "only_thinking": THINKING,
    "thinking_cut_off": _message("analysis", "Hm", ""),
    "final_cut_off": THINKING + AGAIN + _message("final", "Hi", ""),
    "preamble": THINKING + AGAIN + _message("commentary", "I'll look.") + AGAIN + _call('{"a": 1}'),
    "several": AGAIN.join(
        [THINKING, _message("analysis", "More."), _message("final", "A"), _message("final", "B", RETURN)]
    ),
    "empty": _message("final", ""),
    "empty_then_text": AGAIN.join([_message("analysis", ""), _message("final", ""), _message("final", "x")]),
    "markup_in_text": _message("final", f"a{CHANNEL}b{MESSAGE}c{CONSTRAIN}d{START}e", RETURN),
    "spelled_end": _message("final", "a< |end|>b<|en", RETURN),
    "call": THINKING + AGAIN + _call('{"city":"Paris","n":1}'),
    "call_cut_off_by_stop": _call('{"a": 1}', ""),
    "recipient_first": f" to=functions.f{CHANNEL}commentary {JSON}{MESSAGE}{{}}{CALL}",
    "recipient_first_later": THINKING + f"{AGAIN} to=functions.f{CHANNEL}commentary json{MESSAGE}{{}}{CALL}",
    "no_space": _call('{"a":1}', kind=JSON),
    "plain_json": _call('{"a":1}', kind=" json"),
    "no_type": _call('{"a":1}', kind=""),
    "code": _call("print(1)", kind=" code"),
    "bare_name": _call('{"a":1}', name="f"),
    "dotted_name": _call('{"a":1}', name="my.tool"),
    "unmarked_recipient": _message("commentary", "{}", CALL, to=" functions.f"),
    "on_analysis": _message("analysis", '{"a":1}', CALL, to=f" to=functions.f {JSON}"),
    "on_final": _message("final", '{"a":1}', CALL, to=" to=functions.f"),
    "two_calls": _call('{"a":1}') + AGAIN + _call('{"b":2}', name="functions.g"),
    "two_calls_of_one": _call('{"a":1}') + AGAIN + _call('{"a":2}'),
    "call_then_final": _call("{}") + AGAIN + FINAL,
    "spaces": _call(' { "a" :\n[1,2 ,{"b":null}] } '),
    "numbers": _call('{"a":1.0,"b":1e5,"c":-0,"d":12345678901234567890,"e":NaN}'),
    "escapes": _call('{"é":"ü😀\\u00e9\\/\\ud83d\\ude00\\n\x7f"}'),
    "lone_surrogate": _call('{"a":"\\ud83d"}'),
    "no_arguments": _call(""),
    "a_list": _call("[1,2]"),
    "a_number": _call("12"),
    "a_string": _call('"x"'),
    "not_json": _call("city: Paris"),
    "python": _message("analysis", "1+1", CALL, to=" to=python code"),
    "constrained_final": _message("final", '{"a":1}', RETURN, to=f" {JSON}"),
    "constrained_commentary": _message("commentary", '{"a":1}', RETURN, to=f" {JSON}"),
    "role_again": f"assistant{FINAL}",
    "to_assistant": _message("commentary", "x", to=" to=assistant"),
    "user": FINAL + f"{START}user{MESSAGE}And now?{END}",
    "tool": _call("{}") + f"{START}functions.f to=assistant{CHANNEL}commentary{MESSAGE}42{END}",
    "thinking_ends_with_call": _message("analysis", "x", CALL) + AGAIN + FINAL,
    "plain": "Just text, without any markup.",
    "header_cut_off": THINKING + f"{AGAIN}{CHANNEL}fin",
    "start_cut_off": THINKING + START,
    "header_without_message": f"{CHANNEL}final{END}",
    "nothing": "",
    # Malformed, or where vLLM loses what the model wrote.
    "type_without_recipient": _message("final", '{"a":1}', RETURN, to=" json"),
    "browser": _message("commentary", "search", CALL, to=" to=browser.search code"),
    "no_channel": f"{MESSAGE}Hi",
    "unknown_channel": _message("thoughts", "Hi"),
    "empty_channel": f"{CHANNEL}{MESSAGE}Hi{END}{AGAIN}{FINAL}",
    "words_in_header": _message("final", "Hi", to=" and some words"),
    "text_between": _message("final", "a") + "junk" + AGAIN + _message("final", "b"),
    "start_again": f"{START}assistant{FINAL}",
    "unknown_role": THINKING + f"{START}foo" + FINAL,
    "no_role": THINKING + START + FINAL,
    "two_recipients": _message("commentary", "{}", CALL, to=" to=functions.f to=functions.g"),
    "type_apart": _message("commentary", "{}", CALL, to=f" to=functions.f {CONSTRAIN} json"),
    "json_cut_off": _call('{"city":"Par', ""),
    "json_and_more": _call('{"a":1} and more'),
    "json_broken": _call('{"a":1,,}'),
    "double_member": _call('{"a":1,"a":2}'),
}
"""By name; special tokens are spelled."""
