# SPDX-License-Identifier: Apache-2.0
"""The engine as a process: what a frontend gets for what it sends, over real sockets."""

from __future__ import annotations

import json
import signal

import msgspec
import pytest

from fastfront.engine.types import ENGINE_CORE_DEAD, EngineCoreOutputs, FinishReason, RequestType, encode
from tests.sim.peer import END, FAST, MODEL, add


def test_an_answer_quotes_the_prompt_and_ends_by_itself(fast):
    """The user message is in the answer, the end token is its last token, and nothing is said of a stop reason."""
    answer = fast.ask("Why is the sky blue?")
    assert "Why is the sky blue?" in answer.text
    assert answer.token_ids[-1] == END
    assert (answer.finish_reason, answer.stop_reason) == (FinishReason.STOP, None)


def test_text_of_any_script_comes_back(fast):
    """Chinese, emoji with joiners and combining marks are quoted unharmed."""
    question = "世界 👩‍👩‍👧 e\u0301 नमस्ते"
    assert question in fast.ask(question).text


def test_the_same_seed_gives_the_same_answer_and_another_one_another(fast):
    """Answers are functions of prompt and seed."""
    texts = {seed: {fast.ask("Tell me more.", seed=seed).text for _ in range(2)} for seed in range(6)}
    assert {len(same) for same in texts.values()} == {1}
    assert len(set.union(*texts.values())) > 3


def test_greedy_requests_ignore_the_seed(fast):
    """With temperature 0 there is one answer."""
    assert fast.ask("Hm?", temperature=0.0, seed=1).text == fast.ask("Hm?", temperature=0.0, seed=2).text


def test_answers_of_one_request_with_n_differ_in_the_same_way_each_time(fast):
    """Requests that share an external id and run side by side are the n answers of one request."""
    rounds = []
    for _ in range(2):
        fast.submit_together(*(add("Hello there", f"n{i}", external_req_id="one", max_tokens=60) for i in range(4)))
        answers = fast.collect(*(f"n{i}" for i in range(4)))
        rounds.append([answers[f"n{i}"].text for i in range(4)])
    assert rounds[0] == rounds[1]
    assert len(set(rounds[0])) > 1


def test_max_tokens_ends_an_answer(fast):
    """The answer is cut at max_tokens, with finish reason length."""
    answer = fast.ask("Hello", max_tokens=5)
    assert (len(answer.token_ids), answer.finish_reason) == (5, FinishReason.LENGTH)


def test_ignore_eos_writes_on_up_to_max_tokens(fast):
    """No end token ends the answer, and none is in it."""
    answer = fast.ask("Hello", max_tokens=900, ignore_eos=True)
    assert (len(answer.token_ids), answer.finish_reason) == (900, FinishReason.LENGTH)
    assert END not in answer.token_ids


def test_min_tokens_come_before_the_end(fast):
    """An answer that would be shorter goes on, and then ends by itself."""
    short = fast.ask("Hello", seed=4)
    long = fast.ask("Hello", seed=4, min_tokens=300)
    assert len(short.token_ids) < 300 < len(long.token_ids) < 400
    assert long.finish_reason == FinishReason.STOP


def test_a_stop_token_ends_an_answer_with_its_id(fast):
    """The token is the last one, and stop_reason names it."""
    free = fast.ask("Hello", seed=1)
    stop = free.token_ids[7]
    answer = fast.ask("Hello", seed=1, stop_token_ids=[stop])
    assert answer.token_ids == free.token_ids[: free.token_ids.index(stop) + 1]
    assert (answer.finish_reason, answer.stop_reason) == (FinishReason.STOP, stop)


def test_the_context_length_ends_an_answer(serve):
    """Prompt and answer fit --max-model-len, which the ready message tells."""
    peer = serve(*FAST, "--max-model-len", "100")
    assert peer.info.max_model_len == 100
    prompt = MODEL.encode("one two three four")
    answer = peer.ask(prompt, ignore_eos=True, max_tokens=1000)
    assert (len(prompt) + len(answer.token_ids), answer.finish_reason) == (100, FinishReason.LENGTH)


def test_a_prompt_of_ids_that_no_tokenizer_has_is_answered(fast):
    """A foreign frontend's token ids do no harm."""
    assert fast.ask([5_000_000, 2**40, 2**64 - 1], max_tokens=9).finish_reason == FinishReason.LENGTH


