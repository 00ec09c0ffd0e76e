# SPDX-License-Identifier: Apache-2.0
"""The multimodal members of /inference/v1/generate: `features` and `content_parts`, their shape and the rules on them.

No model here takes media, so nothing is decoded: what these members come to for a model of text is in `refuse_media`.
Source: vllm/entrypoints/scale_out/token_in_token_out/protocol.py MultiModalFeatures, GenerateRequest (0.32).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from fastfront.errors import BadRequestError, SchemaError
from fastfront.protocol import lax
from fastfront.protocol.issues import Issues, Location
from fastfront.protocol.lax import INVALID, Fields

_MEDIA_PARTS = frozenset({"image_url", "audio_url", "video_url"})
"""Types of content parts that mean something; vLLM passes over all others."""


def _positive(value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any:
    number = lax.integer(value, location, issues, strict=strict)
    if number is INVALID or number > 0:
        return number
    issues.add("greater_than", location, "Input should be greater than 0", value, {"gt": 0})
    return INVALID


_RANGE = Fields({"offset": lax.bounded(lax.integer, ge=0), "length": _positive}, required={"offset", "length"})
_ITEMS = lax.nullable(lax.dict_of(lax.list_of(lax.nullable(lax.string))))

FEATURES = lax.nullable(
    Fields(
        {
            "mm_hashes": lax.dict_of(lax.list_of(lax.string)),
            "mm_placeholders": lax.dict_of(lax.list_of(_RANGE)),
            "kwargs_data": _ITEMS,
            "mm_metadata": _ITEMS,
        },
        required={"mm_hashes", "mm_placeholders"},
    )
)
"""Checks the member `features`."""


def verify_features(
    features: Mapping[str, Any] | None,
    content_parts: Sequence[Any] | None,
    ec_transfer_params: Mapping[str, Any] | None,
    prompt_length: int,
) -> None:
    """Raise for features that contradict each other or the prompt, in pydantic's order."""
    if features is None:
        return
    _verify_parallel(features)
    if content_parts:
        raise _value_error("body", "content_parts and features are mutually exclusive")
    if not ec_transfer_params and _has_metadata_alone(features):
        raise _value_error("body", "metadata-only multimodal items require ec_transfer_params")
    for ranges in features["mm_placeholders"].values():
        if any(each["offset"] + each["length"] > prompt_length for each in ranges):
            raise _value_error("body", "mm_placeholders must remain within the token_ids sequence")


def _verify_parallel(features: Mapping[str, Any]) -> None:
    hashes, placeholders = features["mm_hashes"], features["mm_placeholders"]
    kwargs_data, metadata = features.get("kwargs_data"), features.get("mm_metadata")
    path = "body.features"
    if placeholders.keys() != hashes.keys():
        raise _value_error(path, "mm_hashes and mm_placeholders must use the same modalities")
    if kwargs_data is not None and kwargs_data.keys() != hashes.keys():
        raise _value_error(path, "kwargs_data must use the same modalities as mm_hashes")
    if metadata is not None and metadata.keys() != hashes.keys():
        raise _value_error(path, "mm_metadata must use the same modalities as mm_hashes")
    for modality, items in hashes.items():
        if len(items) != len(placeholders[modality]):
            raise _value_error(path, f"{modality} mm_hashes and mm_placeholders must have the same length")
        if kwargs_data is not None and len(kwargs_data[modality]) != len(items):
            raise _value_error(path, f"{modality} kwargs_data and mm_hashes must have the same length")
    spans = sorted((each["offset"], each["offset"] + each["length"]) for of in placeholders.values() for each in of)
    if any(begin < end for (_, end), (begin, _) in itertools.pairwise(spans)):
        raise _value_error(path, "mm_placeholders must be globally non-overlapping and sorted")


def _has_metadata_alone(features: Mapping[str, Any]) -> bool:
    kwargs_data = features.get("kwargs_data") or {}
    for modality, items in (features.get("mm_metadata") or {}).items():
        others = kwargs_data.get(modality) or [None] * len(items)
        if any(item is not None and other is None for item, other in zip(items, others, strict=False)):
            return True
    return False


def _value_error(path: str, message: str) -> SchemaError:
    return SchemaError(f"Value error, {message}", param=path)


def refuse_media(
    features: Mapping[str, Any] | None, content_parts: Sequence[Mapping[str, Any]] | None, model_name: str
) -> None:
    """Raise what vLLM says of media to a model of text. Features without items and parts of other types are none."""
    if any(part.get("type") in _MEDIA_PARTS for part in content_parts or ()):
        raise BadRequestError(f"{model_name} is not a multimodal model")
    for modality, ranges in ({} if features is None else features["mm_placeholders"]).items():
        for each in ranges:
            raise BadRequestError(
                f"The decoder prompt contains a(n) {modality} item with {each['length']} embedding tokens, which "
                "exceeds the pre-allocated encoder cache size 0. Please reduce the input size or increase the encoder "
                "cache size by setting --limit-mm-per-prompt at startup."
            )
