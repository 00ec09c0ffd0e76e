# SPDX-License-Identifier: Apache-2.0
"""The Frontend: one model, its engines, its metrics, and the states between start and stop.

What routes and hosts hold on to. Owns the order of starting, draining and stopping; leaves HTTP to the routes,
prompts to `prompt`, sockets and processes to `engine`.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fastfront._native.pump import STAGE_PREPARE, Pump, Response
from fastfront.admission import Admission
from fastfront.config import Config
from fastfront.engine.client import EngineClient
from fastfront.engine.connect import NO_MODEL, Engines
from fastfront.engine.fingerprint import system_fingerprint
from fastfront.engine.types import EngineCoreRequest
from fastfront.errors import (
    BusyError,
    EngineDeadError,
    FastFrontError,
    NotFoundError,
    ServiceUnavailableError,
    StartupError,
)
from fastfront.loras import Loras, parse_lora_modules
from fastfront.output import RequestStream
from fastfront.output.parsers import AnswerParsers
from fastfront.pool import PromptPool, available_cpus, writer_threads
from fastfront.prompt.model import Model
from fastfront.sim import MODEL_PATH
from fastfront.structured import Checker, backend_of
from fastfront.telemetry import Metrics
from fastfront.telemetry.buckets import histogram_buckets
from fastfront.telemetry.connectors import ConnectorMetrics
from fastfront.telemetry.observability import Observability
from fastfront.telemetry.own import OWN_BUCKETS
from fastfront.telemetry.pump import watch_pump

logger = logging.getLogger(__name__)

T = TypeVar("T")

OFF_LOOP_BYTES = 16 * 1024
"""Request bodies above this are rendered and tokenized in the pool: a prompt of that size takes the loop some 5 ms."""

DECODE_OFF_LOOP_BYTES = 256 * 1024
"""Request bodies above this are decoded in the pool, too: a good one takes 0.2 ms, explaining a bad one some 20 ms."""

MAILBOX_LIMIT = 1024 * 1024
"""Bytes of one stream that may wait for a client that does not read, before it is given up."""

SIM_NAME = "sim"
"""What the embedded engine's own model is called, unless --served-model-name says otherwise: its path says nothing."""

FAREWELL_TIMEOUT = 1.0
"""Seconds for streams that were cut off at the end of draining to send their error."""


class State(enum.Enum):
    """Where a Frontend is in its life. It goes through them in this order; a stopped one may start again."""

    NEW = "new"
    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    STOPPED = "stopped"


