# SPDX-License-Identifier: Apache-2.0
"""Response and Pump: the native reply path as Python objects.

All methods belong to one thread, the event loop's; the pump has a thread of its own that never enters Python.
"""

from collections.abc import Callable, Sequence
from typing import Any

from fastfront._native.details import AnswerDetails
from fastfront._native.parse import ParserPlan, Piece
from fastfront._native.prompt import EncodedPrompt
from fastfront._native.text import Vocab

KIND_CHAT_STREAM: int
KIND_CHAT: int
KIND_COMPLETION_STREAM: int
KIND_COMPLETION: int

STAGE_PREPARE: int
"""From a request's last byte to the engine's socket."""
STAGE_PROMPT_QUEUE: int
"""Of that, waiting for a thread of the pool."""
STAGE_TOKENIZE: int
"""Of that, tokenizing."""

WATERMARKED: int
"""The answer has the engine's watermark."""
WATERMARK_SKIPPED: int
"""The request wants it, but cannot have it."""
WATERMARK_DECLINED: int
"""It does not want it."""

EVENT_ABORT: int
EVENT_UTILITY: int
EVENT_ENGINE_DEAD: int
EVENT_OUTPUTS_CONTROL: int
EVENT_ERROR: int
EVENT_PEER_REFUSED: int
EVENT_CAUGHT_UP: int
EVENT_CONNECTOR_STATS: int

def live_responses() -> int:
    """Return how many native responses exist in this process: 0 when nothing is under way and nothing leaks."""

class SocketHandle:
    """A duplicate of a connection's descriptor, closed with its last user."""

    def __init__(self, fd: int) -> None: ...

class Response:
    """One HTTP response: `len(prompt_token_ids) * n` choices, written natively into a mailbox.

    `wire_ids[p * n + i]` (16 hex digits) is the engine request id of prompt p's sample i; its choice index is the same
    number. Streaming kinds give server-sent events, the others one JSON body once every choice has finished.
    With `vocab` None the text is made outside: take_deltas(), then feed().
    """

    wire_ids: list[str]
    id: str
    n: int
    on_ready: Callable[[], object] | None
    """Called by Pump.dispatch() when there is something new: bytes, raw deltas, an error or the end."""

    def __init__(
        self,
        kind: int,
        *,
        id: str,
        model: str,
        created: int,
        vocab: Vocab | None,
        prompt_token_ids: list[list[int]] | list[list[int] | int] | list[EncodedPrompt],
        n: int = 1,
        role: str = "assistant",
        roles: Sequence[str] = (),
        system_fingerprint: str | None = None,
        include_usage: bool = False,
        continuous_usage: bool = False,
        stop: Sequence[str] = (),
        include_stop_str_in_output: bool = False,
        min_tokens: int = 0,
        skip_special_tokens: bool = True,
        spaces_between_special_tokens: bool = True,
        arrival_time: float = 0.0,
        max_tokens: int | None = None,
        mailbox_limit: int = 0,
        parsers: ParserPlan | None = None,
        details: AnswerDetails | None = None,
        watermark: int = 0,
        token_names: Vocab | None = None,
    ) -> None:
        """Prepare the response. A prompt is a list of ids, encoded, or no more than a number of tokens: the text
        then begins as if there were none.

        `created` and `arrival_time` are Unix seconds; `max_tokens` is only counted. `mailbox_limit`: most bytes that
        may wait for a stream's reader before it is given up as too slow (`overflowed`); 0 = no limit. `parsers`: what
        finds reasoning and tool calls in the text of a chat's answer; None: the text is the content. `roles`: by
        choice, of a whole answer whose choices have different ones. `watermark`: one of the WATERMARK constants, to be
        counted; 0: no engine has a watermark. `token_names`: what names the tokens of logprobs; None: `vocab`.
        Raises ValueError for a kind, n, prompt list, min_tokens or limit out of range.
        """

    def take(self) -> bytes:
        """Return all bytes that are ready, and forget them; b"" if there are none."""

    @property
    def pending(self) -> int:
        """Bytes that take() would return."""

    @property
    def finished(self) -> bool:
        """Whether nothing follows what take() returns now."""

    @property
    def overflowed(self) -> bool:
        """Whether the response was given up because more than `mailbox_limit` bytes waited."""

    @property
    def delivered(self) -> bool:
        """After a hand-over: every byte is on its way, the connection is the server's again."""

    @property
    def content_length(self) -> int:
        """After a hand-over: the content-length that was written, 0 for a stream."""

    @property
    def lost(self) -> bool:
        """After a hand-over: the client has gone."""

    @property
    def http_status(self) -> int:
        """After a hand-over: the status that was written; 200 unless the request failed before its first byte."""

    @property
    def error(self) -> tuple[int, bytes] | None:
        """HTTP status and JSON body if the request failed. A stream carries the body as an event, too."""

    def times(self) -> list[dict[str, Any]]:
        """Return when each choice reached its stations, for a trace.

        `arrival` and `ended` are Unix seconds, `first_token_latency` is seconds from the arrival; `queued`,
        `scheduled`, `first_token` and `last_token` are seconds on the engine's clock. 0 is never. Beside them
        `prompt_tokens`, `completion_tokens` and `finish_reason` (vLLM's number; None while it runs).
        """

    def take_deltas(self) -> list[tuple[int, list[int], int | None, int | str | None]]:
        """Return (choice, token ids, finish reason, stop reason) of outputs whose text has to be made outside."""

    def feed(
        self,
        choice: int,
        token_ids: Sequence[int],
        texts: list[str],
        finish: int | None,
        stop_reason: int | str | None,
        logprobs: bytes = b"",
    ) -> None:
        """Give back one delta with the text that each of its tokens completed. Raises ValueError for no such choice.

        `logprobs`: the choice's member of that name as JSON, where the details say that it is given; b"": null.
        """

    def take_steps(self) -> list[tuple[int, str, list[int], bool]]:
        """Return (choice, text, token ids, whether the choice ends) of what has to be parsed outside."""

    def give_pieces(self, choice: int, pieces: Sequence[Piece]) -> None:
        """Give back the pieces of the choice's oldest step that is out. Raises ValueError for what is none."""

