# SPDX-License-Identifier: Apache-2.0
"""The options of `fastfront bench` and their command line: names, defaults, meaning. Sends nothing, starts nothing."""

from __future__ import annotations

import argparse
import dataclasses
import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastfront.bench.frontends import DEFAULT, NAMES
from fastfront.bench.workloads import CUSTOM, MEANING, NAMED, Workload, vary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DESCRIPTION = """\
Measure a server, or compare frontends.

  fastfront bench --url http://localhost:8000               any OpenAI-compatible server that runs already
  fastfront bench                                           fastfront, vllm-rs and vLLM's Python server, each in turn
                                                            before the embedded engine, on the same cores
  fastfront bench --show FILE... [--markdown] [--plots DIR] earlier results again

A comparison needs no GPU: the embedded engine speaks the engine core's wire protocol and costs next to nothing, so that
the frontend is what is measured. Peers come from an installed vLLM; one that is not there is named and left out."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """What to measure, with what, for how long, and where the results go."""

    url: str | None
    model: str | None
    api_key: str | None
    pid: int | None

    frontends: tuple[str, ...]
    fastfront: str | None
    vllm_rs: str | None
    vllm_python: str | None
    server_cores: tuple[int, ...] | None
    other_cores: tuple[int, ...] | None
    rounds: int

    workloads: tuple[Workload, ...]
    extra_body: dict[str, Any]
    seed: int | None

    duration: float
    warmup: float
    requests: int
    timeout: float

    json: Path | None
    plots: Path | None
    markdown: bool
    show: tuple[Path, ...]
    quiet: bool


def _number(kind: type[int | float], low: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = kind(text)
        if not low <= value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is less than {low:g}, or no finite number")
        return value

    read.__name__ = "number"
    return read


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _counts(text: str) -> list[int]:
    counts = [int(part) for part in _list(text)]
    if not counts or min(counts) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no list of numbers from 1 on")
    return counts


def _cores(text: str) -> tuple[int, ...]:
    """Read `0,2-3`."""
    cores: set[int] = set()
    for part in _list(text):
        first, dash, last = part.partition("-")
        cores.update(range(int(first), int(last if dash else first) + 1))
    if not cores:
        raise argparse.ArgumentTypeError(f"{text} is no list of cores")
    return tuple(sorted(cores))


def _body(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError("a JSON object is expected")
    return value


def _names(known: Sequence[str]) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        names = list(known) if text == "all" else _list(text)
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"there is no {name}; there are {', '.join(known)}")
        return names

    return read


def parser(prog: str = "fastfront bench") -> argparse.ArgumentParser:
    """Return the command line's parser."""
    named = "\n".join(f"  {name:<12}{meaning}" for name, meaning in MEANING.items())
    p = argparse.ArgumentParser(
        prog=prog,
        usage=f"{prog} [--url URL | --show FILE...] [flags]",
        description=DESCRIPTION,
        epilog=f"workloads:\n{named}\n\n{METRICS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )

    g = p.add_argument_group("a running server")
    g.add_argument("--url", help="its address, http://HOST:PORT")
    g.add_argument(
        "--model",
        help="what the model is called there (the first that the server lists); in a comparison the "
        "directory or name of a model (the embedded engine's own)",
    )
    g.add_argument("--api-key", metavar="KEY", help="sent as a bearer token")
    g.add_argument(
        "--pid",
        type=int,
        help="process whose CPU time and memory, children included, are told (the one that "
        "listens on the port, if it is on this machine)",
    )

    g = p.add_argument_group("a comparison")
    g.add_argument(
        "--frontends",
        type=_names(NAMES),
        default=list(DEFAULT),
        metavar="NAME,...",
        help=f"of {', '.join(NAMES)} ({','.join(DEFAULT)}); floor is a bare loop of send(), the least that streaming "
        "can cost",
    )
    g.add_argument(
        "--rounds",
        type=_number(int, 1),
        default=3,
        metavar="N",
        help="each frontend has its turn in each round; the medians are told (%(default)s)",
    )
    g.add_argument(
        "--vllm-python", metavar="PYTHON", help="the Python that has vLLM (that of the `vllm` command, or this one)"
    )
    g.add_argument("--vllm-rs", metavar="PROGRAM", help="the Rust frontend (the one in the installed vLLM)")
    g.add_argument("--fastfront", metavar="PROGRAM", help="another build of fastfront (this one)")
    g.add_argument("--server-cores", type=_cores, metavar="LIST", help="the frontend's cores, as 0,2-3 (the first)")
    g.add_argument(
        "--other-cores", type=_cores, metavar="LIST", help="the cores of engine and load (all but the server's)"
    )

    g = p.add_argument_group("what is sent")
    g.add_argument(
        "--workload",
        type=_names(tuple(NAMED)),
        default=[],
        metavar="NAME,...",
        help="named workloads, below; all: each of them. The flags that follow vary them, or make one of their own",
    )
    g.add_argument(
        "--prompt-tokens", type=_number(int, 1), metavar="N", help=f"length of a prompt ({CUSTOM.prompt_tokens})"
    )
    g.add_argument(
        "--output-tokens", type=_number(int, 1), metavar="N", help=f"length of an answer ({CUSTOM.output_tokens})"
    )
    g.add_argument(
        "--concurrency", type=_counts, metavar="N,...", help=f"clients; several: one run each ({CUSTOM.concurrency})"
    )
    g.add_argument(
        "--rate",
        type=_number(float, 0.001),
        metavar="R",
        help="requests a second at random times, instead of "
        "clients that wait for their answers; --concurrency is the most at once then",
    )
    g.add_argument("--stream", action=argparse.BooleanOptionalAction, default=None, help="stream the answers (on)")
    g.add_argument("--endpoint", choices=("chat", "completions"), help="chat completions or text completions (chat)")
    g.add_argument(
        "--dataset",
        type=Path,
        metavar="FILE",
        help="request bodies instead of made ones, a JSON object a line; a missing model is filled in",
    )
    g.add_argument(
        "--extra-body",
        type=_body,
        default={},
        metavar="JSON",
        help="members for every made body, above its own; null takes one away",
    )
    g.add_argument(
        "--step-ms",
        type=_number(float, 0.0),
        metavar="MS",
        help="pace of the embedded engine; 0: as fast as it goes (10 where tokens are streamed, else 0)",
    )
    g.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="the same seed, the same prompts and times (0 in a comparison, else "
        "another each time, so that no cache has seen them)",
    )

    g = p.add_argument_group("how long")
    g.add_argument(
        "--duration", type=_number(float, 0.1), default=10.0, metavar="S", help="seconds to measure (%(default)g)"
    )
    g.add_argument("--warmup", type=_number(float, 0.0), default=2.0, metavar="S", help="seconds before (%(default)g)")
    g.add_argument(
        "--requests",
        type=_number(int, 1),
        default=0,
        metavar="N",
        help="send so many and measure all of them, instead of a time",
    )
    g.add_argument(
        "--timeout",
        type=_number(float, 0.1),
        default=600.0,
        metavar="S",
        help="most seconds for one request (%(default)g)",
    )

    g = p.add_argument_group("results")
    g.add_argument("--json", type=Path, metavar="FILE", help="write every run to this file")
    g.add_argument("--plots", type=Path, metavar="DIR", help="draw PNG and SVG there (needs fastfront[bench])")
    g.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    g.add_argument(
        "--show", type=Path, nargs="+", default=[], metavar="FILE", help="measure nothing, show these results"
    )
    g.add_argument("--quiet", action="store_true", help="no progress")
    return p


