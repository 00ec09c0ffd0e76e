# SPDX-License-Identifier: Apache-2.0
"""A frontend's side of the sockets, for driving the embedded engine as a process of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import zmq

import fastfront
from fastfront.engine.types import (
    ENGINE_CORE_DEAD,
    EngineCoreOutput,
    EngineCoreOutputs,
    EngineCoreReadyResponse,
    EngineCoreRequest,
    RequestType,
    SamplingParams,
    encode,
    encode_request,
    engine_identity,
)
from fastfront.sim import MODEL_PATH
from fastfront.sim.loaded_model import LoadedModel

PATIENCE_MS = 30_000
MODEL = LoadedModel.load(MODEL_PATH)
END = MODEL.end_token_ids[0]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(fastfront.__file__).parent.parent)}
FAST = ("--ttft-ms", "0", "--token-ms", "0")


def chat(text: str) -> list[int]:
    """Return the prompt tokens of a chat with one user message."""
    return MODEL.encode(f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n")


def add(prompt: str | list[int], request_id: str = "r", client_index: int = 0, **params) -> EngineCoreRequest:
    """Return a request as a frontend would send it. A text is a chat's user message."""
    params = {"max_tokens": 400, "eos_token_id": END, "all_stop_token_ids": set(MODEL.end_token_ids), **params}
    if params.get("ignore_eos"):
        params["eos_token_id"] = None
    external_id = params.pop("external_req_id", None)
    return EngineCoreRequest(
        request_id=request_id,
        prompt_token_ids=chat(prompt) if isinstance(prompt, str) else prompt,
        mm_features=None,
        sampling_params=SamplingParams(**params),
        pooling_params=None,
        arrival_time=0.0,
        lora_request=None,
        cache_salt=None,
        data_parallel_rank=None,
        client_index=client_index,
        external_req_id=external_id,
    )


class Answer:
    """The outputs of one request, put together."""

    def __init__(self) -> None:
        self.outputs: list[EngineCoreOutput] = []

    @property
    def token_ids(self) -> list[int]:
        return [token for output in self.outputs for token in output.new_token_ids]

    @property
    def text(self) -> str:
        return MODEL.decode(self.token_ids)

    @property
    def finish_reason(self) -> int | None:
        return self.outputs[-1].finish_reason if self.outputs else None

    @property
    def stop_reason(self) -> int | str | None:
        return self.outputs[-1].stop_reason


class Peer:
    """One frontend: a ROUTER for requests, a PULL for outputs, both on paths of their own."""

    def __init__(self, directory: Path, name: str = "0", rank: int = 0) -> None:
        self._context = zmq.Context()
        self._sockets: list[zmq.Socket] = []  # closed with the context, not when a test lets go of one
        self._identity = engine_identity(rank)
        self.input, self.output = (f"ipc://{directory}/{end}{name}" for end in ("in", "out"))
        self._router = self._open(zmq.ROUTER, self.input)
        self._pull = self._open(zmq.PULL, self.output)
        self.messages: list[bytes] = []
        """Every message of the engine, as it came."""

    def _open(self, kind: int, address: str) -> zmq.Socket:
        socket = self._context.socket(kind)
        socket.setsockopt(zmq.RCVHWM, 0)
        socket.setsockopt(zmq.RCVTIMEO, PATIENCE_MS)
        socket.setsockopt(zmq.LINGER, 0)
        socket.bind(address)
        self._sockets.append(socket)
        return socket

    def ready(self) -> EngineCoreReadyResponse:
        """Wait until the engine has introduced itself."""
        identity, message = self._router.recv_multipart()
        assert identity == self._identity
        return msgspec.msgpack.decode(message, type=EngineCoreReadyResponse)

    def handshake_socket(self) -> zmq.Socket:
        """Open a socket for handshakes, on a port of the kernel's choice."""
        return self._open(zmq.ROUTER, "tcp://127.0.0.1:*")

    def send(self, *frames: bytes) -> None:
        self._router.send_multipart([self._identity, *frames])

    def submit(self, *requests: EngineCoreRequest) -> None:
        for request in requests:
            self.send(RequestType.ADD, encode_request(request))

    def submit_together(self, *requests: EngineCoreRequest) -> None:
        """Send requests that the engine shall find all at once, however long the sending takes."""
        self.call("pause_scheduler", "wait")
        self.submit(*requests)
        self.call("resume_scheduler")

    def abort(self, *request_ids: str) -> None:
        self.send(RequestType.ABORT, encode(request_ids))

    def receive(self) -> EngineCoreOutputs:
        """Return the engine's next message. Raises EOFError where it says that it has died."""
        message = self._pull.recv()
        self.messages.append(message)
        if message == ENGINE_CORE_DEAD:
            raise EOFError
        return msgspec.msgpack.decode(message, type=EngineCoreOutputs)

    def collect(self, *request_ids: str, answers: dict[str, Answer] | None = None) -> dict[str, Answer]:
        """Receive until these requests have finished; return the answers by request id."""
        answers = {} if answers is None else answers
        while not all(i in answers and answers[i].finish_reason is not None for i in request_ids):
            for output in self.receive().outputs:
                answers.setdefault(output.request_id, Answer()).outputs.append(output)
        return answers

    def ask(self, prompt: str | list[int], **params) -> Answer:
        """Send one request and return its whole answer."""
        self.submit(add(prompt, **params))
        return self.collect("r")["r"]

    def call(self, method: str, *args) -> object:
        """Call a utility method; outputs that come before its answer are dropped. Raises RuntimeError as it fails."""
        call_id = 2**63 + 7  # vLLM's are 64 bits wide
        self.send(RequestType.UTILITY, encode((0, call_id, method, args)))
        while (output := self.receive().utility_output) is None:
            pass
        assert output.call_id == call_id
        if output.failure_message is not None:
            raise RuntimeError(output.failure_message)
        type_info, result = output.result
        assert type_info is None
        return result

    def drain(self) -> list[bytes]:
        """Return what is left to receive once the engine's process has ended."""
        self._pull.setsockopt(zmq.RCVTIMEO, 200)
        left = []
        with contextlib.suppress(zmq.Again):
            while True:
                left.append(self._pull.recv())
        return left

    def close(self) -> None:
        self._context.destroy(linger=0)


def start(*arguments: str, **options) -> subprocess.Popen:
    """Start `python -m fastfront.sim`."""
    command = [sys.executable, "-m", "fastfront.sim", *map(str, arguments)]
    return subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True, **options)
