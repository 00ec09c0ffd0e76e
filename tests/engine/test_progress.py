# SPDX-License-Identifier: Apache-2.0
"""Progress: what vLLM's log lines mean, and what is shown of them."""

from __future__ import annotations

import io

import pytest

from fastfront.engine.progress import CLEAR_LINE, Progress, recognize

# Lines of vLLM 0.32, shortened.
LINES = [
    ("(MainProcess pid=1) INFO 11-21 03:57:06 [model.py:733] Resolved architecture: Qwen3ForCausalLM", "configuration"),
    ("INFO [serve.py:239] Launching 1 data parallel engine(s) in headless mode", "starting the engine process"),
    ("INFO [core.py:133] Initializing a V1 LLM engine (v0.32.0) with config: model='m'", "initializing"),
    ("INFO [gpu_model_runner.py:5040] Starting to load model /models/m...", "loading the model"),
    ("Loading safetensors checkpoint shards:  50% Completed | 2/4 [00:01<00:01, 1.9it/s]", "loading the weights"),
    ("INFO [default_loader.py:501] Loading weights took 0.02 seconds", "preparing the model"),
    ("INFO [backends.py:1167] Dynamo bytecode transform time: 4.13 s", "compiling the model"),
    ("INFO [gpu_worker.py:760] Available KV cache memory: 53.11 GiB", "allocating the KV cache"),
    ("INFO [kv_cache_utils.py:2327] CPU KV cache size: 4,194,304 tokens", "allocating the KV cache"),
    ("Capturing CUDA graphs (mixed prefill-decode, PIECEWISE):  37%|###7   | 25/67", "capturing CUDA graphs"),
    ("INFO [core.py:402] init engine (profile, create kv cache, warmup model) took 1.31 s", "almost ready"),
]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def make(*, terminal: bool, show_log: bool = True, prefix: str = "") -> tuple[Progress, io.StringIO, Clock]:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, title="vLLM", prefix=prefix, show_log=show_log, terminal=terminal, clock=clock)
    return progress, stream, clock


@pytest.mark.parametrize(("line", "phase"), LINES)
def test_phases_are_recognized(line: str, phase: str) -> None:
    """Each step of loading has a line that tells it."""
    found = recognize(line)
    assert found is not None
    assert phase in found[0]


def test_percentages_are_read() -> None:
    """Progress bars tell how far a step is."""
    assert recognize("Loading safetensors checkpoint shards:  50% Completed | 2/4") == ("loading the weights", 50)
    assert recognize("Capturing CUDA graphs (decode, FULL):   3%|") == ("capturing CUDA graphs", 3)
    assert recognize("INFO Loading weights took 2 seconds") == ("preparing the model", None)


def test_other_lines_tell_nothing() -> None:
    """A line that is no step leaves the phase alone."""
    assert recognize("WARNING [cpu.py:224] Triton is not installed.") is None


def test_without_a_terminal_a_line_every_few_seconds() -> None:
    """The log is passed on; the progress line comes when it is due and not with every tick."""
    progress, stream, clock = make(terminal=False, prefix="| ")
    progress.line("Starting to load model m")
    clock.now += 4
    progress.tick()
    clock.now += 2
    progress.tick()
    progress.tick()
    progress.end("ready")
    assert stream.getvalue() == ("| Starting to load model m\nvLLM: loading the model (6 s)\nvLLM: ready (6 s)\n")


def test_on_a_terminal_one_line_is_rewritten_below_the_log() -> None:
    """The progress line is wiped before a log line and drawn again behind it."""
    progress, stream, clock = make(terminal=True)
    progress.tick()
    clock.now += 3
    progress.line("Loading safetensors checkpoint shards: 50% Completed | 1/2")
    progress.end("ready")
    assert stream.getvalue() == (
        f"{CLEAR_LINE}vLLM: starting (0 s)"
        f"{CLEAR_LINE}Loading safetensors checkpoint shards: 50% Completed | 1/2\n"
        f"{CLEAR_LINE}vLLM: loading the weights 50 % (3 s)"
        f"{CLEAR_LINE}vLLM: ready (3 s)\n"
    )


def test_log_goes_on_after_the_end() -> None:
    """Once ready, lines are passed on as they are, without progress, and a second end says nothing."""
    progress, stream, clock = make(terminal=True)
    progress.end("ready")
    progress.end("failed")
    clock.now += 60
    progress.line("Starting to load model again")
    progress.tick()
    assert stream.getvalue() == "vLLM: ready (0 s)\nStarting to load model again\n"


def test_log_can_be_hidden() -> None:
    """Without the log, its lines still drive the progress."""
    progress, stream, _ = make(terminal=False, show_log=False)
    progress.line("Starting to load model m")
    assert (stream.getvalue(), progress.phase) == ("", "loading the model")


def test_closed_stream_is_no_reason_to_fail() -> None:
    """A terminal that is gone ends the display, not the engine."""
    progress, stream, _ = make(terminal=True)
    stream.close()
    progress.line("Starting to load model m")
    progress.end("ready")


def test_progress_can_be_hidden() -> None:
    """What is up in a moment shows its log and nothing else."""
    stream = io.StringIO()
    progress = Progress(stream, title="x", show_progress=False, terminal=True)
    progress.line("up")
    progress.tick()
    progress.end("ready")
    assert stream.getvalue() == "up\n"
