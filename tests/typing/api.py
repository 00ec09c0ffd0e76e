# SPDX-License-Identifier: Apache-2.0
"""A user's program that type-checks: what mypy says of it is what a user's editor says. Never run."""

from __future__ import annotations

from collections.abc import Sequence

import fastfront
from fastfront import Config, Frontend, create_app, mount


def mount_in_a_host(app: object) -> Frontend:
    """Mount returns the Frontend; options are keyword arguments."""
    mount(app)
    mount(app, "/llm", engine="sim")
    return fastfront.mount(app, "/v", model="m", engine="vllm", max_model_len=4096, engine_args=["--enforce-eager"])


async def use_a_frontend(frontend: Frontend) -> tuple[bool, Sequence[str]]:
    """A host asks its Frontend how it is, and ends it in its own way."""
    await frontend.start()
    await frontend.drain(5.0)
    await frontend.stop()
    return frontend.is_ready, frontend.model.names


async def use_an_app() -> None:
    """An app of its own is an ASGI callable with a Frontend."""
    app = create_app("m", engine="tcp://127.0.0.1:5555", served_model_name="tiny")
    frontend: Frontend = app.frontend
    await frontend.start()


def use_a_config() -> tuple[Sequence[str], int | None, str]:
    """Options are typed keywords; single names may stand for lists."""
    config = Config(model="m", served_model_name=["a", "b"], port=8000, shutdown_timeout=30, log_level="debug")
    names: Sequence[str] = config.served_model_name
    length: int | None = config.max_model_len
    version: str = fastfront.__version__
    return names, length, version


def mistakes() -> None:
    """What a type checker finds: each line must be an error, or its ignore would be one."""
    Config(port="8000")  # type: ignore[arg-type]
    Config(log_level="loud")  # type: ignore[arg-type]
    Config(prot=8000)  # type: ignore[call-arg]
    create_app(1)  # type: ignore[arg-type]
    mount()  # type: ignore[call-arg]
