# SPDX-License-Identifier: Apache-2.0
"""The command line: what does not start says why."""

from __future__ import annotations

import pytest

ADDRESSES = ("--input", "ipc:///tmp/nobody-in", "--output", "ipc:///tmp/nobody-out")


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        ((), 2, "give either --handshake or --input"),
        ((*ADDRESSES, "ipc:///tmp/third"), 2, "same number of addresses"),
        ((*ADDRESSES, "--handshake", "tcp://127.0.0.1:1"), 2, "give either"),
        ((*ADDRESSES, "--max-num-seqs", "0"), 2, "less than 1"),
        ((*ADDRESSES, "--slow", "nan"), 2, "no factor"),
        ((*ADDRESSES, "--token-ms", "-1"), 2, "no duration"),
        ((*ADDRESSES, "--rank", "65536"), 2, "identity"),
        ((*ADDRESSES, "--model", "/nowhere"), 1, "cannot load the tokenizer /nowhere"),
        ((*ADDRESSES, "--script", "/nowhere.json"), 1, "cannot read the script"),
        (("--input", "gopher://x", "--output", "ipc:///tmp/x"), 1, "cannot connect to gopher://x"),
    ],
)
def test_a_command_line_that_makes_no_engine_is_refused_with_the_reason(launch, arguments, status, reason):
    """Wrong usage is 2, what cannot be loaded or reached is 1; no traceback."""
    process = launch(*arguments)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == status
    assert reason in errors
    assert "Traceback" not in errors


def test_help_names_every_flag_and_the_script_format(launch, capfd):
    """--help is grouped and ends with the format of script files."""
    assert launch("--help").wait(timeout=60) == 0
    text = capfd.readouterr().out
    for words in ("meeting the frontend", "pace", "failures", "--exit-with-fd", "--die-hard", '"sequences"'):
        assert words in text
