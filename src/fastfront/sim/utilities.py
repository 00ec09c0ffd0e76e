# SPDX-License-Identifier: Apache-2.0
"""The utility methods that a frontend may call, named and answered as those of vLLM's engine core.

Each public method of `Utilities` is one (vllm/v1/engine/core.py EngineCore). A failure travels back as a message, as
there. Knows the scheduler; the sockets only through the callback that ends requests.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec

from fastfront.engine.types import LoRARequest
from fastfront.sim.wire import WEIGHT_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fastfront.sim.scheduler import Scheduler

_PAUSE_MODES = ("abort", "wait", "keep")
_SLEEPING = ("weights", "kv_cache")

WEIGHT_CHECKSUM = "00000000"
"""Of the weights that there are not."""


class UtilityError(Exception):
    """A call that fails; the message goes to the frontend."""


class WhenIdle(msgspec.Struct):
    """A result that comes later: call `finish` once nothing runs any more."""

    finish: Callable[[], object]


def call(utilities: Utilities, method: str, args: Sequence[Any]) -> tuple[object, str | None]:
    """Call a method by name. Returns its result (perhaps WhenIdle) and None, or None and why it failed."""
    try:
        function = None if method.startswith("_") else getattr(type(utilities), method, None)
        if function is None:
            raise UtilityError(f"'EngineCoreProc' object has no attribute '{method}'")
        return function(utilities, *args), None
    except Exception as error:
        return None, f"Call to {method} method failed: {error}"


class Utilities:
    """What can be asked of the engine besides generating."""

    def __init__(
        self, scheduler: Scheduler, end_all_requests: Callable[[], None], max_loras: int, rank: int = 0
    ) -> None:
        self._scheduler = scheduler
        self._end_all_requests = end_all_requests
        self._max_loras = max_loras
        self._rank = rank
        self._loras: dict[int, LoRARequest] = {}
        self._asleep: set[str] = set()
        self.weight_version = WEIGHT_VERSION

    def get_supported_tasks(self) -> tuple[str, ...]:
        return ("generate",)

    def sim_report(self) -> dict[str, int]:
        """Count requests: for tests that wait until an abort has arrived. Not in vLLM."""
        return {
            "running": self._scheduler.num_running,
            "waiting": self._scheduler.num_waiting,
            "requests": self._scheduler.num_requests,
            "aborted": self._scheduler.num_aborted,
            "generated_tokens": self._scheduler.num_generated,
            "pid": os.getpid(),
        }

    # -- Caches

    def reset_prefix_cache(self, reset_running_requests: bool = False, reset_connector: bool = False) -> bool:
        if self._scheduler.num_running and not reset_running_requests:
            return False
        self._scheduler.prefix_cache.reset()
        return True

    def reset_mm_cache(self) -> None:
        pass

    def reset_encoder_cache(self) -> None:
        pass

    # -- Pausing and sleeping

    def pause_scheduler(self, mode: str = "abort", clear_cache: bool = True) -> object:
        if mode not in _PAUSE_MODES:
            raise UtilityError(f"Invalid pause mode: {mode}")
        if mode == "abort":
            self._end_all_requests()
        self._scheduler.admitting = False
        self._scheduler.stepping = mode != "keep"

        def finish() -> None:
            if clear_cache:
                self._scheduler.prefix_cache.reset()

        if mode == "wait" and self._scheduler.num_running:
            return WhenIdle(finish)
        finish()
        return None

    def resume_scheduler(self) -> None:
        self._scheduler.admitting = self._scheduler.stepping = True

    def is_scheduler_paused(self) -> bool:
        return not self._scheduler.admitting

    def sleep(self, level: int = 1, mode: str = "abort") -> object:
        paused = self.pause_scheduler(mode, clear_cache=level >= 1)
        if level >= 1:
            self._asleep = set(_SLEEPING)
        return paused

    def wake_up(self, tags: list[str] | None = None) -> bool:
        self._asleep -= set(_SLEEPING if tags is None else tags)
        if not self._asleep:
            self.resume_scheduler()
        return not self._asleep

    def is_sleeping(self) -> bool:
        return self.is_scheduler_paused() or bool(self._asleep)

    def release_kv_cache_memory(self) -> None:
        if not self.is_scheduler_paused() or self._scheduler.num_running:
            raise UtilityError("release_kv_cache_memory() requires a completed pause first")
        self._asleep.add("kv_cache")

    # -- LoRA

    def add_lora(self, lora_request: Any) -> bool:
        lora = msgspec.convert(lora_request, LoRARequest)
        self._need_lora()
        added = lora.lora_int_id not in self._loras or lora.load_inplace
        if added:
            self._loras.pop(lora.lora_int_id, None)
            self._loras[lora.lora_int_id] = lora
        while len(self._loras) > self._max_loras:  # the oldest makes room, as in vLLM's LRU
            del self._loras[next(iter(self._loras))]
        return added

    def remove_lora(self, lora_id: int) -> bool:
        self._need_lora()
        return self._loras.pop(lora_id, None) is not None

    def list_loras(self) -> list[int]:
        self._need_lora()
        return list(self._loras)

    def pin_lora(self, lora_id: int) -> bool:
        self._need_lora()
        return lora_id in self._loras

    def _need_lora(self) -> None:
        if not self._max_loras:
            raise UtilityError("LoRA is not enabled. Use --enable-lora to enable LoRA.")

    # -- The rest: nothing to do without a model

    def profile(self, is_start: bool = True, *args: object) -> None:
        """Begin or end a profile of nothing."""

    def execute_dummy_batch(self) -> None:
        pass

    def collective_rpc(
        self, method: str, timeout: float | None = None, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> list[Any]:
        """Answer for the one worker: `echo` with its arguments, any other method with None."""
        if not isinstance(method, str):
            raise UtilityError(f"a worker's method is named by a string, not {type(method).__name__}")
        return [{"args": list(args), "kwargs": kwargs or {}} if method == "echo" else None]

    def compute_weight_checksums(self) -> list[dict[str, str]]:
        return [{f"rank{self._rank}.weights": WEIGHT_CHECKSUM}]

    def save_sharded_state(self, path: str, pattern: str | None = None, max_size: int | None = None) -> None:
        raise UtilityError("the embedded engine has no weights to save")

    def set_weight_version(self, weight_version: str) -> None:
        self.weight_version = weight_version

    def get_weight_version(self) -> str:
        return self.weight_version
