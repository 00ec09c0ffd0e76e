# SPDX-License-Identifier: Apache-2.0
"""`fastfront serve`: a server of its own, with vLLM's engine, the embedded one, or engines that come by themselves."""

from __future__ import annotations

import dataclasses
import difflib
import os
import sys
from typing import TYPE_CHECKING

from fastfront import config
from fastfront.commands import help as help_texts
from fastfront.commands.engine_flags import ENGINE_FLAGS
from fastfront.commands.flags import Flags, UsageError, read_flags
from fastfront.commands.vllm_options import FRONTEND_FLAGS, check_foreign_options
from fastfront.commands.vllm_options import flag as flag_of
from fastfront.config import Config

if TYPE_CHECKING:
    from collections.abc import Mapping

_MISSPELT = 0.9
"""How alike two names are, from 0 to 1, if one is taken for the other misspelt."""

SIM_RESERVED = ("--input", "--output", "--handshake", "--rank", "--exit-with-fd", "--model")
"""Flags of the embedded engine that are set for it here."""


def main(arguments: list[str]) -> int:
    """Run the command. Returns the exit status."""
    if any(argument in ("-h", "--help") or argument.startswith("--help=") for argument in arguments):
        sys.stdout.write(help_texts.serve_help())
        return 0
    options, flags = build_config(arguments, os.environ)

    from fastfront.server.log import configure_process_logging

    configure_process_logging(options)
    check_foreign_options(flags.foreign)

    from fastfront.commands.process import serve_process

    return serve_process(options, show_example=True)


def build_config(arguments: list[str], env: Mapping[str, str]) -> tuple[Config, Flags]:
    """Return the options that a command line means, and the command line as it was sorted."""
    with_sim = "--sim" in arguments
    arguments = [argument for argument in arguments if argument != "--sim"]
    model = arguments.pop(0) if arguments and not arguments[0].startswith("-") else None
    flags = read_flags(arguments)
    if model is not None:
        flags.values["model"] = model
    if with_sim:
        if flags.values.get("engine", "sim") != "sim":
            raise UsageError(f"--sim and --engine {flags.values['engine']} contradict each other")
        flags.values["engine"] = "sim"
    try:
        options = Config.from_mapping(flags.values, env)
        if options.engine == "sim":
            engine_args = _sim_arguments(flags)
        elif options.engine is None or options.engine == "vllm":
            engine_args = _vllm_arguments(options, flags)
        else:
            engine_args = _no_engine_arguments(options, flags)
        return dataclasses.replace(options, engine_args=engine_args), flags
    except ValueError as error:
        raise UsageError(str(error)) from None


def _vllm_arguments(options: Config, flags: Flags) -> list[str]:
    """Return the arguments of the `vllm serve MODEL --headless` to start."""
    _need_model(options, flags)
    _check_spelling(flags)
    # The engine takes names only; by which parser an answer is read is for it of use with constraints.
    arguments = without(flags.shared, "--reasoning-parser") if options.reasoning_parser == "auto" else [*flags.shared]
    if "log_level" in flags.values:
        level = options.log_level.upper()
        arguments += ["--log-level", "DEBUG" if level == "TRACE" else level]
    return [*arguments, *flags.rest]


def without(arguments: list[str], flag: str) -> list[str]:
    """Return the arguments without a flag and its value, written as one argument or two."""
    kept: list[str] = []
    skip = False
    for argument in arguments:
        if not skip and argument != flag and not argument.startswith(f"{flag}="):
            kept.append(argument)
        skip = argument == flag
    return kept


def _sim_arguments(flags: Flags) -> list[str]:
    """Return the arguments of the embedded engine, checked here: its own process would tell of a mistake too late."""
    from fastfront.sim.options import Options as SimOptions
    from fastfront.sim.options import parser

    names = ["--" + field.name.replace("_", "-") for field in dataclasses.fields(SimOptions)]
    for argument in flags.rest:
        name = argument.partition("=")[0]
        if name in SIM_RESERVED:
            raise UsageError(f"{name} is set by fastfront serve itself; run the engine alone with fastfront sim")
        if name.startswith("-") and not _is_value(name) and name not in names:
            raise UsageError(config.unknown(name, [*names, *_our_flags(), "--sim"], "flag"))
    # Ends the process with argparse's message if a value is wrong.
    parser("fastfront serve --sim").parse_args(flags.rest)
    return flags.rest


def _no_engine_arguments(options: Config, flags: Flags) -> list[str]:
    """Refuse flags that only an engine could use: the engines are started elsewhere."""
    _need_model(options, flags)
    for name in flags.foreign:
        if name.removeprefix("no_") not in FRONTEND_FLAGS:
            message = config.unknown(flag_of(name), _our_flags(), "flag")
            raise UsageError(f"{message}; flags of the engine belong to where the engine is started")
    return []


def _check_spelling(flags: Flags) -> None:
    """Refuse a flag that is all but the name of another: the engine would refuse it, too, after a long start.

    What is like no flag that we know goes on: a newer engine has flags that this version has not heard of.
    """
    for name in flags.foreign:
        base = name.removeprefix("no_")
        if base in FRONTEND_FLAGS or base in ENGINE_FLAGS or name in ENGINE_FLAGS:
            continue
        known = [*_our_flags(), *map(flag_of, (*FRONTEND_FLAGS, *ENGINE_FLAGS))]
        if difflib.get_close_matches(flag_of(base), known, n=1, cutoff=_MISSPELT):
            raise UsageError(config.unknown(flag_of(base), known, "flag"))


def _our_flags() -> list[str]:
    return [f"--{flag}" for flag, option in config.options().items() if option.opt.flag]


def _need_model(options: Config, flags: Flags) -> None:
    if options.model is None:
        stray = next((argument for argument in reversed(flags.rest) if not argument.startswith("-")), None)
        hint = f"; if {stray} is the model, put it right behind `serve`" if stray is not None else ""
        raise UsageError(f"say which model to serve (fastfront serve MODEL), or --sim for the embedded engine{hint}")


def _is_value(text: str) -> bool:
    return text[1:2].isdigit()
