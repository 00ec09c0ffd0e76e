# SPDX-License-Identifier: Apache-2.0
"""The answers of /inference/v1/generate: token ids, with their text where it was asked for, in chunks or as a whole.

The native core makes a completion, a stream of one or a whole one, which says which tokens count, what their text and
logprobs are and how a choice ended; here it gets the other form. Source of the form:
vllm/entrypoints/scale_out/token_in_token_out/serving.py (0.32). Must not know requests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from fastfront.output.native import NativeResponse
from fastfront.output.token_logprobs import by_texts, by_token_ids

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder().decode
DONE = b"data: [DONE]\n\n"


class TokenChunks:
    """Makes one answer. A Rewriter; its Response is a completion that shows token ids, a stream with continuous usage.

    Logprobs are in chat's layout with ranks, and called "token_id:N" unless they are to be shown as texts.
    """

    def __init__(
        self,
        response_id: str,
        *,
        model: str,
        created: int,
        n: int,
        prompt_token_ids: list[int],
        return_token_ids: bool,
        mm_placeholders: dict[str, Any] | None,
        text_mode: bool,
        as_token_ids: bool,
        names_prompt: bool,
        streams: bool,
        include_usage: bool,
        continuous_usage: bool,
        weight_version: str,
        decode: Callable[[Any], None] | None,
    ) -> None:
        """`decode` makes the text where the native core cannot.

        `as_token_ids`: no logprob shows a text; `names_prompt`: those of the prompt do.
        """
        self._id = response_id
        self._model = model
        self._created = created
        self._prompt = prompt_token_ids
        self._prompt_untold = streams and return_token_ids
        self._return_token_ids = return_token_ids
        self._mm_placeholders = mm_placeholders if return_token_ids else None
        self._text_mode = text_mode
        self._as_token_ids = as_token_ids
        self._names_prompt = names_prompt
        self._mode = "text" if text_mode else "tokens"
        self._streams = streams
        self._include_usage = include_usage
        self._continuous_usage = continuous_usage
        self._weight_version = weight_version
        self._decode = decode
        self._counts = [0] * n
        self._last_event: dict[str, Any] = {}
        self._body = bytearray()
        self._ready = bytearray()
        self._over = False

    def __call__(self, response: Any) -> None:
        """Take what engines have said."""
        if self._decode is not None:
            self._decode(response)
        said = response.take()
        if not self._streams:
            self._body += said
            return
        for event in said.split(b"\n\n"):
            if event.startswith(b"data: {"):
                self._take_event(_decode(event[6:]))

    def take(self, response: NativeResponse) -> bytes:
        """Return what can be sent."""
        if response.finished and not self._over:
            self._over = True
            if self._streams:
                self._end_stream(response)
            elif response.error is None:
                self._ready += self._whole(_decode(self._body))
        ready = bytes(self._ready)
        self._ready.clear()
        return ready

    def _take_event(self, event: dict[str, Any]) -> None:
        if "error" in event:
            return
        if not event["choices"]:  # the end, with usage
            self._last_event = event
            return
        (said,) = event["choices"]
        self._counts[said["index"]] = count = event["usage"]["completion_tokens"]
        token_ids = said.get("token_ids") or []
        if token_ids or said["finish_reason"] is not None or (self._text_mode and said["text"]):
            self._write_chunk(said, token_ids, count)

    def _write_chunk(self, said: dict[str, Any], token_ids: list[int], count: int) -> None:
        chunk: dict[str, Any] = {"request_id": self._id, "usage": None}
        if self._continuous_usage:
            chunk["usage"] = self._usage(count) | dict.fromkeys(_DETAILS)
        if self._prompt_untold:
            self._prompt_untold = False
            chunk["prompt_token_ids"] = self._prompt
            if self._mm_placeholders is not None:
                chunk["mm_placeholders"] = self._mm_placeholders
        chunk["output_mode"] = self._mode
        chunk["choices"] = [self._choice(said, token_ids, count)]
        self._ready += b"data: " + _encode(chunk) + b"\n\n"

    def _choice(self, said: dict[str, Any], token_ids: list[int], count: int) -> dict[str, Any]:
        finish_reason = said["finish_reason"]
        made: dict[str, Any] = {
            "index": said["index"],
            "finish_reason": finish_reason,
            "stop_reason": said.get("stop_reason"),
            "token_ids": token_ids,
            "routed_experts": said.get("routed_experts"),
            "sampling_mask": None,
            "weight_versions": None if finish_reason is None else self._weight_versions(count),
        }
        logprobs = said.get("logprobs")
        if self._text_mode:
            made["text"] = said["text"]
            made["logprobs"] = by_texts(logprobs, as_token_ids=self._as_token_ids)
        else:
            made["logprobs"] = by_token_ids(logprobs)
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
            usage = self._usage(sum(self._counts))
            if (details := self._last_event.get("usage", {}).get("prompt_tokens_details")) is not None:
                usage["prompt_tokens_details"] = details
            metrics = self._last_event.get("metrics")
            shown = {} if metrics is None else {"metrics": metrics}
            last = {"request_id": self._id, "usage": usage, **shown, "output_mode": self._mode, "choices": []}
            self._ready += b"data: " + _encode(last) + b"\n\n"
        self._ready += DONE

    def _whole(self, body: dict[str, Any]) -> bytes:
        choices = body["choices"]
        return _encode(
            {
                "request_id": self._id,
                "model": self._model,
                "created": self._created,
                "usage": body["usage"],
                "prompt_logprobs": self._prompt_logprobs(choices[0]["prompt_logprobs"]),
                "prompt_token_id_logprobs": None,
                "prompt_token_ids": self._prompt if self._return_token_ids else None,
                "mm_placeholders": self._mm_placeholders,
                "metrics": body.get("metrics"),
                "kv_transfer_params": body["kv_transfer_params"],
                "ec_transfer_params": body["ec_transfer_params"],
                "output_mode": self._mode,
                "choices": [self._choice(said, said["token_ids"], len(said["token_ids"])) for said in choices],
            }
        )

    def _prompt_logprobs(self, rows: list[dict[str, Any] | None] | None) -> list[dict[str, Any] | None] | None:
        for row in (rows or ()) if not self._names_prompt else ():
            for entry in (row or {}).values():
                entry["decoded_token"] = None
        return rows


_DETAILS = ("prompt_tokens_details", "completion_tokens_details")
