# SPDX-License-Identifier: Apache-2.0
"""Media in /inference/v1/generate: the rules on them, and what a model of text answers."""

from __future__ import annotations

from typing import Any

import pytest

from fastfront.errors import BadRequestError, SchemaError
from fastfront.protocol.features import FEATURES, refuse_media, verify_features
from fastfront.protocol.issues import Issues

RANGE = {"offset": 1, "length": 2}
ONE: dict[str, Any] = {"mm_hashes": {"image": ["h"]}, "mm_placeholders": {"image": [RANGE]}}
TWO: dict[str, Any] = {
    "mm_hashes": {"image": ["h"], "audio": ["g"]},
    "mm_placeholders": {"image": [RANGE], "audio": [{"offset": 3, "length": 1}]},
}


@pytest.mark.parametrize(
    ("features", "path"),
    [
        (5, "body"),
        ({"mm_hashes": {}}, "body.mm_placeholders"),
        ({**ONE, "mm_hashes": {"image": [5]}}, "body.mm_hashes.image.0"),
        ({**ONE, "mm_placeholders": {"image": [{"offset": -1, "length": 1}]}}, "body.mm_placeholders.image.0.offset"),
        ({**ONE, "mm_placeholders": {"image": [{"offset": 0, "length": 0}]}}, "body.mm_placeholders.image.0.length"),
        ({**ONE, "kwargs_data": {"image": [5]}}, "body.kwargs_data.image.0"),
    ],
)
def test_shapes_are_checked(features: Any, path: str) -> None:
    """The first issue names the place."""
    issues = Issues()
    FEATURES(features, (), issues)
    assert issues.param == path


@pytest.mark.parametrize("features", [None, ONE, TWO, {"mm_hashes": {}, "mm_placeholders": {}}])
def test_good_features_pass(features: Any) -> None:
    """As they come out of the check."""
    issues = Issues()
    assert FEATURES(features, (), issues) == features
    verify_features(features, None, None, 4)


@pytest.mark.parametrize(
    ("features", "words"),
    [
        ({**ONE, "mm_placeholders": {}}, "mm_hashes and mm_placeholders must use the same modalities"),
        ({**ONE, "kwargs_data": {}}, "kwargs_data must use the same modalities as mm_hashes"),
        ({**ONE, "mm_metadata": {"audio": []}}, "mm_metadata must use the same modalities as mm_hashes"),
        ({**ONE, "mm_hashes": {"image": []}}, "image mm_hashes and mm_placeholders must have the same length"),
        ({**ONE, "kwargs_data": {"image": []}}, "image kwargs_data and mm_hashes must have the same length"),
        (
            {**TWO, "mm_placeholders": {"image": [RANGE], "audio": [RANGE]}},
            "mm_placeholders must be globally non-overlapping and sorted",
        ),
        ({**ONE, "mm_metadata": {"image": ["x"]}}, "metadata-only multimodal items require ec_transfer_params"),
        ({**ONE, "mm_placeholders": {"image": [{"offset": 3, "length": 2}]}}, "must remain within the token_ids"),
    ],
)
def test_contradictions_are_refused(features: Any, words: str) -> None:
    """In vLLM's words."""
    with pytest.raises(SchemaError, match=words):
        verify_features(features, None, None, 4)


def test_metadata_is_enough_where_embeddings_come_from_elsewhere() -> None:
    """Another engine has encoded the item, or its data is there too."""
    metadata = {**ONE, "mm_metadata": {"image": ["x"]}}
    verify_features(metadata, None, {"a": 1}, 4)
    verify_features({**metadata, "kwargs_data": {"image": ["y"]}}, None, None, 4)
    with pytest.raises(SchemaError, match="require ec_transfer_params"):
        verify_features({**metadata, "kwargs_data": {"image": [None]}}, None, None, 4)


def test_features_and_parts_are_not_for_one_request() -> None:
    """Even where neither has an item."""
    with pytest.raises(SchemaError, match="content_parts and features are mutually exclusive"):
        verify_features({"mm_hashes": {}, "mm_placeholders": {}}, [{"type": "x"}], None, 4)


def test_a_model_of_text_takes_no_media() -> None:
    """What has no item, or is of no known type, is none."""
    refuse_media(None, None, "m")
    refuse_media({"mm_hashes": {}, "mm_placeholders": {"image": []}}, [{"type": "text"}, {}], "m")
    with pytest.raises(BadRequestError, match="m is not a multimodal model"):
        refuse_media(None, [{"type": "image_url"}], "m")
    with pytest.raises(BadRequestError, match=r"a\(n\) image item with 2 embedding tokens, which exceeds"):
        refuse_media(ONE, None, "m")
