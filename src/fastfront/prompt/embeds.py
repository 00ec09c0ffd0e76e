# SPDX-License-Identifier: Apache-2.0
"""Prompts that come as embeddings instead of tokens: base64 of a tensor file to rows in the model's own type.

Source: vllm/renderers/embed_utils.py, vllm/utils/sparse_utils.py. The words of a refusal are vLLM's; only the reason
why a file cannot be read is ours. Thread-safe. Must not know requests.
"""

from __future__ import annotations

import math
import os
from typing import NamedTuple

from fastfront._native.tensor import cast_floats, decode_base64, float_width
from fastfront.errors import BadRequestError, validation_error
from fastfront.prompt.tensor_file import LoadedTensor, load_tensor
from fastfront.prompt.tensor_pickle import TensorFileError

MAX_DECODED_BYTES = int(os.environ.get("VLLM_MAX_EMBED_DECODE_BYTES", str(2**31)))
"""Of one tensor, as its shape tells; 0: any number."""

FIELD = "prompt_embeds"
_MIB = 1024**2


class EmbedsFormat(NamedTuple):
    """What the model takes."""

    hidden_size: int
    dtype: str
    """PyTorch's name: "bfloat16"."""


class PromptEmbeds(NamedTuple):
    """The rows of a prompt as the engine takes them, row by row, little-endian."""

    dtype: str
    rows: int
    hidden_size: int
    data: bytes
    is_token_ids: list[bool] | None = None
    """Which rows are token ids after all; None: none of them."""


class EmbedsMatrix(NamedTuple):
    """One tensor, checked but not yet cast: a row per token."""

    tensor: LoadedTensor
    dtype: str

    @property
    def rows(self) -> int:
        """How many tokens it stands for."""
        return self.tensor.shape[0]

    def cast(self, keep: slice = slice(None)) -> bytes:
        """Return the rows, or some of them one after the other, in the model's type."""
        start, stop, _ = keep.indices(self.rows)
        rows, columns = max(0, stop - start), self.tensor.shape[1]
        down, right = self.tensor.strides
        try:
            return cast_floats(
                self.tensor.storage,
                self.tensor.dtype,
                offset=self.tensor.offset + start * down if rows else 0,
                shape=(rows, columns),
                strides=(down, right),
                to=self.dtype,
            )
        except (ValueError, OverflowError):
            raise _unreadable("the tensor does not lie within its storage") from None


def read_embeds(text: str, accepted: EmbedsFormat | None) -> EmbedsMatrix:
    """Return the matrix that base64 of a tensor file holds. `accepted` None: this server takes none."""
    if accepted is None:
        raise validation_error("You must set `--enable-prompt-embeds` to input `prompt_embeds`.", parameter=FIELD)
    data = decode_base64(text)
    if data is None:
        raise BadRequestError("Non-base64 digit found")
    try:
        tensor = load_tensor(data)
    except TensorFileError as error:
        raise _unreadable(str(error)) from None
    if tensor is None:
        raise validation_error("`prompt_embeds` payload did not deserialize to a torch.Tensor.", parameter=FIELD)
    _check_size(tensor)
    return EmbedsMatrix(_as_matrix(tensor, accepted), accepted.dtype)


def _unreadable(reason: str) -> BadRequestError:
    return validation_error(f"`prompt_embeds` could not be deserialized as a torch tensor: {reason}", parameter=FIELD)


def _check_size(tensor: LoadedTensor) -> None:
    try:
        width = float_width(tensor.dtype)
    except ValueError:
        width = 1  # refused for its type
    size = math.prod(tensor.shape) * width
    if 0 < MAX_DECODED_BYTES < size:
        raise validation_error(
            f"`prompt_embeds` declares shape {tensor.shape}, which would allocate {size} bytes ({size / _MIB:.0f} MiB) "
            f"once densified, exceeding the {MAX_DECODED_BYTES} byte limit. Set VLLM_MAX_EMBED_DECODE_BYTES to "
            "increase this limit.",
            parameter=FIELD,
            value=size,
        )


def _as_matrix(tensor: LoadedTensor, accepted: EmbedsFormat) -> LoadedTensor:
    """Return the tensor without a first dimension of one, if it is what the model takes then."""
    if len(tensor.shape) > 2 and tensor.shape[0] == 1:
        tensor = tensor._replace(shape=tensor.shape[1:], strides=tensor.strides[1:])
    if len(tensor.shape) != 2:
        raise validation_error(
            f"`prompt_embeds` must be a 2D tensor of shape (num_tokens, hidden_size); got shape {tensor.shape}.",
            parameter=FIELD,
        )
    if tensor.shape[1] != accepted.hidden_size:
        raise validation_error(
            f"`prompt_embeds` hidden_size {tensor.shape[1]} does not match the model's hidden_size "
            f"{accepted.hidden_size}.",
            parameter=FIELD,
        )
    try:
        float_width(tensor.dtype)
    except ValueError:
        raise validation_error(
            f"`prompt_embeds` dtype torch.{tensor.dtype} is not a floating-point type, cannot safely cast to the "
            f"model's dtype torch.{accepted.dtype}.",
            parameter=FIELD,
        ) from None
    return tensor
