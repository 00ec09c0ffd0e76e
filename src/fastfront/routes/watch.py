# SPDX-License-Identifier: Apache-2.0
"""One generating request as the request log and the traces see it, from its body to its end.

There is a Watch only where one of the two is on: without them a request pays for none of this. Must not know how
requests are decoded or answers written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from fastfront._native.pump import Response
from fastfront.engine.types import EngineCoreRequest, SamplingParams
from fastfront.frontend import Frontend
from fastfront.output.asgi import Message, Scope, Send
from fastfront.telemetry.answer_log import Answer
from fastfront.telemetry.tracing import trace_headers

FINISH_ERROR = 3
"""vLLM's number of the finish reason `error`."""


def watch_of(frontend: Frontend, scope: Scope, send: Send, body: bytes) -> Watch | None:
    """Return what watches a request, None if nobody wants to know."""
    return Watch(frontend, scope, send, body) if frontend.observability.watches_requests else None


class Watch:
    """Hears of a request's stations."""

    def __init__(self, frontend: Frontend, scope: Scope, send: Send, body: bytes) -> None:
        """Begin with a request whose body has come."""
        self._log = frontend.observability.request_log
        self._tracer = frontend.observability.tracer
        self._headers = trace_headers(scope["headers"]) if self._tracer is not None else None
        self._asgi_send = send
        self._answer: Answer | None = None
        self._response: Response | None = None
        self._requests: Sequence[EngineCoreRequest] = ()
        self._response_id = ""
        self._body = body
        self.reads_answer = self._log is not None and self._log.logs_outputs
        """The answer has to pass through `send`: the native way past it is not to be taken."""

    def send(self, message: Message) -> Awaitable[None]:
        """Send, and let the log have a copy of the body."""
        if self._answer is not None and message["type"] == "http.response.body":
            self._answer.take(message.get("body", b""))
        return self._asgi_send(message)

    def submitting(
        self, request: Any, response_id: str, response: Response, requests: Sequence[EngineCoreRequest]
    ) -> None:
        """The engines are about to get these; they are told of the trace."""
        self._response_id, self._response, self._requests = response_id, response, requests
        for each in requests:
            each.trace_headers = self._headers
        if self._log is None:
            return
        self._log.body(request.request_id, self._body)
        self._body = b""
        n = request.n or 1
        for each in requests[::n]:
            params = LoggedParams(request, each.sampling_params)
            embeds = each.prompt_embeds
            shape = None if embeds is None else embeds.shape
            self._log.received(each.external_req_id or "", params, each.prompt_token_ids, each.lora_request, shape)
        if self.reads_answer:
            self._answer = self._log.answer(response_id, streams=bool(request.stream))

    def submitted(self) -> None:
        """The engines have them, under the wire ids of the response."""
        if self._log is None or self._response is None:
            return
        seen: dict[str, int] = {}
        many = len({each.external_req_id for each in self._requests}) < len(self._requests)
        for each, wire_id in zip(self._requests, self._response.wire_ids, strict=True):
            external = each.external_req_id or ""
            index = seen[external] = seen.get(external, -1) + 1
            self._log.added(f"{index}_{external}-{wire_id}" if many else f"{external}-{wire_id}")

    def ended(self, error: BaseException | None) -> None:
        """The request is over. `error`: what ended it, if it was no answer."""
        if self._answer is not None:
            self._answer.end()
        response, self._response = self._response, None
        if response is None:
            return
        times = response.times()
        if self._log is not None:
            if error is not None:
                self._log.aborted(self._response_id)
            elif any(of["finish_reason"] == FINISH_ERROR for of in times):
                self._log.failed(self._response_id, "engine error")
        if self._tracer is not None:
            for of, each in zip(times, self._requests, strict=True):
                self._tracer.finished(of, _asked(each), self._headers)


def _asked(request: EngineCoreRequest) -> dict[str, Any]:
    params = request.sampling_params or SamplingParams()
    return {
        "id": request.external_req_id,
        "top_p": params.top_p,
        "max_tokens": params.max_tokens,
        "temperature": params.temperature,
        "n": params.n,
    }


class LoggedParams:
    """What is shown of a request's sampling parameters: vLLM's SamplingParams.__repr__ (vllm/sampling_params.py).

    Turned into text on the log's thread.
    """

    __slots__ = ("_params", "_request")

    def __init__(self, request: Any, params: SamplingParams | None) -> None:
        """Take what was asked for, and what the engine is sent."""
        self._request = request
        self._params = params or SamplingParams()

    def __repr__(self) -> str:
        request, params = self._request, self._params
        stop = [request.stop] if isinstance(request.stop, str) else list(request.stop or ())
        shown: dict[str, object] = {
            "n": request.n or 1,
            "presence_penalty": params.presence_penalty,
            "frequency_penalty": params.frequency_penalty,
            "repetition_penalty": params.repetition_penalty,
            "temperature": params.temperature,
            "watermarking": params.watermarking,
            "top_p": params.top_p,
            "top_k": params.top_k,
            "min_p": params.min_p,
            "seed": params.seed,
            "stop": stop,
            "stop_token_ids": params.stop_token_ids or [],
            "bad_words": getattr(request, "bad_words", None) or [],
            "thinking_token_budget": params.thinking_token_budget,
            "include_stop_str_in_output": request.include_stop_str_in_output,
            "ignore_eos": params.ignore_eos,
            "max_tokens": params.max_tokens,
            "min_tokens": params.min_tokens,
            "logprobs": params.logprobs,
            "prompt_logprobs": params.prompt_logprobs,
            "skip_special_tokens": request.skip_special_tokens,
            "spaces_between_special_tokens": request.spaces_between_special_tokens,
            "structured_outputs": params.structured_outputs,
            "extra_args": params.extra_args,
        }
        return f"SamplingParams({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    __str__ = __repr__
