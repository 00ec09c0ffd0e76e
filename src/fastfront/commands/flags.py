# SPDX-License-Identifier: Apache-2.0
"""Reading command lines that hold two programs' flags: ours by Config's table, the rest handed on as it came.

Understands what vLLM's parser understands: `--max-model-len 1` and `--max_model_len=1`, `--flag` and `--no-flag`,
lists (`--api-key a b`), objects as JSON or by member (`--override-generation-config.temperature 0.5`), and a YAML file
of flags (`--config FILE`). Must not know what any flag does.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastfront import config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastfront.option import Option


class UsageError(Exception):
    """The command line cannot be understood. The message says what to write instead."""


@dataclasses.dataclass
class Flags:
    """A command line, read."""

    values: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Our options, by name."""
    rest: list[str] = dataclasses.field(default_factory=list)
    """The arguments that are not ours, in their order."""
    shared: list[str] = dataclasses.field(default_factory=list)
    """The arguments among ours that the engine needs too, as they were written."""
    foreign: list[str] = dataclasses.field(default_factory=list)
    """The names of the flags that are not ours, with underscores."""


def read_flags(arguments: Sequence[str]) -> Flags:
    """Sort arguments into ours and the rest. What follows a flag that is not ours stays with it."""
    flags = Flags()
    from_file = Flags()
    position = 0
    while position < len(arguments):
        argument = arguments[position]
        if argument == "--":
            flags.rest.extend(arguments[position:])
            break
        option, name, member = _match(argument)
        if option is not None:
            taken = 1 + _read_value(flags.values, option, name, member, arguments, position)
            if option.opt.engine:
                flags.shared.extend(arguments[position : position + taken])
            position += taken
            continue
        if name == "config":
            # vLLM reads the file, too: the flag stays among the rest.
            _, _, path = _split(argument)
            if path is None:
                path = next(iter(arguments[position + 1 : position + 2]), "")
            from_file = _read_file(path)
        elif name:
            _refuse_abbreviation(name)
            flags.foreign.append(name.replace("-", "_"))
        flags.rest.append(argument)
        position += 1
    flags.values = {**from_file.values, **flags.values}
    flags.foreign += from_file.foreign
    return flags


def _split(argument: str) -> tuple[str, str, str | None]:
    """Return the flag's name with dashes, the member behind a dot, and the value behind `=`."""
    name, equals, value = argument[2:].partition("=")
    name, _, member = name.partition(".")
    return name.replace("_", "-"), member, value if equals else None


def _match(argument: str) -> tuple[Option | None, str, str]:
    """Return our option behind an argument, if it is one, the flag's name and the member behind a dot."""
    if not argument.startswith("--"):
        return None, "", ""
    name, member, _ = _split(argument)
    option = config.find(name)
    if option is None and name.startswith("no-"):
        option = config.find(name[3:])
        if option is not None and not option.is_switch:
            option = None
    if option is None or not option.opt.flag or (member and not option.is_object):
        return None, name, member
    return option, name, member


def _read_value(
    values: dict[str, Any], option: Option, name: str, member: str, arguments: Sequence[str], position: int
) -> int:
    """Read the option's value into `values`; return how many arguments behind the flag it took."""
    _, _, value = _split(arguments[position])
    if option.is_switch:
        positive = config.find(name) is option
        given = True if value is None else option.convert(value)
        values[option.name] = given if positive else not given
        return 0
    taken: list[str] = [] if value is None else [value]
    used = 0
    while (
        value is None
        and (not taken or (option.is_list and not option.opt.append))
        and position + 1 + used < len(arguments)
    ):
        following = arguments[position + 1 + used]
        if following.startswith("-") and not _is_number(following):
            break
        taken.append(following)
        used += 1
    if not taken:
        raise UsageError(f"--{name} needs a value")
    if member:
        _set_member(values, option, member, taken[0])
    elif option.opt.append:
        values[option.name] = [*values.get(option.name, ()), *taken]
    elif option.is_list and len(taken) > 1:
        values[option.name] = taken
    else:
        values[option.name] = taken[0]
    return used


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _set_member(values: dict[str, Any], option: Option, member: str, text: str) -> None:
    """Put `--option.a.b text` into the object gathered so far."""
    whole = option.convert(values.get(option.name)) or {}
    if not isinstance(whole, dict):
        raise UsageError(f"--{option.name.replace('_', '-')} is not a JSON object")
    target = whole
    *path, last = member.split(".")
    for step in path:
        target = target.setdefault(step, {})
    try:
        target[last] = json.loads(text)
    except ValueError:
        target[last] = text
    values[option.name] = whole


def _refuse_abbreviation(name: str) -> None:
    """Refuse `--api-k x`: vLLM's parser would complete it, here it would be lost on its way to the engine."""
    longer = [flag for flag, option in config.options().items() if option.opt.flag and flag.startswith(name)]
    if longer:
        raise UsageError(f"unknown flag --{name} (did you mean --{longer[0]}?)")


def _read_file(path: str) -> Flags:
    """Read the flags that a YAML file holds, one `flag: value` a line."""
    yaml = importlib.import_module("yaml")  # it comes with huggingface_hub
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f"--config {path}: {error}") from None
    if not isinstance(content, dict):
        raise UsageError(f"--config {path}: lines like `max-model-len: 4096` are expected")
    arguments: list[str] = []
    for key, value in content.items():
        if isinstance(value, bool):
            arguments.append(f"--{key}" if value else f"--no-{key}")
        elif isinstance(value, list):
            arguments += [f"--{key}", *map(str, value)] if value else []
        elif isinstance(value, dict):
            arguments += [f"--{key}", json.dumps(value)]
        elif value is not None:
            arguments += [f"--{key}", str(value)]
    return read_flags(arguments)
