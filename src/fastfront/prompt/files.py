# SPDX-License-Identifier: Apache-2.0
"""The few small files of a model that a frontend reads: where they are, and what is in them.

A model is a local directory or a Hugging Face id; of the latter only the files named here are fetched, never weights.
Must not know what the files mean.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from fastfront.errors import StartupError

TEMPLATE_DIRECTORY = "additional_chat_templates"
"""Where transformers keeps chat templates beside the default one, each in `<name>.jinja`."""

PATTERNS = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "processor_config.json",
    "preprocessor_config.json",
    f"{TEMPLATE_DIRECTORY}/*.jinja",
)


class ModelFiles:
    """The files of one model (or tokenizer), in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def open(cls, path_or_id: str, *, revision: str | None = None) -> ModelFiles:
        """Find the model: a directory as it is; anything else is an id, whose files come from the hub or its cache."""
        directory = Path(path_or_id).expanduser()
        if directory.is_dir():
            return cls(directory)
        if directory.exists():
            raise StartupError(f"{path_or_id} is a file. The model must be a directory or a Hugging Face id.")
        return cls(_fetch(path_or_id, revision))

    def path(self, name: str) -> Path | None:
        """Return where the file is, or None if the model has none of that name."""
        path = self.directory / name
        return path if path.is_file() else None

    def read_bytes(self, name: str) -> bytes | None:
        """Return the file's content, or None if there is no such file."""
        path = self.path(name)
        return None if path is None else path.read_bytes()

    def read_text(self, name: str) -> str | None:
        """Return the file's content as text with "\\n" line ends, or None if there is no such file."""
        path = self.path(name)
        return None if path is None else path.read_text(encoding="utf-8")

    def read_object(self, name: str) -> dict[str, Any]:
        """Return the JSON object in the file; an empty one if there is no such file."""
        content = self.read_bytes(name)
        if content is None:
            return {}
        try:
            value = msgspec.json.decode(content)
        except msgspec.DecodeError as error:
            raise StartupError(f"{self.directory / name} is not JSON: {error}") from None
        if not isinstance(value, dict):
            raise StartupError(f"{self.directory / name} must hold a JSON object.")
        return value

    def templates(self) -> dict[str, str]:
        """Return the additional chat templates by name."""
        found = sorted((self.directory / TEMPLATE_DIRECTORY).glob("*.jinja"))
        return {path.stem: path.read_text(encoding="utf-8") for path in found}


def _fetch(model_id: str, revision: str | None) -> Path:
    # huggingface_hub takes 0.3 s to import: only for those who need it.
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model_id, revision=revision, allow_patterns=list(PATTERNS)))
    except Exception as error:  # its errors have no common base: HTTP, validation, cache, offline mode
        raise StartupError(
            f"{model_id} is neither a directory nor could it be fetched from the Hugging Face hub: {error}"
        ) from error
