# SPDX-License-Identifier: Apache-2.0
"""Write the measured parts of docs/performance.md: tables between its markers, and the plots in docs/plots.

    fastfront bench --frontends fastfront,vllm-rs,vllm --workload all --json compare.json
    fastfront bench --frontends fastfront,vllm-rs,vllm,floor --concurrency 1,16,64,256,1024 --json sweep.json
    make bench BENCH_ARGS=--benchmark-json=$PWD/micro.json
    python tools/performance_docs.py --compare compare.json --sweep sweep.json --micro micro.json

Knows the files' formats and Markdown; measures nothing. What is not given stays as it is.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from fastfront.bench import plots, report, table  # noqa: E402  # the tree beside this script, installed or not
from fastfront.bench.report import Result  # noqa: E402


def replace(page: str, name: str, content: str) -> str:
    """Put content between the markers of that name. Exits if the page has none."""
    pattern = rf"(<!-- {name}: begin[^>]*-->\n).*?(<!-- {name}: end -->)"
    replaced, count = re.subn(pattern, lambda found: f"{found[1]}\n{content}\n\n{found[2]}", page, flags=re.DOTALL)
    if count != 1:
        sys.exit(f"the page has no markers for {name}")
    return replaced


def floor_table(results: list[Result]) -> str:
    """Return how far the frontends are from a bare loop of send(), by the number of clients."""
    found = {(one.concurrency, one.frontend): one.cpu_us_per_token for one in results}
    rows = ["| clients | floor | fastfront | above it | vllm-rs | above it |", "|---:|---:|---:|---:|---:|---:|"]
    for clients in sorted({clients for clients, _ in found}):
        floor = found.get((clients, "floor"))
        cells = [f"{clients:,}", table.number(floor, 2)]
        for frontend in ("fastfront", "vllm-rs"):
            cpu = found.get((clients, frontend))
            above = None if cpu is None or floor is None else cpu - floor
            cells += [table.number(cpu, 2), table.number(above, 2)]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def micro_table(benchmarks: list[dict[str, Any]]) -> str:
    """Return the medians of pytest-benchmark's JSON, by group, with how often fastfront's fits into each."""
    rows = ["| what | by | median µs | times fastfront's |", "|---|---|---:|---:|"]
    for one in benchmarks:
        same = [other for other in benchmarks if (other["group"], other["param"]) == (one["group"], one["param"])]
        ours = next(other for other in same if "fastfront" in other["name"])
        median = one["stats"]["median"]
        ratio = table.number(median / ours["stats"]["median"], 1)
        parameter = f" ({one['param']})" if one["param"] else ""
        name = re.sub(r"\[.*", "", one["name"]).removeprefix("bench_").replace("_", " ")
        rows.append(f"| {one['group']}{parameter} | {name} | {table.number(median * 1e6, 1)} | {ratio} |")
    return "\n".join(rows)


def main() -> None:
    """Read what is given and rewrite the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("compare", "sweep"):
        parser.add_argument(f"--{name}", type=Path, nargs="+", default=[], help="written by fastfront bench --json")
    parser.add_argument("--micro", type=Path, help="written by pytest-benchmark")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md")
    arguments = parser.parse_args()
    page = arguments.page.read_text(encoding="utf-8")
    if arguments.compare:
        found = report.load(arguments.compare)
        page = replace(page, "compare", table.markdown(found, report.medians(found.results)))
    if arguments.sweep:
        found = report.load(arguments.sweep)
        results = report.medians(found.results)
        page = replace(page, "sweep", table.markdown(found, results))
        page = replace(page, "floor", floor_table(results))
        folder = arguments.page.parent / "plots"
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as drawn:
            for file in plots.draw(results, Path(drawn)):
                if file.suffix == ".svg":
                    (folder / file.name).write_bytes(file.read_bytes())
    if arguments.micro is not None:
        benchmarks = json.loads(arguments.micro.read_text(encoding="utf-8"))["benchmarks"]
        page = replace(page, "micro", micro_table(sorted(benchmarks, key=lambda one: one["group"])))
    arguments.page.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
