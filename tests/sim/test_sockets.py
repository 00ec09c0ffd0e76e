# SPDX-License-Identifier: Apache-2.0
"""How the engine meets its frontends, and what it introduces itself with."""

from __future__ import annotations

import os
import time

import msgspec
import pytest
import zmq

from fastfront.engine.types import EngineHandshakeMetadata, EngineZmqAddresses, HandshakeMessage, encode
from tests.sim.peer import FAST, add

READY_MEMBERS = [
    "max_model_len",
    "num_gpu_blocks",
    "block_size",
    "dp_stats_address",
    "dtype",
    "vllm_version",
    "world_size",
    "data_parallel_size",
    "tensor_parallel_size",
    "pipeline_parallel_size",
    "decode_context_parallel_size",
    "data_parallel_rank",
    "max_num_seqs",
    "max_num_batched_tokens",
    "instance_id",
    "supports_lora",
    "max_loras",
    "mamba_block_size",
    "kv_cache_size_tokens",
    "kv_cache_max_concurrency",
    "kv_events_config",
    "weight_transfer_backend",
    "enable_sleep_mode",
    "supports_draft_weight_updates",
    "effective_attention_block_size",
]
"""vllm/v1/engine/__init__.py EngineCoreReadyResponse in 0.32, in order."""


def test_the_ready_message_has_the_members_of_vllm(make_peer, launch):
    """It is a map with every member of EngineCoreReadyResponse, in its order."""
    peer = make_peer()
    launch("--input", peer.input, "--output", peer.output, "--max-num-seqs", "3", "--max-loras", "2")
    identity, message = peer._router.recv_multipart()
    ready = msgspec.msgpack.decode(message)
    assert identity == b"\0\0"
    assert list(ready) == READY_MEMBERS
    assert (ready["max_model_len"], ready["max_num_seqs"], ready["supports_lora"]) == (32_768, 3, True)


def test_each_frontend_gets_the_outputs_of_its_own_requests(make_peer, launch):
    """With several addresses client_index says where a request's outputs go; statistics go to one of them."""
    peers = [make_peer("a"), make_peer("b")]
    launch("--input", *(p.input for p in peers), "--output", *(p.output for p in peers), *FAST)
    for index, peer in enumerate(peers):
        peer.ready()
        peer.submit(add("Hello", f"of{index}", client_index=index))
    for index, peer in enumerate(peers):
        assert set(peer.collect(f"of{index}")) == {f"of{index}"}


@pytest.mark.parametrize("rank", [0, 258])
def test_a_handshake_tells_the_addresses(make_peer, launch, rank):
    """HELLO, the answer with two frontends' addresses, the ready messages, READY: as a headless engine does it."""
    peers = [make_peer("a", rank), make_peer("b", rank)]
    handshake = peers[0].handshake_socket()
    launch("--handshake", handshake.getsockopt_string(zmq.LAST_ENDPOINT), "--rank", str(rank), *FAST)
    identity, hello = handshake.recv_multipart()
    assert identity == rank.to_bytes(2, "little")
    assert msgspec.msgpack.decode(hello) == {"status": "HELLO", "local": False, "headless": True}
    addresses = EngineZmqAddresses(inputs=[p.input for p in peers], outputs=[p.output for p in peers])
    handshake.send_multipart([identity, encode(EngineHandshakeMetadata(addresses=addresses))])
    assert [p.ready().data_parallel_rank for p in peers] == [rank, rank]
    assert msgspec.msgpack.decode(handshake.recv_multipart()[1], type=HandshakeMessage).status == "READY"
    peers[1].submit(add("Hello", client_index=1, max_tokens=4))
    assert len(peers[1].collect("r")["r"].token_ids) == 4


def test_data_parallel_engines_tell_which_requests_finished(make_peer, launch):
    """vLLM's balancing frontends count on finished_requests where there is more than one engine."""
    peer = make_peer(rank=1)
    launch("--input", peer.input, "--output", peer.output, "--rank", "1", *FAST)
    # As of a dense model's ranks, which need no coordinator.
    assert peer.ready().data_parallel_size == 1
    peer.submit(add("Hello", max_tokens=2))
    steps = [peer.receive() for _ in range(2)]
    assert [(step.engine_index, step.finished_requests) for step in steps] == [(1, None), (1, {"r"})]


def test_a_slow_start_is_slow(make_peer, launch):
    """With --ready-delay-s nothing is heard of the engine until then."""
    peer = make_peer()
    begin = time.monotonic()
    launch("--input", peer.input, "--output", peer.output, "--ready-delay-s", "1.5")
    peer.ready()
    assert time.monotonic() - begin >= 1.5


def test_an_engine_that_is_not_ready_yet_can_be_stopped(make_peer, launch):
    """SIGTERM is obeyed while it waits for the handshake's answer, too."""
    handshake = make_peer().handshake_socket()
    process = launch("--handshake", handshake.getsockopt_string(zmq.LAST_ENDPOINT))
    handshake.recv_multipart()
    process.terminate()
    assert process.wait(timeout=30) == 0


def test_a_handshake_that_is_none_is_an_error(make_peer, launch):
    """The engine exits with 1 and says what was wrong."""
    handshake = make_peer().handshake_socket()
    process = launch("--handshake", handshake.getsockopt_string(zmq.LAST_ENDPOINT))
    identity, _ = handshake.recv_multipart()
    handshake.send_multipart([identity, b"\xc1"])
    assert process.wait(timeout=30) == 1
    assert "did not answer with a handshake" in process.stderr.read()


def test_the_engine_ends_with_the_process_that_started_it(make_peer, launch):
    """When the other end of the --exit-with-fd pipe is closed, the engine exits, even in the middle of an answer."""
    reading, writing = os.pipe()
    peer = make_peer()
    process = launch(
        "--input", peer.input, "--output", peer.output, "--exit-with-fd", str(reading), pass_fds=(reading,)
    )
    os.close(reading)
    peer.ready()
    peer.submit(add("Hello", ignore_eos=True, max_tokens=30_000))
    peer.receive()
    assert process.poll() is None
    os.close(writing)
    assert process.wait(timeout=30) == 0
