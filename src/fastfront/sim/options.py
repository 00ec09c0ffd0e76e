# SPDX-License-Identifier: Apache-2.0
"""The options of the embedded engine and their command line: names, defaults, meaning. Knows no sockets, no model."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from fastfront.sim import MODEL_PATH
from fastfront.sim.script import FORMAT

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """How the engine meets its frontends, how fast it is, what it says and how it fails."""

    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    handshake: str | None = None
    rank: int = 0
    data_parallel_size: int = 1
    ready_delay_s: float = 0.0
    exit_with_fd: int | None = None

    model: Path = MODEL_PATH
    max_model_len: int | None = None
    max_loras: int = 0

    ttft_ms: float = 20.0
    token_ms: float = 10.0
    tokens_per_step: int = 1
    max_num_seqs: int = 256
    slow: float = 1.0

    seed: int = 0
    script: Path | None = None
    replay: bool = False
    replay_calls: bool = False

    die_after_tokens: int | None = None
    die_after_seconds: float | None = None
    die_hard: bool = False
    freeze_after_tokens: int | None = None

    report: Path | None = None
    log_level: str = "info"

    @property
    def ttft_s(self) -> float:
        """Seconds from being scheduled to the first token."""
        return self.ttft_ms * self.slow / 1000

    @property
    def token_s(self) -> float:
        """Seconds between two steps."""
        return self.token_ms * self.slow / 1000


def _natural(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def _duration(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no duration")
    return value


def _factor(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no factor")
    return value


def _rank(text: str) -> int:
    value = _natural(text)
    if value > 0xFFFF:
        raise argparse.ArgumentTypeError(f"{text} does not fit the two bytes of an engine's identity")
    return value


def parser(prog: str = "python -m fastfront.sim") -> argparse.ArgumentParser:
    """Return the command line's parser, for `python -m fastfront.sim` and for `fastfront sim`."""
    defaults = Options()
    p = argparse.ArgumentParser(
        prog=prog,
        description="An engine without a model: speaks the wire protocol of vLLM's engine core and answers every "
        "prompt with readable text, the same each time. Give it addresses (--input, --output) or a --handshake.",
        epilog=FORMAT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    g = p.add_argument_group("meeting the frontend")
    g.add_argument("--input", nargs="+", default=(), metavar="ADDR", help="where requests come from, one per frontend")
    g.add_argument("--output", nargs="+", default=(), metavar="ADDR", help="where outputs go, one per frontend")
    g.add_argument("--handshake", metavar="ADDR", help="ask here for the addresses, as a headless engine does")
    g.add_argument("--rank", type=_rank, default=defaults.rank, help="data-parallel rank of this engine (%(default)s)")
    g.add_argument(
        "--data-parallel-size",
        type=_count,
        default=defaults.data_parallel_size,
        metavar="N",
        help="engines of the deployment (%(default)s)",
    )
    g.add_argument(
        "--ready-delay-s",
        type=_duration,
        default=defaults.ready_delay_s,
        metavar="S",
        help="start slowly: wait so long before saying that it is ready (%(default)s)",
    )
    g.add_argument(
        "--exit-with-fd",
        type=_natural,
        metavar="FD",
        help="exit when this inherited descriptor, the reading end of a pipe, is closed at its other end",
    )

    g = p.add_argument_group("model")
    g.add_argument(
        "--model",
        type=Path,
        default=defaults.model,
        metavar="DIR",
        help="directory with the tokenizer.json that the frontend uses (the embedded engine's own)",
    )
    g.add_argument("--max-model-len", type=_count, metavar="N", help="context length in tokens (the model's)")
    g.add_argument(
        "--max-loras",
        type=_natural,
        default=defaults.max_loras,
        metavar="N",
        help="LoRA adapters to accept; 0: LoRA is off (%(default)s)",
    )

    g = p.add_argument_group("pace")
    g.add_argument(
        "--ttft-ms",
        type=_duration,
        default=defaults.ttft_ms,
        metavar="MS",
        help="time from being scheduled to the first token (%(default)s)",
    )
    g.add_argument(
        "--token-ms",
        type=_duration,
        default=defaults.token_ms,
        metavar="MS",
        help="time of one step; 0: as fast as it goes (%(default)s)",
    )
    g.add_argument(
        "--tokens-per-step",
        type=_count,
        default=defaults.tokens_per_step,
        metavar="N",
        help="tokens that each request gets per step (%(default)s)",
    )
    g.add_argument(
        "--max-num-seqs",
        type=_count,
        default=defaults.max_num_seqs,
        metavar="N",
        help="requests that run at once, the others wait (%(default)s)",
    )
    g.add_argument("--slow", type=_factor, default=defaults.slow, metavar="FACTOR", help="multiply both times by this")

    g = p.add_argument_group("answers")
    g.add_argument("--seed", type=int, default=defaults.seed, help="another seed, other answers (%(default)s)")
    g.add_argument("--script", type=Path, metavar="FILE", help="play token sequences from this file, see below")

    g.add_argument(
        "--replay",
        action="store_true",
        help="for load tests: say the same to everybody at the least cost; all requests run at once and get one token "
        "a step, and of pace, answers and failures only --token-ms and --slow count",
    )

    g.add_argument(
        "--replay-calls",
        action="store_true",
        help="the same, but every answer is a model's thinking, a few words and two calls of get_weather",
    )

    g = p.add_argument_group("failures")
    g.add_argument("--die-after-tokens", type=_count, metavar="N", help="die once so many tokens were generated")
    g.add_argument("--die-after-seconds", type=_duration, metavar="S", help="die so long after being ready")
    g.add_argument("--die-hard", action="store_true", help="die by SIGKILL, without a last word (ENGINE_CORE_DEAD)")
    g.add_argument("--freeze-after-tokens", type=_natural, metavar="N", help="once so many were generated, do nothing")

    g = p.add_argument_group("watching")
    g.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="on SIGUSR1, write counts of requests to this file as JSON; SIGUSR2 makes the engine die",
    )
    g.add_argument(
        "--log-level",
        default=defaults.log_level,
        choices=("error", "warning", "info", "debug"),
        help="least important message to log (%(default)s)",
    )
    return p


def parse(argv: Sequence[str] | None = None, prog: str = "python -m fastfront.sim") -> Options:
    """Read a command line. What does not fit together ends the process with a usage message, as argparse does."""
    p = parser(prog)
    values = vars(p.parse_args(argv))
    values["input"], values["output"] = tuple(values["input"]), tuple(values["output"])
    if bool(values["handshake"]) == bool(values["input"]):
        p.error("give either --handshake or --input and --output")
    if len(values["input"]) != len(values["output"]):
        p.error("--input and --output take the same number of addresses, one per frontend")
    if values["rank"] >= values["data_parallel_size"]:
        values["data_parallel_size"] = values["rank"] + 1
    return Options(**values)
