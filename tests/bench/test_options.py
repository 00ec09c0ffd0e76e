# SPDX-License-Identifier: Apache-2.0
"""The command line of `fastfront bench`."""

from __future__ import annotations

import pytest

from fastfront.bench.options import parse, parser
from fastfront.bench.workloads import NAMED


def test_without_flags_all_frontends_are_compared():
    """The plain command compares everything, three rounds of one streaming workload."""
    options = parse([])
    assert options.url is None
    assert options.frontends == ("fastfront", "vllm-rs", "vllm")
    assert options.rounds == 3
    (workload,) = options.workloads
    assert (workload.stream, workload.prompt_tokens, workload.output_tokens, workload.concurrency) == (
        True,
        110,
        100,
        64,
    )


def test_named_workloads():
    """Names stand for what the docs say; all stands for each of them."""
    assert [one.name for one in parse(["--workload", "short64,turns2"]).workloads] == ["short64", "turns2"]
    assert parse(["--workload", "all"]).workloads == tuple(NAMED.values())


def test_flags_vary_named_workloads():
    """What is given outranks the name's own, and the rest stays."""
    (workload,) = parse(["--workload", "short64", "--prompt-tokens", "7", "--endpoint", "completions"]).workloads
    assert (workload.prompt_tokens, workload.output_tokens, workload.path) == (7, 1, "/v1/completions")
    assert workload.stream is False


def test_several_concurrencies_are_several_runs():
    """A list of client numbers runs the workload once for each."""
    assert [one.concurrency for one in parse(["--concurrency", "1,16,64"]).workloads] == [1, 16, 64]


def test_step_follows_the_kind_of_answer():
    """The embedded engine steps every 10 ms where tokens are streamed, else as fast as it goes, unless told."""
    assert parse([]).workloads[0].step_ms == 10
    assert parse(["--no-stream"]).workloads[0].step_ms == 0
    assert parse(["--no-stream", "--step-ms", "3"]).workloads[0].step_ms == 3


def test_a_dataset_is_a_workload_of_its_own(tmp_path):
    """Its name is the file's."""
    (workload,) = parse(["--dataset", str(tmp_path / "chats.jsonl")]).workloads
    assert (workload.name, workload.dataset) == ("chats", tmp_path / "chats.jsonl")


def test_cores_are_lists_and_ranges():
    """0,2-4 are four cores."""
    assert parse(["--server-cores", "0,2-4"]).server_cores == (0, 2, 3, 4)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--url", "x", "--show", "y"], "either --url or --show"),
        (["--workload", "strem64"], "there is no strem64"),
        (["--frontends", "nginx"], "there is no nginx"),
        (["--concurrency", "0"], "no list of numbers"),
        (["--duration", "inf"], "no finite number"),
        (["--rate", "-1"], "less than"),
        (["--extra-body", "[]"], "a JSON object"),
        (["--extra-body", "{"], "invalid _body value"),
        (["--server-cores", ","], "no list of cores"),
        (["--requests", "3", "--concurrency", "4"], "less than --concurrency"),
        (["--dataset", "x", "--workload", "short64"], "a workload of its own"),
        (["--dura", "3"], "unrecognized arguments"),
    ],
)
def test_mistakes_are_told(arguments, reason, capsys):
    """A wrong command line ends with status 2 and says what is wrong."""
    with pytest.raises(SystemExit) as caught:
        parse(arguments)
    assert caught.value.code == 2
    assert reason in capsys.readouterr().err


def test_help_names_every_workload_and_metric():
    """--help is complete: all groups, all names, what the metrics mean."""
    text = parser().format_help()
    for word in (*NAMED, "TTFT", "TPOT", "ITL", "E2E", "a running server:", "a comparison:", "results:"):
        assert word in text
