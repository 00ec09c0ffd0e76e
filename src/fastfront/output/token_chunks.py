# SPDX-License-Identifier: Apache-2.0
"""The answers of /inference/v1/generate: token ids, with their text where it was asked for, in chunks or as a whole.

Text is made and stop strings are matched as for any tokenizer without a native decoder: by `tokenizers`, then in the
native pipeline, whose chunks say which tokens count and how a choice ended. Source of the form:
vllm/entrypoints/scale_out/token_in_token_out/serving.py (0.32). Must not know requests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from fastfront.output.foreign import TextStream
from fastfront.output.native import NativeResponse

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder().decode
DONE = b"data: [DONE]\n\n"


class _Choice:
    """What has come of one choice."""

    def __init__(self, stream: TextStream | None) -> None:
        self.stream = stream
        self.token_ids: list[int] = []
        """All of a whole answer; of a stream, those that no chunk has told of yet."""
        self.count = 0
        self.text: list[str] = []
        self.finish_reason: str | None = None
        self.stop_reason: int | str | None = None


class TokenChunks:
    """Makes one answer. A Rewriter; its Response is a completion's stream with continuous usage."""

    def __init__(
        self,
        response_id: str,
        *,
        model: str,
        created: int,
        n: int,
        prompt_token_ids: list[int],
        return_token_ids: bool,
        text_mode: bool,
        streams: bool,
        include_usage: bool,
        continuous_usage: bool,
        weight_version: str,
        make_stream: Callable[[], TextStream] | None,
    ) -> None:
        """`make_stream` begins the text behind the prompt; None: no text is wanted, and no stop string is matched."""
        self._id = response_id
        self._model = model
        self._created = created
        self._prompt = prompt_token_ids
        self._prompt_untold = streams and return_token_ids
        self._return_token_ids = return_token_ids
        self._text_mode = text_mode
        self._mode = "text" if text_mode else "tokens"
        self._streams = streams
        self._include_usage = include_usage
        self._continuous_usage = continuous_usage
        self._weight_version = weight_version
        self._choices = [_Choice(None if make_stream is None else make_stream()) for _ in range(n)]
        self._metrics: dict[str, Any] | None = None
        self._ready = bytearray()
        self._over = False

    def __call__(self, response: Any) -> None:
        """Take what engines have said."""
        for index, token_ids, finish, stop_reason in response.take_deltas():
            choice = self._choices[index]
            if choice.finish_reason is not None:
                continue
            choice.token_ids += token_ids
            stream = choice.stream
            texts = [""] * len(token_ids) if stream is None else [stream.push((token_id,)) for token_id in token_ids]
            response.feed(index, token_ids, texts, finish, stop_reason)
            for event in response.take().split(b"\n\n"):
                if event.startswith(b"data: {"):
                    self._take_event(_decode(event[6:]))

    def take(self, response: NativeResponse) -> bytes:
        """Return what can be sent."""
        if response.finished and not self._over:
            self._over = True
            if self._streams:
                self._end_stream(response)
            elif response.error is None:
                self._ready += self._whole()
        ready = bytes(self._ready)
        self._ready.clear()
        return ready

    def _take_event(self, event: dict[str, Any]) -> None:
        if "error" in event:
            return
        if not event["choices"]:  # the end, with usage
            self._metrics = event.get("metrics")
            return
        (said,) = event["choices"]
        choice = self._choices[said["index"]]
        counted = event["usage"]["completion_tokens"] - choice.count
        choice.count += counted
        choice.finish_reason, choice.stop_reason = said["finish_reason"], said["stop_reason"]
        if not self._streams:
            del choice.token_ids[choice.count :]
            choice.text.append(said["text"])
            return
        token_ids, choice.token_ids = choice.token_ids[:counted], []
        if token_ids or choice.finish_reason is not None or (self._text_mode and said["text"]):
            self._write_chunk(said["index"], choice, token_ids, said["text"])

    def _write_chunk(self, index: int, choice: _Choice, token_ids: list[int], text: str) -> None:
        chunk: dict[str, Any] = {"request_id": self._id, "usage": None}
        if self._continuous_usage:
            chunk["usage"] = self._usage(choice.count) | dict.fromkeys(_DETAILS)
        if self._prompt_untold:
            self._prompt_untold = False
            chunk["prompt_token_ids"] = self._prompt
        chunk["output_mode"] = self._mode
        chunk["choices"] = [self._choice(index, choice, token_ids, text)]
        self._ready += b"data: " + _encode(chunk) + b"\n\n"

    def _choice(self, index: int, choice: _Choice, token_ids: list[int], text: str) -> dict[str, Any]:
        finish_reason = choice.finish_reason
        ended = finish_reason is not None
        made: dict[str, Any] = {
            "index": index,
            "finish_reason": finish_reason,
            "stop_reason": choice.stop_reason,
            "token_ids": token_ids,
            "routed_experts": None,
            "sampling_mask": None,
            "weight_versions": self._weight_versions(choice.count) if ended else None,
        }
        if self._text_mode:
            made["text"] = text
        made["logprobs"] = None
        return made

    def _weight_versions(self, count: int) -> list[dict[str, Any]]:
        return [{"version": self._weight_version, "start": 0, "end": count}] if count else []

    def _usage(self, completion_tokens: int) -> dict[str, Any]:
        prompt_tokens = len(self._prompt)
        return {
            "prompt_tokens": prompt_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
            "completion_tokens": completion_tokens,
        }

    def _end_stream(self, response: NativeResponse) -> None:
        if response.error is not None:
            _, body = response.error
            self._ready += b"data: " + body + b"\n\n"
        elif self._include_usage:
            usage = self._usage(sum(choice.count for choice in self._choices))
            metrics = {} if self._metrics is None else {"metrics": self._metrics}
            last = {"request_id": self._id, "usage": usage, **metrics, "output_mode": self._mode, "choices": []}
            self._ready += b"data: " + _encode(last) + b"\n\n"
        self._ready += DONE

    def _whole(self) -> bytes:
        usage = self._usage(sum(choice.count for choice in self._choices))
        return _encode(
            {
                "request_id": self._id,
                "model": self._model,
                "created": self._created,
                "usage": usage | dict.fromkeys(_DETAILS),
                "prompt_logprobs": None,
                "prompt_token_id_logprobs": None,
                "prompt_token_ids": self._prompt if self._return_token_ids else None,
                "mm_placeholders": None,
                "metrics": None if self._metrics is None else _METRICS | self._metrics,
                "kv_transfer_params": None,
                "ec_transfer_params": None,
                "output_mode": self._mode,
                "choices": [
                    self._choice(index, choice, choice.token_ids, "".join(choice.text))
                    for index, choice in enumerate(self._choices)
                ],
            }
        )


_METRICS: dict[str, Any] = dict.fromkeys(
    (
        *("time_to_first_token_ms", "generation_time_ms", "queue_time_ms", "mean_itl_ms", "tokens_per_second"),
        "speculative_decoding",
    )
)
_DETAILS = ("prompt_tokens_details", "completion_tokens_details")
