# SPDX-License-Identifier: Apache-2.0
"""Every option of the frontend: its name, type, default, unit and one line of meaning.

A leaf: imports nothing of fastfront. The same names are keyword arguments (`mount`, `create_app`, `Config`), flags
(`--max-model-len`), environment variables (`FASTFRONT_MAX_MODEL_LEN`, beside vLLM's own name where it has one) and
members of `--args-json`. They are vLLM's names wherever vLLM has the option. Options of the engine are not known here:
they are handed on to `vllm serve` untouched.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import re
import typing
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from fastfront.option import (
    ContentFormat,
    Count,
    FingerprintMode,
    JsonObject,
    LogLevel,
    Natural,
    Opt,
    Option,
    Port,
    Seconds,
    ToolStrictLevel,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """The frontend's options. Values are checked and normalised on construction; a bad one raises ValueError."""

    # -- Model
    model: Annotated[str | None, Opt("Model to serve: a local directory or a Hugging Face id.", alias="model_tag")] = (
        None
    )
    served_model_name: Annotated[
        Sequence[str], Opt("Names that clients may ask for; answers show the first. Default: the model.", engine=True)
    ] = ()
    tokenizer: Annotated[
        str | None, Opt("Directory or Hugging Face id of the tokenizer. Default: the model's own.", engine=True)
    ] = None
    tokenizer_revision: Annotated[
        str | None, Opt("Branch, tag or commit of the tokenizer. Default: the model's revision.", engine=True)
    ] = None
    tokenizer_mode: Annotated[
        str, Opt("`auto` or `hf`: tokenizer.json and the chat template. vLLM's other modes are refused.", engine=True)
    ] = "auto"
    revision: Annotated[str | None, Opt("Branch, tag or commit of the model on Hugging Face.", engine=True)] = None
    hf_overrides: Annotated[
        JsonObject | None, Opt("Members of config.json that are to be otherwise, as a JSON object.", engine=True)
    ] = None
    max_model_len: Annotated[
        Count | None,
        Opt("Context length, prompt and answer; also 16k, 16K. Default: the engine's.", unit="tokens", engine=True),
    ] = None
    generation_config: Annotated[
        str, Opt("Sampling defaults: `auto` (generation_config.json), `vllm` (none) or a directory.", engine=True)
    ] = "auto"
    override_generation_config: Annotated[
        JsonObject | None, Opt("Sampling defaults above those of generation_config, as a JSON object.", engine=True)
    ] = None
    structured_outputs_config: Annotated[
        JsonObject | None,
        Opt(
            "How constrained answers are made, as vLLM takes it: a JSON object with `backend` and others.", engine=True
        ),
    ] = None
    reasoning_config: Annotated[
        JsonObject | None,
        Opt("How the model thinks, for thinking_token_budget, as vLLM takes it: a JSON object.", engine=True),
    ] = None
    enable_prompt_embeds: Annotated[
        bool, Opt("Take prompts as embeddings, too; only from clients that are trusted.", engine=True)
    ] = False
    max_logprobs: Annotated[int, Opt("Most logprobs per token that a request may ask for; -1: all.", engine=True)] = 20
    stream_interval: Annotated[
        Count,
        Opt("Tokens that a stream sends together; the first one is not kept waiting.", unit="tokens", engine=True),
    ] = 1

    lora_modules: Annotated[
        Sequence[str], Opt('LoRA adapters to serve, as `name=path` or as JSON objects: {"name": ..., "path": ...}.')
    ] = ()

    # -- Chat
    chat_template: Annotated[str | None, Opt("Chat template: a file, or the Jinja text. Default: the model's own.")] = (
        None
    )
    chat_template_content_format: Annotated[
        ContentFormat, Opt("How message content reaches the template: as text or as OpenAI's list of parts.")
    ] = "auto"
    default_chat_template_kwargs: Annotated[
        JsonObject | None, Opt('Template variables of every request, as a JSON object: {"enable_thinking": false}.')
    ] = None
    trust_request_chat_template: Annotated[bool, Opt("Let a request bring its own chat_template.")] = False
    trust_request_mm_kwargs: Annotated[
        bool, Opt("Let a request bring its own media_io_kwargs and mm_processor_kwargs.")
    ] = False
    response_role: Annotated[str, Opt("Role of the answer's message.")] = "assistant"
    reasoning_parser: Annotated[
        str | None, Opt("What tells the model's thinking from its answer: vLLM's name, or `auto`.", engine=True)
    ] = None
    tool_call_parser: Annotated[
        str | None, Opt("What finds tool calls in the model's text: vLLM's name, or `auto` (by the model).")
    ] = None
    tool_parser_plugin: Annotated[
        str | None, Opt("Python file or module that registers tool parsers, fastfront's or vLLM's.")
    ] = None
    reasoning_parser_plugin: Annotated[
        str | None, Opt("Python file or module that registers reasoning parsers.", engine=True)
    ] = None
    enable_auto_tool_choice: Annotated[bool, Opt("Let the model decide to call tools; needs --tool-call-parser.")] = (
        False
    )
    tool_strict_level: Annotated[
        ToolStrictLevel,
        Opt("What is held to the tools' schemas: what a tool's `strict` asks for, every call, or its arguments, too."),
    ] = "auto"
    exclude_tools_when_tool_choice_none: Annotated[
        bool, Opt('Keep the tools out of the prompt where tool_choice is "none".')
    ] = False

    # -- API
    api_key: Annotated[
        Sequence[str],
        Opt("Keys, one of which a client must send under /v1, /v2 and /inference.", env="VLLM_API_KEY"),
    ] = dataclasses.field(default=(), repr=False)
    allowed_origins: Annotated[Sequence[str], Opt("Origins that browsers may call from (CORS), as a JSON list.")] = ()
    allowed_methods: Annotated[Sequence[str], Opt("Methods that those may use, as a JSON list.")] = ("*",)
    allowed_headers: Annotated[Sequence[str], Opt("Headers that those may send, as a JSON list.")] = ("*",)
    allow_credentials: Annotated[bool, Opt("Let those send cookies and the Authorization header.")] = False
    enable_request_id_headers: Annotated[bool, Opt("Answer with an X-Request-Id header.")] = False
    enable_force_include_usage: Annotated[bool, Opt("Send usage with every stream, asked for or not.")] = False
    enable_prompt_tokens_details: Annotated[bool, Opt("Tell in usage how many prompt tokens came from the cache.")] = (
        False
    )
    enable_per_request_metrics: Annotated[bool, Opt("Tell in answers how long their parts took.")] = False
    return_tokens_as_token_ids: Annotated[
        bool, Opt("Call tokens beside logprobs `token_id:N`, so that they can be told apart.")
    ] = False
    sse_keep_alive_interval: Annotated[
        Natural, Opt("How long a stream is silent before it gets a comment; 0: none.", unit="s")
    ] = 0
    fingerprint_mode: Annotated[FingerprintMode, Opt("What the system_fingerprint of answers shows.")] = "full"
    fingerprint_value: Annotated[str | None, Opt("The system_fingerprint of --fingerprint-mode custom.")] = None
    enable_scale_out: Annotated[
        bool, Opt("Serve /inference/v1/*, /render and /derender: text and tokens in servers of their own.")
    ] = False
    tokens_only: Annotated[
        bool, Opt("Serve the token routes of --enable-scale-out, without text in their answers.", engine=True)
    ] = False
    enable_tokenizer_info_endpoint: Annotated[bool, Opt("Serve /tokenizer_info, which shows the chat template.")] = (
        False
    )
    disable_fastapi_docs: Annotated[bool, Opt("Serve no /openapi.json, /docs and /redoc.")] = False
    enable_offline_docs: Annotated[bool, Opt("Serve a /docs that needs nothing from the internet, and no /redoc.")] = (
        False
    )
    profiler_config: Annotated[
        JsonObject | None,
        Opt('The engine\'s profiler: {"profiler": "torch"} serves /start_profile and /stop_profile.', engine=True),
    ] = None
    allow_runtime_lora_updating: Annotated[
        bool,
        Opt("Let clients load and unload LoRA adapters: never in production.", env="VLLM_ALLOW_RUNTIME_LORA_UPDATING"),
    ] = False
    server_dev_mode: Annotated[
        bool, Opt("Serve the routes for development and RL: never in production.", env="VLLM_SERVER_DEV_MODE")
    ] = False
    max_request_body_size: Annotated[
        Natural, Opt("Largest request body; 0: no limit.", unit="bytes", env="VLLM_HTTP_MAX_REQUEST_BODY_SIZE")
    ] = 32 * 1024 * 1024

    max_num_queued_reqs: Annotated[
        Natural | None,
        Opt("Refuse requests (503) beyond so many under way, one per answer. Default: never.", unit="requests"),
    ] = None
    max_num_queued_tokens: Annotated[
        Natural | None,
        Opt("Refuse requests (503) while so many prompt tokens wait for their first output.", unit="tokens"),
    ] = None

    # -- HTTP server
    host: Annotated[str | None, Opt("Address to listen on. Default: every IPv4 address.")] = None
    port: Annotated[Port, Opt("Port to listen on; 0: a free one, shown in the log.")] = 8000
    uds: Annotated[str | None, Opt("Unix domain socket to listen on, instead of host and port.")] = None
    listen_fd: Annotated[
        Natural | None, Opt("Descriptor of an inherited socket to listen on, instead of host and port.")
    ] = None
    middleware: Annotated[
        Sequence[str],
        Opt("ASGI middleware to put around the server: the import path of a class or an `async def`.", append=True),
    ] = ()
    root_path: Annotated[str, Opt("Path under which a proxy shows this server.")] = ""
    http_timeout_keep_alive: Annotated[
        Seconds, Opt("How long an idle connection is kept.", unit="s", env="VLLM_HTTP_TIMEOUT_KEEP_ALIVE")
    ] = 5.0
    h11_max_incomplete_event_size: Annotated[
        Count, Opt("Largest head of a request (line and headers).", unit="bytes")
    ] = 4 * 1024 * 1024
    h11_max_header_count: Annotated[Count, Opt("Most headers that a request may have.", unit="headers")] = 256
    writer_threads: Annotated[
        Natural | None,
        Opt("Threads that help to write large engine steps to clients. Default: from the CPU quota.", unit="threads"),
    ] = None
    io_uring: Annotated[bool, Opt("Send an engine step's bytes with one system call where the kernel lets us.")] = True
    backlog: Annotated[Count, Opt("Connections that may wait to be accepted.", unit="connections")] = 4096
    ssl_keyfile: Annotated[str | None, Opt("TLS: file with the private key.")] = None
    ssl_certfile: Annotated[str | None, Opt("TLS: file with the certificate chain.")] = None
    ssl_ca_certs: Annotated[str | None, Opt("TLS: file with the authorities of client certificates.")] = None
    ssl_cert_reqs: Annotated[
        Literal[0, 1, 2], Opt("TLS: client certificates are 0 ignored, 1 checked if sent, 2 required.")
    ] = 0
    ssl_ciphers: Annotated[str | None, Opt("TLS: cipher suites, for TLS 1.2 and below.")] = None
    enable_ssl_refresh: Annotated[bool, Opt("TLS: read the files again when they change.")] = False
    enable_access_log: Annotated[bool, Opt("Log a line for every request.")] = False
    disable_uvicorn_access_log: Annotated[bool, Opt("Log none, whatever --enable-access-log says.")] = False
    disable_access_log_for_endpoints: Annotated[
        str | None, Opt("Paths, separated by commas, whose requests are not logged: /health,/metrics.")
    ] = None
    uvicorn_log_level: Annotated[LogLevel, Opt("Least important message of the HTTP server to log.")] = "info"
    log_config_file: Annotated[
        str | None, Opt("JSON file for Python's logging.config.dictConfig, in place of our log.", engine=True)
    ] = None
    log_level: Annotated[LogLevel, Opt("Least important message to log.")] = "info"

    # -- Observability
    disable_log_stats: Annotated[bool, Opt("Keep no statistics: no vllm: metrics, no log line.", engine=True)] = False
    log_stats_interval: Annotated[
        Seconds, Opt("How often the log shows the engines' state.", unit="s", env="VLLM_LOG_STATS_INTERVAL")
    ] = 10.0
    aggregate_engine_logging: Annotated[bool, Opt("Show it for all engines in one line.")] = False
    kv_cache_metrics: Annotated[bool, Opt("Show how long blocks stay in the KV cache.", engine=True)] = False
    kv_transfer_config: Annotated[
        JsonObject | None,
        Opt("The engine's KV connector, as vLLM takes it; /metrics shows what it tells.", engine=True),
    ] = None
    custom_histogram_buckets: Annotated[
        JsonObject | None, Opt('Bounds of histograms by family, as a JSON object: {"request_latency": [0.1, 1]}.')
    ] = None
    enable_log_requests: Annotated[bool, Opt("Log every request; its prompt's ids with --log-level debug.")] = False
    enable_log_outputs: Annotated[bool, Opt("Log every answer, too.")] = False
    enable_log_deltas: Annotated[bool, Opt("With that, log the pieces of streams as they come.")] = True
    max_log_len: Annotated[Natural | None, Opt("Most characters or ids of one text to log.", unit="characters")] = None
    log_error_stack: Annotated[bool, Opt("Log where errors come from.", env="VLLM_SERVER_DEV_MODE")] = False
    debug_log_api_server_response: Annotated[
        bool, Opt("Log the body of every response.", env="VLLM_DEBUG_LOG_API_SERVER_RESPONSE")
    ] = False
    otlp_traces_endpoint: Annotated[
        str | None, Opt("Send a trace of every request to this OpenTelemetry collector.", engine=True)
    ] = None

    # -- Start and end
    engine_ready_timeout: Annotated[
        Seconds,
        Opt(
            "How long to wait for the engine.",
            unit="s",
            env="VLLM_ENGINE_READY_TIMEOUT_S",
            alias="engine_ready_timeout_secs",
        ),
    ] = 600.0
    shutdown_timeout: Annotated[
        Seconds, Opt("How long running requests may go on after SIGTERM or SIGINT; a second signal ends it.", unit="s")
    ] = 30.0
    keep_alive_on_engine_death: Annotated[
        bool, Opt("Stay up, answering 503, when the engine has died.", env="VLLM_KEEP_ALIVE_ON_ENGINE_DEATH")
    ] = False

    # -- Engine
    engine: Annotated[
        str | None,
        Opt("`vllm`: start vLLM for the model; `sim`: the embedded engine; tcp://HOST:PORT: wait there for engines."),
    ] = None
    data_parallel_size: Annotated[Count, Opt("Engines of the deployment.", unit="engines", engine=True)] = 1
    engine_count: Annotated[Natural, Opt("Engines that this frontend serves; 0: all.", unit="engines")] = 0
    engine_start_index: Annotated[Natural, Opt("Rank of the first of them.", flag=False)] = 0
    engine_args: Annotated[Sequence[str], Opt("Arguments for the engine that is started.", flag=False)] = ()
    input_listener_fd: Annotated[Natural | None, Opt("Worker: socket that engines take requests from.", flag=False)] = (
        None
    )
    output_listener_fd: Annotated[Natural | None, Opt("Worker: socket that engines send outputs to.", flag=False)] = (
        None
    )
    coordinator_address: Annotated[str | None, Opt("Worker: vLLM's data-parallel coordinator.", flag=False)] = None

    def __post_init__(self) -> None:
        for option in options().values():
            object.__setattr__(self, option.name, option.convert(getattr(self, option.name)))
        if self.engine_count == 0:
            object.__setattr__(self, "engine_count", self.data_parallel_size)
        if bool(self.ssl_keyfile) != bool(self.ssl_certfile):
            raise ValueError("ssl_keyfile and ssl_certfile go together: only one of them is given")
        if self.ssl_cert_reqs and not self.ssl_ca_certs:
            raise ValueError("ssl_cert_reqs asks for client certificates: ssl_ca_certs must name who signs them")
        if self.enable_auto_tool_choice and not self.tool_call_parser:
            raise ValueError("enable_auto_tool_choice needs a tool_call_parser")
        if self.fingerprint_mode == "custom" and self.fingerprint_value is None:
            raise ValueError('fingerprint_mode "custom" needs a fingerprint_value')
        if self.engine not in (None, "sim", "vllm") and not re.fullmatch(r"tcp://.+:\d+", str(self.engine)):
            raise ValueError(f"engine must be `vllm`, `sim` or tcp://HOST:PORT, not {self.engine!r}")
        if self.enable_log_outputs and not self.enable_log_requests:
            raise ValueError("enable_log_outputs requires enable_log_requests")
        if (self.input_listener_fd is None) != (self.output_listener_fd is None):
            raise ValueError("input_listener_fd and output_listener_fd go together: only one of them is given")

    @classmethod
    def from_mapping(cls, values: Mapping[str, object], env: Mapping[str, str] | None = None) -> Config:
        """Build from named values over environment variables over defaults; a name that is no option is refused."""
        merged: dict[str, Any] = {}
        for option in options().values() if env is not None else ():
            names = (f"FASTFRONT_{option.name.upper()}", option.env)
            found = next((env[name] for name in names if env.get(name)), None) if env is not None else None
            if found is not None:
                merged[option.name] = found
        for name, value in values.items():
            known = find(name)
            if known is None:
                raise ValueError(unknown(name, [flag.replace("-", "_") for flag in options()], "option"))
            merged[known.name] = value
        return cls(**merged)


