# SPDX-License-Identifier: Apache-2.0
"""Results as pictures, PNG and SVG: time to first token, throughput and CPU time against the number of clients.

One line for each frontend. Needs matplotlib (`pip install 'fastfront[bench]'`); knows nothing of how the results came.
"""

from __future__ import annotations

import dataclasses
import importlib
from typing import TYPE_CHECKING, Any

from fastfront.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from fastfront.bench.report import Result

COLOURS = {"fastfront": "#0b6e4f", "vllm-rs": "#c1440e", "vllm": "#4a5a8a", "floor": "#999999"}
OTHER_COLOURS = ("#7a5195", "#bc8b00", "#555555")
MARKERS = {"fastfront": "o", "vllm-rs": "s", "vllm": "^", "floor": "."}


@dataclasses.dataclass(frozen=True)
class Plot:
    """One picture."""

    file: str
    title: str
    axis: str
    value: Callable[[Result], float | None]
    log: bool = False


PLOTS = (
    Plot("ttft", "Time to first token, median", "ms", lambda one: one.ttft_ms.p50 if one.ttft_ms else None, log=True),
    Plot("ttft_p99", "Time to first token, p99", "ms", lambda one: one.ttft_ms.p99 if one.ttft_ms else None, log=True),
    Plot("throughput", "Output tokens per second", "tokens/s", lambda one: one.tokens_per_s if one.per_token else None),
    Plot(
        "cpu_per_token",
        "CPU time per token",
        "µs",
        lambda one: one.cpu_us_per_token if one.per_token else None,
        log=True,
    ),
    Plot("requests", "Requests per second", "requests/s", lambda one: None if one.per_token else one.requests_per_s),
)


def load_matplotlib() -> Any:
    """Return pyplot, drawing without a display. Raises StartupError with the way to get it."""
    try:
        importlib.import_module("matplotlib").use("Agg")
        return importlib.import_module("matplotlib.pyplot")
    except ImportError:
        raise StartupError("--plots needs matplotlib: pip install 'fastfront[bench]'") from None


def draw(results: Sequence[Result], folder: Path) -> list[Path]:
    """Draw what the results can show: each picture that has at least two points on a line. Returns the files."""
    pyplot = load_matplotlib()
    # The same picture for the same results, byte for byte, so that a committed one changes only with its figures.
    # Letters stay letters, which keeps it small.
    pyplot.rcParams.update({"svg.hashsalt": "fastfront", "svg.fonttype": "none"})
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for plot in PLOTS:
            lines = _lines(results, plot)
            if not any(len(line) > 1 for line in lines.values()):
                continue
            figure = _figure(pyplot, plot, lines)
            for suffix, metadata in (("png", {"Software": None}), ("svg", {"Date": None})):
                written.append(folder / f"{plot.file}.{suffix}")
                figure.savefig(written[-1], metadata=metadata)
            pyplot.close(figure)
    except OSError as error:
        raise StartupError(f"cannot write the plots: {error}") from None
    return written


def _lines(results: Sequence[Result], plot: Plot) -> dict[str, list[tuple[int, float]]]:
    """Return the points of each frontend, by the number of clients; of several workloads with the same, the first."""
    lines: dict[str, dict[int, float]] = {}
    for result in results:
        value = plot.value(result)
        if value is not None and not result.rate:
            lines.setdefault(result.frontend, {}).setdefault(result.concurrency, value)
    return {name: sorted(points.items()) for name, points in lines.items()}


def _figure(pyplot: Any, plot: Plot, lines: dict[str, list[tuple[int, float]]]) -> Any:
    figure, axes = pyplot.subplots(figsize=(6.4, 3.8), dpi=120, layout="constrained")
    others = iter(OTHER_COLOURS * len(lines))
    for name, points in lines.items():
        colour = COLOURS.get(name) or next(others)
        axes.plot(*zip(*points, strict=True), label=name, color=colour, marker=MARKERS.get(name, "."), linewidth=1.8)
    ticks = sorted({clients for points in lines.values() for clients, _ in points})
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    if plot.log:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:,g}")
    else:
        axes.set_ylim(bottom=0)
    axes.set_title(plot.title, fontsize=11, loc="left")
    axes.set_xlabel("concurrent clients")
    axes.set_ylabel(plot.axis)
    axes.grid(visible=True, which="major", linewidth=0.4, alpha=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(frameon=False)
    return figure
