# SPDX-License-Identifier: Apache-2.0
"""The log of requests and answers (--enable-log-requests, --enable-log-outputs), in vLLM's words.

Sources: vllm/entrypoints/serve/utils/request_logger.py and vllm/v1/engine/async_llm.py (0.32). Lines are made and
written on the log's thread. Knows plain values; must not know how requests are decoded or sent.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fastfront.telemetry.answer_log import Answer, AnswerReader
from fastfront.telemetry.log_queue import LogQueue

logger = logging.getLogger(__name__)


class RequestLog:
    """Says what was asked, under which id it went to an engine, and what came of it."""

    def __init__(self, queue: LogQueue, *, max_log_len: int | None, outputs: bool, deltas: bool) -> None:
        """Log through `queue`.

        `max_log_len`: characters of a prompt, an answer or a body, and ids of a prompt, that are shown; None: all.
        `outputs`: log answers, too; `deltas`: also a stream's pieces as they come.
        """
        self.logs_outputs = outputs
        self._queue = queue
        self._max_log_len = max_log_len
        self._deltas = deltas
        if not logger.isEnabledFor(logging.INFO):
            logger.warning(
                "`--enable-log-requests` is set but the minimum log level is higher than INFO. "
                "No request information will be logged."
            )
        elif not logger.isEnabledFor(logging.DEBUG):
            logger.info(
                "`--enable-log-requests` is set but the minimum log level is higher than DEBUG. "
                "Only limited information will be logged to minimize overhead. "
                "To view more details, set `--log-level DEBUG`."
            )

    def body(self, request_id: str | None, body: bytes) -> None:
        """Show the body as it came, at debug level."""
        if logger.isEnabledFor(logging.DEBUG):
            self._queue.put(self._log_body, request_id, body)

    def received(
        self,
        request_id: str,
        params: object,
        prompt_token_ids: Sequence[int] | None,
        lora: object = None,
        embeds_shape: Sequence[int] | None = None,
    ) -> None:
        """Show one prompt's sampling parameters; its ids at debug level. Text is made of them on the log's thread."""
        if logger.isEnabledFor(logging.DEBUG):
            self._queue.put(self._log_prompt, request_id, prompt_token_ids, embeds_shape)
        text = "Received request %s: params: %s, lora_request: %s."
        self._queue.put(logger.info, text, request_id, params, lora)

    def added(self, engine_id: str) -> None:
        """Show that a request is with an engine, by the id that the engine knows it by."""
        self._queue.put(logger.info, "Added request %s.", engine_id)

    def aborted(self, request_id: str) -> None:
        """Show that a client has left."""
        self._queue.put(logger.info, "Request %s aborted.", request_id)

    def failed(self, request_id: str, why: str) -> None:
        """Show that a request has failed behind the frontend."""
        self._queue.put(logger.info, "Request %s failed (%s).", request_id, why)

    def answer(self, request_id: str, *, streams: bool) -> Answer:
        """Return what takes an answer's bytes as they are sent, and shows them."""
        reader = AnswerReader(request_id, self._max_log_len, streams=streams, deltas=self._deltas)
        return Answer(self._queue, reader)

    # -- on the log's thread

    def _log_body(self, request_id: str | None, body: bytes) -> None:
        text = body.decode("utf-8", "replace")[: self._max_log_len]
        logger.debug("Request %s JSON body: %s", request_id, text)

    def _log_prompt(
        self, request_id: str, prompt_token_ids: Sequence[int] | None, embeds_shape: Sequence[int] | None
    ) -> None:
        shown = None if prompt_token_ids is None else [*prompt_token_ids[: self._max_log_len]]
        shape = None if embeds_shape is None else f"torch.Size({[*embeds_shape]})"
        text = "Request %s details: prompt: %r, prompt_token_ids: %s, prompt_embeds shape: %s."
        logger.debug(text, request_id, None, shown, shape)
