# SPDX-License-Identifier: Apache-2.0
"""`fastfront bench` from the command line to its output, against real servers. No figure is judged here."""

from __future__ import annotations

import json
import socket
import sys

import pytest

from fastfront.bench.report import load
from fastfront.cli import main
from tests.server.processes import serving_sim

SHORT = ("--duration", "0.5", "--warmup", "0.2")
NO_PEERS = ("--vllm-python", sys.executable)

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def url():
    """Return the address of a fastfront before the embedded engine."""
    with serving_sim("--ttft-ms", "1", "--token-ms", "1", "--max-model-len", "8192") as server:
        yield server.url


def test_a_running_server(url, capsys, tmp_path):
    """The model is found, its tokens are counted, its process is watched; the figures are printed and written."""
    file = tmp_path / "found.json"
    assert main(["bench", "--url", url, *SHORT, "--output-tokens", "5", "--concurrency", "2", "--json", str(file)]) == 0
    printed = capsys.readouterr()
    for word in ("TTFT", "TPOT", "ITL", "E2E", "server CPU", "per token", "errors"):
        assert word in printed.out
    assert "custom, 2 clients" in printed.err
    (result,) = load([file]).results
    assert result.errors == {}
    assert result.requests > 0
    assert result.output_tokens == 5
    assert result.events_per_request == 7  # role, five tokens, usage
    assert 90 < result.prompt_tokens < 140
    assert result.tokens_told
    assert result.ttft_ms.p50 > 0
    assert result.cpu_us_per_token > 0


def test_a_number_of_requests(url, tmp_path):
    """--requests sends so many and measures all of them."""
    file = tmp_path / "found.json"
    flags = ["--requests", "20", "--concurrency", "3", "--no-stream", "--endpoint", "completions", "--quiet"]
    assert main(["bench", "--url", url, *flags, "--json", str(file)]) == 0
    (result,) = load([file]).results
    assert (result.requests, result.ttft_ms) == (20, None)


def test_open_loop_and_dataset(url, tmp_path, capsys):
    """Bodies from a file are sent at a rate."""
    dataset = tmp_path / "mine.jsonl"
    body = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 3, "stream": True, "ignore_eos": True}
    dataset.write_text(json.dumps(body) + "\n")
    flags = ["--dataset", str(dataset), "--rate", "50", "--concurrency", "8"]
    assert main(["bench", "--url", url, *SHORT, *flags]) == 0
    out = capsys.readouterr().out
    assert "mine, 8 clients, 50 requests/s" in out
    assert "sent late" in out


def test_errors_are_told_in_the_status(url, tmp_path, capsys):
    """A run with failed requests prints the first reason; one where nothing works is an error at once."""
    dataset = tmp_path / "mixed.jsonl"
    good = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1}
    dataset.write_text(f"{json.dumps(good)}\n{json.dumps({**good, 'temperature': -1})}\n")
    assert main(["bench", "--url", url, *SHORT, "--dataset", str(dataset)]) == 1
    assert "HTTP status 400" in capsys.readouterr().out
    dataset.write_text(json.dumps({**good, "temperature": -1}) + "\n")
    assert main(["bench", "--url", url, *SHORT, "--dataset", str(dataset)]) == 1
    assert "no request has succeeded; the first failed so: HTTP status 400" in capsys.readouterr().err


def test_nobody_there(capsys):
    """A server that is not up is one line and status 1."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert main(["bench", "--url", f"127.0.0.1:{unused.getsockname()[1]}"]) == 1
    assert "refused" in capsys.readouterr().err


def test_a_comparison_with_what_is_here(tmp_path, capsys):
    """fastfront is measured on its own engine; peers that are not installed are named; plots and tables come again
    from the file."""
    file, plots = tmp_path / "found.json", tmp_path / "plots"
    command = [
        "bench",
        "--rounds",
        "1",
        *SHORT,
        *NO_PEERS,
        "--concurrency",
        "1,4",
        "--output-tokens",
        "10",
        "--step-ms",
        "1",
    ]
    assert main([*command, "--json", str(file)]) == 0
    printed = capsys.readouterr()
    assert "vllm-rs is left out" in printed.err
    assert "vllm is left out" in printed.err
    lines = [line.split() for line in printed.out.splitlines() if line.startswith("custom")]
    assert [line[1:3] for line in lines] == [["1", "fastfront"], ["4", "fastfront"]]
    found = load([file])
    assert set(found.left_out) == {"vllm-rs", "vllm"}
    for result in found.results:
        assert result.errors == {}
        assert result.engine_cores is not None
        assert result.ready_s > 0
    assert main(["bench", "--show", str(file), "--markdown", "--plots", str(plots)]) == 0
    assert "| custom | 4 | fastfront |" in capsys.readouterr().out
    assert (plots / "ttft.svg").exists()


def test_none_of_the_frontends_is_here(capsys):
    """Nothing to compare is an error."""
    assert main(["bench", "--frontends", "vllm", *NO_PEERS]) == 1
    assert "none of the frontends is here" in capsys.readouterr().err


def test_cores_that_are_not_there(capsys):
    """A wrong core is told before anything is started."""
    assert main(["bench", "--frontends", "fastfront", "--server-cores", "99999"]) == 1
    assert "core 99999 is not available" in capsys.readouterr().err