@functools.cache
def options() -> dict[str, Option]:
    """Return the table, by flag name without the leading dashes ("max-model-len")."""
    table: dict[str, Option] = {}
    hints = typing.get_type_hints(Config, include_extras=True)
    for field in dataclasses.fields(Config):
        value_type, *extras = typing.get_args(hints[field.name])
        opt = next(extra for extra in extras if isinstance(extra, Opt))
        constraints = [extra for extra in extras if isinstance(extra, msgspec.Meta)]
        if typing.get_origin(value_type) is Sequence:
            value_type = tuple[str, ...]
        elif constraints:
            value_type = Annotated[value_type, constraints[0]]
        table[field.name.replace("_", "-")] = Option(field.name, value_type, field.default, _group(field.name), opt)
    return table


def find(name: str) -> Option | None:
    """Return the option of that name or alias, written with dashes or underscores."""
    flag = name.replace("_", "-")
    found = options().get(flag)
    if found is None:
        alias = flag.replace("-", "_")
        found = next((option for option in options().values() if option.opt.alias == alias), None)
    return found


def unknown(name: str, names: Sequence[str], what: str) -> str:
    """Return the message that there is no such thing, with the nearest name that there is."""
    near = difflib.get_close_matches(name, names, n=1)
    return f"unknown {what} {name}" + (f" (did you mean {near[0]}?)" if near else "")


_GROUPS = (
    ("model", "Model"),
    ("chat_template", "Chat"),
    ("api_key", "API"),
    ("host", "HTTP server"),
    ("disable_log_stats", "Observability"),
    ("engine_ready_timeout", "Start and end"),
    ("engine", "Engine"),
)
"""First option of each group of the table."""


def _group(name: str) -> str:
    """Return the title of the group that the option of that name stands in."""
    starts = dict(_GROUPS)
    title = ""
    for field in dataclasses.fields(Config):
        title = starts.get(field.name, title)
        if field.name == name:
            break
    return title
