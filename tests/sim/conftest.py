# SPDX-License-Identifier: Apache-2.0
"""Engines and frontends that end with their test."""

from __future__ import annotations

import pytest

from tests.sim.peer import FAST, Peer, start


@pytest.fixture
def make_peer(tmp_path):
    """Return a function that opens a frontend's sockets."""
    peers = []

    def make(name="0", rank=0):
        peers.append(Peer(tmp_path, name, rank))
        return peers[-1]

    yield make
    for peer in peers:
        peer.close()


@pytest.fixture
def launch():
    """Return a function that starts an engine process, which is killed with the test if it still runs."""
    processes = []

    def launch_(*arguments, **options):
        processes.append(start(*arguments, **options))
        return processes[-1]

    yield launch_
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def serve(make_peer, launch):
    """Return a function that starts an engine with these flags and returns a frontend that it is ready for."""

    def serve_(*arguments):
        peer = make_peer()
        peer.process = launch("--input", peer.input, "--output", peer.output, *arguments)
        peer.info = peer.ready()
        return peer

    return serve_


@pytest.fixture(scope="module")
def fast(tmp_path_factory):
    """A frontend of an engine that answers as fast as it can, shared by a module's tests."""
    peer = Peer(tmp_path_factory.mktemp("fast"))
    process = start("--input", peer.input, "--output", peer.output, *FAST)
    peer.info = peer.ready()
    yield peer
    process.kill()
    process.communicate()
    peer.close()
