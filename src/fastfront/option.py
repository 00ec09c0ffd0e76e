# SPDX-License-Identifier: Apache-2.0
"""What an option is: its type, default, unit and names, and how a value that was written down is read.

A leaf: imports nothing of fastfront. Must not know which options there are.
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing
from typing import Annotated, Any, Literal

import msgspec

Count = Annotated[int, msgspec.Meta(ge=1)]
Natural = Annotated[int, msgspec.Meta(ge=0)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Seconds = Annotated[float, msgspec.Meta(ge=0)]
JsonObject = dict[str, Any]
ContentFormat = Literal["auto", "string", "openai"]
ToolStrictLevel = Literal["auto", "function", "parameter"]
FingerprintMode = Literal["full", "hash", "custom", "none"]
LogLevel = Literal["critical", "error", "warning", "info", "debug", "trace"]


class Opt(msgspec.Struct, frozen=True):
    """What the table below says of an option beside its type and default."""

    help: str
    unit: str = ""
    env: str = ""
    """The environment variable that vLLM reads for it, beside FASTFRONT_<NAME>."""
    alias: str = ""
    """Another name for it on the command line and in --args-json."""
    engine: bool = False
    """`fastfront serve` hands it on to the engine that it starts, too."""
    flag: bool = True
    """It is a flag of `fastfront serve`."""
    append: bool = False
    """A list whose flag takes one value, and is given once for each."""


@dataclasses.dataclass(frozen=True)
class Option:
    """One row of Config's table, for parsers and help texts."""

    name: str
    type: Any
    default: Any
    group: str
    opt: Opt

    @property
    def env(self) -> str:
        return self.opt.env

    @property
    def is_switch(self) -> bool:
        """A flag without a value: `--name`, `--no-name`."""
        return bool(self.type is bool)

    @property
    def is_list(self) -> bool:
        """A flag that takes one value or more."""
        return bool(self.type == tuple[str, ...])

    @property
    def is_object(self) -> bool:
        """A flag that takes a JSON object, or its members as `--name.member value`."""
        return JsonObject in typing.get_args(self.type)

    def convert(self, value: object) -> Any:
        """Return the value in the option's type; text, as flags and variables have it, is parsed."""
        try:
            return msgspec.convert(self._parse(value), self.type, strict=False)
        except ValueError as error:
            choices = typing.get_args(self.type) if typing.get_origin(self.type) is Literal else ()
            reason = f"one of {', '.join(map(str, choices))}, not {value!r}" if choices else error
            raise ValueError(f"{self.name}: {reason}") from None

    def _parse(self, value: object) -> object:
        if self.name == "max_model_len":
            return _parse_length(value)
        if self.name == "root_path":
            return "/" + value.strip("/") if isinstance(value, str) and value.strip("/") else ""
        if self.name in {"log_level", "uvicorn_log_level"}:
            return value.lower() if isinstance(value, str) else value
        if self.name == "lora_modules" and isinstance(value, list | tuple):
            # Under `vllm serve` they come as objects.
            return [each if isinstance(each, str) else json.dumps(each) for each in value]
        if isinstance(value, str) and self.is_list:
            return _parse_json(value) if value.lstrip().startswith("[") else (value,)
        if isinstance(value, str) and self.is_object:
            return _parse_json(value)
        return value


def _parse_json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"not JSON ({error}): {text[:200]}") from None


def _parse_length(value: object) -> object:
    """Read a number of tokens as vLLM does: 4096, 16k (1000s), 16K (1024s), auto or -1."""
    if not isinstance(value, str):
        return None if value == -1 else value
    text = value.strip()
    if text in ("-1", "auto", ""):
        return None
    matched = re.fullmatch(r"(\d+(?:\.\d+)?)([kKmMgGtT])", text)
    if matched is None:
        return text
    number, suffix = matched.groups()
    power = "kmgt".index(suffix.lower()) + 1
    if suffix.islower():
        return int(float(number) * 1000**power)
    if "." in number:
        raise ValueError(f"no fractions before {suffix} (1024s); {number}{suffix.lower()} counts in 1000s")
    return int(number) * 1024**power