class Frontend:
    """Serves one model. `await start()`, then requests may come; `await drain()` lets them finish; `await stop()`."""

    def __init__(self, config: Config) -> None:
        """Keep the options. Nothing is opened, loaded or started yet."""
        self.config = config
        self._reset()

    def _reset(self) -> None:
        """Be new: count nothing, hold nothing."""
        self.state = State.NEW
        self.metrics = Metrics(
            log_stats=not self.config.disable_log_stats,
            kv_cache_metrics=self.config.kv_cache_metrics,
            corrupted=os.environ.get("VLLM_COMPUTE_NANS_IN_LOGITS", "0") == "1",
            tool_parser=self.config.tool_call_parser is not None,
            connectors=ConnectorMetrics.of(self.config),
            watermark=self.config.watermark_config is not None,
        )
        self.observability = Observability(self.config)
        self.pool = PromptPool()
        self.structured = Checker()
        """Judges the constraints of requests."""
        self.admission = Admission(self.config, self.metrics.frontend.admission_rejections)
        self.open_requests = 0
        """Generation requests under way, from their arrival to their last byte."""
        self.model: Model
        self.parsers: AnswerParsers
        self.loras: Loras
        self.engine: EngineClient
        self.system_fingerprint: str | None = None
        self.weight_version = "default"
        """The label of the engines' weights, as far as this frontend was told; the first is vLLM's."""
        self._engines: Engines | None = None
        self._idle: asyncio.Future[None] | None = None
        self._any_model_name = os.environ.get("VLLM_SKIP_MODEL_NAME_VALIDATION", "0") == "1"
        self.metrics.add_counter(
            "log_jobs_dropped", "Lines of logs left out for want of time.", lambda: self.observability.queue.dropped
        )
        self.metrics.add_gauge("requests_open", "HTTP requests that generate.", lambda: self.open_requests)
        self.metrics.add_gauge(
            "prompts_waiting", "Long prompts that no thread has begun yet.", lambda: self.pool.waiting
        )

    # -- Asked by routes

    @property
    def is_ready(self) -> bool:
        """Whether requests are taken."""
        return self.state is State.READY and self.engine.dead is None

    @property
    def engine_version(self) -> str:
        """The version of vLLM that the engine runs. Raises while there is no engine."""
        self.check_started()
        return self.engine.ready.vllm_version

    def check_started(self) -> None:
        """Raise ServiceUnavailableError while there is no model to speak of."""
        if self.state is State.NEW:
            raise ServiceUnavailableError(
                "The server has not been started: nobody has run the lifespan of the app that fastfront is in, "
                "or awaited its frontend.start()."
            )
        if self.state is State.STARTING:
            raise ServiceUnavailableError("The server is starting: the model is still being loaded.")
        if self.state is State.STOPPED:
            raise ServiceUnavailableError("The server is shutting down.")

    def check_open(self) -> None:
        """Raise if no generation request is looked at now: starting, or draining."""
        if self.state is State.READY:
            return
        self.metrics.requests_rejected += 1
        self.check_started()
        raise ServiceUnavailableError("The server is shutting down.")

    def check_ready(self) -> None:
        """Raise if no generation request may begin now: starting, draining, or the engine is dead."""
        self.check_open()
        if self.engine.dead is not None:
            # Not the engine's own exception: raised again and again, it would keep every request's frames.
            raise EngineDeadError(self.engine.dead.message)

    def check_model(self, name: str | None) -> None:
        """Raise NotFoundError for a model that is not served here. No name means the one there is."""
        names = self.model.names
        if not name or name in names or self._any_model_name or self.loras.find(name) is not None:
            return
        raise NotFoundError(f"The model `{name}` does not exist. Valid aliases: {', '.join(names)}.", param="model")

    def check_admission(self, n: int, prompts: Sequence[Sequence[int]] = ()) -> None:
        """Raise BusyError if a request for `n` answers would have to wait longer than the operator wants.

        `prompts`: of a batch, their token ids; nothing is asked of a single one, which was admitted before it was made.
        """
        if self.admission.is_open:
            return
        try:
            if not prompts:
                self.admission.check(self.engine.pump, n)
            elif len(prompts) > 1:
                self.admission.check_batch(self.engine.pump, n, [len(token_ids) for token_ids in prompts])
        except BusyError:
            self.metrics.requests_rejected += 1
            raise

    # -- Called by routes

    def begin_request(self) -> None:
        """Count a generation request as under way; drain() waits for its end."""
        self.open_requests += 1

    def end_request(self) -> None:
        """Count it as ended."""
        self.open_requests -= 1
        if self.open_requests == 0 and self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    async def prepare(self, stream: RequestStream, size: int, function: Callable[..., T], *args: object) -> T:
        """Run the work on a prompt: at once, or in the pool if the request is so large that the loop would stall."""
        if size <= OFF_LOOP_BYTES:
            return function(*args)
        return await self._in_pool(stream, function, *args)

    async def decode(self, stream: RequestStream, body: bytes, decode: Callable[[bytes], T]) -> T:
        """Decode a request: at once, or in the pool if finding out what is wrong with it could stall the loop."""
        if len(body) <= DECODE_OFF_LOOP_BYTES:
            return decode(body)
        return await self._in_pool(stream, decode, body)

    async def _in_pool(self, stream: RequestStream, function: Callable[..., T], *args: object) -> T:
        try:
            return await stream.off_loop(self.pool, function, *args)
        except ServiceUnavailableError:
            self.metrics.requests_rejected += 1
            raise

    def submit(
        self,
        stream: RequestStream,
        response: Response,
        requests: Sequence[EngineCoreRequest],
        decoder: Callable[[Any], None] | None = None,
    ) -> None:
        """Send a response's requests to the engines, with the stream in charge of it.

        `decoder` does what of the response is done in Python, before its bytes are taken.
        """
        stream.attach(response, decoder)
        try:
            self.engine.submit(response, requests)
        except FastFrontError:
            if response.finished:
                # It was counted as ended, so it has to count as begun.
                self.metrics.requests_started += len(requests)
            raise
        self.metrics.requests_started += len(requests)
        self.engine.pump.observe(STAGE_PREPARE, time.time() - requests[0].arrival_time)

    # -- Life

    async def start(self) -> None:
        """Load the model and meet the engines. Raises StartupError; call stop() then. Does nothing when started."""
        if self.state is State.READY:
            return
        if self.state is State.STOPPED:
            # A host may be run again in the same process, in another loop.
            self._reset()
        if self.state is not State.NEW:
            raise RuntimeError(f"a Frontend starts from new or stopped; this one is {self.state.value}")
        self.state = State.STARTING
        self.structured.backend = backend_of(self.config.structured_outputs_config)
        modules = parse_lora_modules(self.config.lora_modules)
        self.observability.start()
        self._engines = Engines(self.config, self._prepare_pump)
        self.engine = self._engines.client
        meeting = asyncio.ensure_future(self._engines.start())
        try:
            loading = asyncio.get_running_loop().run_in_executor(None, self._load_model)
            # Whichever fails first ends both.
            model, _ = await asyncio.gather(loading, meeting)
        except BaseException:
            meeting.cancel()
            await asyncio.gather(meeting, return_exceptions=True)
            raise
        self.loras = Loras(model.names, self.engine)
        await self.loras.load_modules(modules)
        if self.state is not State.STARTING:
            raise StartupError("stopped while starting")
        model.max_model_len = self.engine.ready.max_model_len or model.max_model_len
        if self.config.enable_prompt_embeds:
            model.accept_embeds(self.engine.ready.dtype)
        self.model = model
        self.parsers = self._make_parsers(model)
        self.system_fingerprint = system_fingerprint(self.config, model.path, self.engine.ready)
        is_diffusion = model.config.get("canvas_length") is not None
        self.metrics.watch_engine(self.engine.pump.snapshot, model.name, self.engine.ready, diffusion=is_diffusion)
        self.metrics.connectors.watch(self.engine.pump.take_connector_stats)
        self.engine.on_connector_stats = self.metrics.connectors.drain
        watch_pump(self.metrics, self.engine.pump, self.pool, model.tokenizer)
        self.observability.watch_engines(self.engine.pump.snapshot, corrupted=self.metrics.corrupted)
        self.state = State.READY

    def _served_model(self) -> tuple[str, tuple[str, ...]]:
        """Return where tokenizer and templates are, and under which names clients ask for the model."""
        names = tuple(self.config.served_model_name)
        if self.config.model is not None:
            return self.config.model, names
        if self.config.engine == "sim":
            return str(MODEL_PATH), names or (SIM_NAME,)
        raise StartupError(NO_MODEL)

    def _load_model(self) -> Model:
        """Read the model's files. Runs in a thread: a name on Hugging Face may have to be downloaded."""
        config = self.config
        path, names = self._served_model()
        model = Model.load(
            path,
            revision=config.revision,
            hf_overrides=config.hf_overrides,
            tokenizer=config.tokenizer,
            tokenizer_revision=config.tokenizer_revision,
            tokenizer_mode=config.tokenizer_mode,
            served_model_names=names,
            chat_template=config.chat_template,
            chat_template_content_format=config.chat_template_content_format,
            generation_config=config.generation_config,
            override_generation_config=config.override_generation_config,
            default_chat_template_kwargs=config.default_chat_template_kwargs,
            trust_request_chat_template=config.trust_request_chat_template,
            response_role=config.response_role,
            max_logprobs=config.max_logprobs,
            enable_prompt_embeds=config.enable_prompt_embeds,
            exclude_tools_when_tool_choice_none=config.exclude_tools_when_tool_choice_none,
        )
        named = config.reasoning_parser not in (None, "", "auto")  # "auto" is not what the engine is told
        model.has_reasoning_config = named or config.reasoning_config is not None
        model.trust_request_mm_kwargs = config.trust_request_mm_kwargs
        if model.vocab is None:
            message = "This tokenizer's decoder has no native form: text of its %d tokens is made in Python, and slowly"
            logger.warning(message, model.token_names.size)  # made here and now, not with the first logprobs
        return model

    def _make_parsers(self, model: Model) -> AnswerParsers:
        config = self.config
        template = model.template
        return AnswerParsers(
            reasoning_parser=config.reasoning_parser,
            tool_call_parser=config.tool_call_parser,
            enable_auto_tool_choice=config.enable_auto_tool_choice,
            tool_strict_level=config.tool_strict_level,
            added_tokens=model.tokenizer.added_tokens,
            answers_have_ids=model.vocab is not None,  # text that is made in Python comes without
            config=model.config,
            path=model.path,
            chat_template=None if template is None else template.source,
            plugins=list(filter(None, (config.tool_parser_plugin, config.reasoning_parser_plugin))),
            encode=lambda text: model.tokenizer.encode(text, add_special_tokens=False),
            response_template=model.tokenizer.response_template,
            decode=model.tokenizer.decode,
        )

    async def drain(self, timeout: float) -> None:
        """Take no more requests and let those under way end; cut off what is left after `timeout` seconds."""
        if self.state is not State.READY:
            return
        self.state = State.DRAINING
        if not await self._wait_idle(timeout):
            logger.warning("%d requests were still running after %g s: cut off", self.open_requests, timeout)
            self.engine.pump.fail_all("The server is shutting down.", ServiceUnavailableError.status)
            await self._wait_idle(FAREWELL_TIMEOUT)

    async def _wait_idle(self, timeout: float) -> bool:
        if self.open_requests == 0:
            return True
        self._idle = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(self._idle, timeout)
        except asyncio.TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        """End everything: engines that were started here, sockets, threads. Safe at any time and more than once."""
        self.state = State.STOPPED
        self.structured.close()
        self.pool.shutdown(wait=False, cancel_futures=True)
        if self._engines is not None:
            await self._engines.stop()
        await self.observability.close()

    # -- Helpers

    def _prepare_pump(self, pump: Pump) -> None:
        threads = self.config.writer_threads
        one_call = self.config.io_uring
        if pump.set_writers(writer_threads(available_cpus()) if threads is None else threads, one_call) != one_call:
            logger.info("No io_uring here (kernel, sysctl or seccomp): each stream is sent with a call of its own")
        pump.set_engines(self.config.engine_start_index, self.config.engine_count)
        try:
            buckets = histogram_buckets(self.engine.ready.max_model_len, self.config.custom_histogram_buckets)
        except ValueError as error:
            raise StartupError(str(error)) from None
        for name, bounds in {**buckets, **OWN_BUCKETS}.items():
            pump.set_buckets(name, bounds)