def encode_add_request(
    response: Response,
    prompt: EncodedPrompt,
    sampling_params: bytes,
    external_req_id: str,
    *,
    arrival_time: float,
    client_index: int = 0,
    current_wave: int = 0,
    reasoning: bytes | None = None,
) -> bytes:
    """Return the payload of an ADD message for a response with one choice, as engine.types.encode_request makes it.

    `sampling_params` is a whole MessagePack map, `arrival_time` Unix seconds; `reasoning` is reasoning_ended and
    reasoning_parser_kwargs, one behind the other, in MessagePack (None: both are null).
    """

class Pump:
    """The thread that turns the engine's outputs into responses' bytes."""

    def __init__(self, listener: int | None = None) -> None:
        """Prepare a pump for the engines' PUSH sockets that connect to a listening descriptor (Unix or TCP).

        The pump makes a duplicate of it. Raises OSError if it is no socket or there are no descriptors left.
        """

    @property
    def wake_fd(self) -> int:
        """An eventfd that is readable when dispatch() has something to do."""

    @property
    def waiting(self) -> int:
        """Engine requests whose end is still to come."""

    @property
    def queued_tokens(self) -> int:
        """Prompt tokens of engine requests without an output yet. Looks at every response that waits."""

    def set_writers(self, threads: int, one_call: bool) -> bool:
        """Say how responses' bytes leave through the socket sink; once, before set_buckets() and start().

        `threads`: how many help the pump thread with large engine steps, 0 for none. `one_call`: send a step's bytes
        with one system call (io_uring). Returns whether the kernel lets us do that; where it does not, each response
        is sent for itself. Raises OSError if a thread cannot be started.
        """

    def set_engines(self, first: int, count: int) -> None:
        """Count for each of these engines apart: those with the indices first, first + 1, ...

        Once, between set_writers() and set_buckets(). What counts before, or comes from another engine, is the first's.
        """

    def set_buckets(self, name: str, bounds: Sequence[float]) -> None:
        """Set a histogram's upper bounds (without +Inf), before start(). Raises ValueError for an unknown name.

        `kv_cache_residency` means the three histograms of the KV cache's blocks.
        """

    def greet(self) -> None:
        """Start the thread, which shakes hands with engines but leaves their messages with them. Raises OSError."""

    def start(self) -> None:
        """Take messages from now on, on a thread that is started if greet() has not. Raises OSError."""

    def stop(self) -> None:
        """End the thread, wait for it, and close all connections. Safe to call twice."""

    def catch_up(self) -> None:
        """Have EVENT_CAUGHT_UP dispatched behind everything that engines have sent until now."""

    def add(self, response: Response) -> None:
        """Wait for the outputs of a response; call it before its requests are sent."""

    def remove(self, response: Response) -> list[str]:
        """Forget a response (its client has gone) and return the wire ids that the engine still works on."""

    def hand_over(
        self, response: Response, handle: SocketHandle, stream_head: bytes, whole_head: bytes, backlog_limit: int
    ) -> bool:
        """Let a response write itself to a socket from now on; on_ready is called when it is delivered or lost.

        `stream_head`: status line and headers of a chunked stream, up to the empty line; b"" for a whole body.
        `whole_head`: those of a whole body, without its content-length and the empty line; also used, with another
        status, if the request fails before anything was sent. `backlog_limit`: most bytes of a stream that may wait
        for the client. False: the response has failed already, and its `error` is the caller's to send.
        """

    def send_head(self, response: Response) -> None:
        """Send a handed-over stream's status and headers now, even if no event is there yet."""

    def keep_alive(self, response: Response, interval: float) -> float:
        """Give a stream that has been silent for `interval` seconds a comment.

        Returns when to look again, in Unix seconds; -1.0: never, it has ended or is none.
        """
    def dispatch(self, limit: int = 0) -> list[tuple[int, object]]:
        """Call on_ready of every response with news, and return what else has happened.

        `limit`: call at most so many, 0 = all; while some are left, `wake_fd` stays readable.

        (EVENT_ABORT, [wire ids]): the engine need not go on with these. (EVENT_UTILITY, (engine index, msgpack of a
        UtilityOutput)). (EVENT_ENGINE_DEAD, None). (EVENT_OUTPUTS_CONTROL, message): start_wave or wave_complete is
        set.
        (EVENT_ERROR, sentence): a message could not be read, or the socket broke. (EVENT_PEER_REFUSED, sentence):
        somebody who does not keep to the protocol was sent away; the first, the second, the fourth time and so on.
        (EVENT_CAUGHT_UP, None): see catch_up().
        (EVENT_CONNECTOR_STATS, None): take_connector_stats() has much to take.
        An exception from on_ready is reported through sys.unraisablehook.
        """

    def fail_all(self, message: str, status: int = 500) -> None:
        """End every response that waits: a stream with an error event, the others with `status` and an error body."""

    def abort(self, response: Response, first: int, count: int) -> None:
        """End `count` choices of a response from `first` on, as if the engine had said that they were aborted.

        The engine itself is told by the caller. Raises ValueError for negative numbers.
        """

    def process(self, message: bytes) -> None:
        """Handle one engine message as if it had been received. For tests, with the thread not started."""

    @property
    def blocked(self) -> int:
        """Responses whose client's socket is full at the moment."""

    @property
    def wakeups(self) -> int:
        """How often dispatch() was called."""

    @property
    def woken(self) -> int:
        """How many responses had news then, added up."""

    def observe(self, stage: int, seconds: float) -> None:
        """Count a stage (STAGE_...) of a request's way to the engine. From any thread."""

    def take_connector_stats(self) -> list[tuple[int, bytes]]:
        """Return what the engines' KV connectors have told since the last call: an engine's index, and the MessagePack
        of one step's map.
        """

    def snapshot(self) -> dict[int, dict[str, Any]]:
        """Return the metrics of each engine, with vLLM's names without their prefix.

        {index: {"counters": {name: int}, "histograms": {name: (upper bounds, count per bucket with +Inf last, sum)},
        "scheduler": the latest state and the totals that the engine has told of itself}}
        """