def test_tokens_per_step_come_together(serve):
    """Every output has that many tokens, the last one perhaps fewer."""
    peer = serve(*FAST, "--tokens-per-step", "4")
    answer = peer.ask("Hello", max_tokens=22, ignore_eos=True)
    assert [len(output.new_token_ids) for output in answer.outputs] == [4, 4, 4, 4, 4, 2]


def test_one_message_a_step_carries_every_running_request(serve):
    """The outputs of requests that run side by side travel together."""
    peer = serve(*FAST)
    peer.submit_together(*(add("Hello", f"q{i}", max_tokens=10, ignore_eos=True) for i in range(8)))
    peer.messages.clear()
    peer.collect(*(f"q{i}" for i in range(8)))
    assert len(peer.messages) == 10


def test_requests_beyond_the_batch_wait_and_are_counted(serve):
    """With --max-num-seqs 2 the third request starts when one of the others has finished."""
    peer = serve(*FAST, "--max-num-seqs", "2")
    peer.submit_together(*(add("Hello", f"q{i}", max_tokens=50 * (i + 1), ignore_eos=True) for i in range(3)))
    peer.messages.clear()
    answers = peer.collect("q0", "q1", "q2")
    steps = [msgspec.msgpack.decode(message, type=EngineCoreOutputs) for message in peer.messages]
    assert max(step.scheduler_stats.num_running_reqs for step in steps) == 2
    assert max(step.scheduler_stats.num_waiting_reqs for step in steps) == 1
    assert max(len(step.outputs) for step in steps) == 2
    assert len(answers["q2"].token_ids) == 150


def test_an_aborted_request_says_nothing_more(serve):
    """No output follows, as with vLLM, and the engine is free for others."""
    peer = serve("--ttft-ms", "0", "--token-ms", "5")
    peer.submit(add("Hello", "gone", ignore_eos=True, max_tokens=30_000))
    assert peer.receive().outputs[0].request_id == "gone"
    peer.abort("gone", "never heard of")
    report = peer.call("sim_report")
    assert (report["running"], report["aborted"], report["requests"]) == (0, 1, 1)
    peer.messages.clear()
    peer.ask("Hello", max_tokens=3)
    assert not any(b"gone" in message for message in peer.messages)


def test_the_statistics_go_back_to_zero_after_an_abort(serve):
    """A step without outputs tells the frontend that nothing runs any more."""
    peer = serve("--ttft-ms", "0", "--token-ms", "5")
    peer.submit(add("Hello", ignore_eos=True, max_tokens=30_000))
    assert peer.receive().scheduler_stats.num_running_reqs == 1
    peer.abort("r")
    while (message := peer.receive()).outputs:
        pass
    assert message.scheduler_stats.num_running_reqs == 0


def test_the_first_output_tells_of_queue_and_prefill(fast):
    """Events and prefill statistics come once; a prompt seen before is found in the prefix cache."""
    prompt = MODEL.encode("A prompt that nobody else sends, and long enough for two blocks of sixteen tokens each.")
    fast.ask(prompt, max_tokens=3)
    first, *rest = fast.ask(prompt, max_tokens=3).outputs
    assert [event.type for event in first.events] == [1, 2]
    assert first.events[0].timestamp <= first.events[1].timestamp
    cached = (len(prompt) - 1) // 16 * 16
    assert (first.prefill_stats.num_prompt_tokens, first.prefill_stats.num_cached_tokens) == (len(prompt), cached)
    assert all(output.events is None and output.prefill_stats is None for output in rest)


def test_a_request_that_is_not_for_text_ends_in_error(fast):
    """Pooling requests, and requests that cannot be read, are refused one by one."""
    fields = ["odd", [1, 2], None, None, ["classify"], 0.0, None, None, None]
    fast.send(RequestType.ADD, encode(fields))
    fast.send(RequestType.ADD, b"\xc1 no msgpack")
    fast.send(RequestType.ADD)
    fast.send(b"\x02", encode([0, 1]))
    message = fast.receive()
    assert [(o.request_id, o.new_token_ids, o.finish_reason) for o in message.outputs] == [
        ("odd", [], FinishReason.ERROR)
    ]
    assert message.finished_requests == {"odd"}
    assert fast.ask("Still there?", max_tokens=2).finish_reason == FinishReason.LENGTH