METRICS = textwrap.dedent("""\
    metrics:
      TTFT   request sent to first event that carries text      ITL    gap between events that carry text
      TPOT   (last such event - first) / (tokens - 1)           E2E    request sent to answer complete
      CPU    user and system time of the server's processes, from /proc
      With --rate, times count from when a request was due.""")


def parse(argv: Sequence[str] | None = None, prog: str = "fastfront bench") -> Options:
    """Read a command line. What does not fit together ends the process with a usage message, as argparse does."""
    p = parser(prog)
    values = vars(p.parse_args(argv))
    if values["url"] is not None and values["show"]:
        p.error("give either --url or --show")
    if values["requests"] and values["rate"] is None and values["requests"] < max(values["concurrency"] or [1]):
        p.error("--requests is less than --concurrency")
    if values["dataset"] is not None and values["workload"]:
        p.error("--dataset is a workload of its own; leave --workload out")
    if values["url"] is not None and values["pid"] is not None and values["pid"] < 1:
        p.error("--pid is no process")
    values["workloads"] = _workloads(values)
    for name in ("frontends", "show"):
        values[name] = tuple(values[name])
    return Options(**{field.name: values[field.name] for field in dataclasses.fields(Options)})


def _workloads(values: dict[str, Any]) -> tuple[Workload, ...]:
    """Return the named workloads, or one of its own, with the flags' changes, once for each concurrency."""
    dataset = values["dataset"]
    chosen = [NAMED[name] for name in values["workload"]]
    if not chosen:
        chosen = [vary(CUSTOM, name=dataset.stem if dataset is not None else None)]
    streams = values["stream"]
    step_ms = values["step_ms"]
    if step_ms is None and streams is not None:
        step_ms = 10.0 if streams else 0.0
    endpoint = values["endpoint"]
    return tuple(
        vary(
            workload,
            prompt_tokens=values["prompt_tokens"],
            output_tokens=values["output_tokens"],
            concurrency=concurrency,
            stream=streams,
            chat=None if endpoint is None else endpoint == "chat",
            rate=values["rate"],
            step_ms=step_ms,
            dataset=dataset,
        )
        for workload in chosen
        for concurrency in values["concurrency"] or [None]
    )