@pytest.mark.parametrize(("flag", "tokens"), [("--die-after-tokens", 7), ("--die-after-seconds", None)])
def test_a_dying_engine_says_so_and_exits_with_1(serve, flag, tokens):
    """ENGINE_CORE_DEAD is the last message, behind the outputs of the step."""
    peer = serve("--ttft-ms", "0", "--token-ms", "1", flag, str(tokens or 0.05))
    peer.submit(add("Hello", ignore_eos=True, max_tokens=30_000))
    answers = {}
    with pytest.raises(EOFError):
        peer.collect("r", answers=answers)
    assert peer.process.wait(timeout=30) == 1
    assert peer.drain() == []
    if tokens:
        assert len(answers["r"].token_ids) == tokens


def test_dying_hard_is_a_kill_without_a_word(serve):
    """--die-hard: the process is killed, and no message says so."""
    peer = serve(*FAST, "--die-after-tokens", "3", "--die-hard")
    peer.submit(add("Hello", ignore_eos=True))
    assert peer.process.wait(timeout=30) == -signal.SIGKILL
    assert ENGINE_CORE_DEAD not in peer.drain()


def test_a_frozen_engine_stays_alive_and_silent(serve):
    """After the given number of tokens nothing is answered; it still ends when told to."""
    peer = serve(*FAST, "--freeze-after-tokens", "5")
    peer.submit(add("Hello", ignore_eos=True))
    tokens = []
    while len(tokens) < 5:
        tokens += peer.receive().outputs[0].new_token_ids
    peer.submit(add("Hello?", "second"))
    peer.process.terminate()
    assert peer.process.wait(timeout=30) == 0
    assert (len(tokens), peer.drain()) == (5, [])


def test_stopping_aborts_what_runs_and_exits_with_0(serve):
    """SIGTERM: every running and waiting request ends with finish reason abort."""
    peer = serve("--ttft-ms", "600000", "--max-num-seqs", "1")
    peer.submit(add("Hello", "running"), add("Hello", "waiting"))
    while (report := peer.call("sim_report"))["running"] == 0:
        pass
    assert (report["running"], report["waiting"]) == (1, 1)
    peer.process.terminate()
    answers = peer.collect("running", "waiting")
    assert {answer.finish_reason for answer in answers.values()} == {FinishReason.ABORT}
    assert peer.process.wait(timeout=30) == 0


def test_signals_report_and_kill(serve, tmp_path):
    """SIGUSR1 writes the counts to the --report file, SIGUSR2 lets the engine die."""
    report = tmp_path / "report.json"
    peer = serve(*FAST, "--report", report)
    peer.ask("Hello", max_tokens=3)
    peer.process.send_signal(signal.SIGUSR1)
    while not report.exists():
        peer.call("sim_report")
    assert json.loads(report.read_bytes())["requests"] == 1
    peer.process.send_signal(signal.SIGUSR2)
    with pytest.raises(EOFError):
        peer.receive()
    assert peer.process.wait(timeout=30) == 1


def test_a_script_is_played_token_by_token(serve, tmp_path):
    """Chunks arrive one a step, an empty last one carries the finish, and seeds pick the sequence."""
    script = tmp_path / "script.json"
    sequences = [
        {"chunks": [[1, 2], [3], []], "finish": "repetition", "stop_reason": "again"},
        {"tokens": [4, 5, 6], "finish": "length"},
        {"match": "the weather", "text": "Sunny, 20°."},
    ]
    script.write_text(json.dumps({"sequences": sequences}))
    peer = serve(*FAST, "--script", script)
    scripted = peer.ask("Hello", seed=2)
    assert [output.new_token_ids for output in scripted.outputs] == [[1, 2], [3], []]
    assert (scripted.finish_reason, scripted.stop_reason) == (FinishReason.REPETITION, "again")
    assert peer.ask("Hello", seed=1).token_ids == [4, 5, 6]
    assert peer.ask("How is the weather?", seed=1).text == "Sunny, 20°."
    assert "Hello" in peer.ask("Hello").text


def test_a_silent_script_keeps_the_request_running(serve, tmp_path):
    """With finish null nothing follows the last token, until the request is aborted."""
    script = tmp_path / "script.json"
    script.write_text('{"sequences": [{"tokens": [7, 8], "finish": null}]}')
    peer = serve(*FAST, "--script", script)
    peer.submit(add("Hello", seed=0))
    assert [peer.receive().outputs[0].new_token_ids for _ in range(2)] == [[7], [8]]
    assert peer.call("sim_report")["running"] == 1
    peer.abort("r")
    assert peer.call("sim_report")["running"] == 0
