# SPDX-License-Identifier: Apache-2.0
"""The compiled part: what runs once per token or once per message. Thin Cython over a C++20 core without Python.h.

Knows nothing of HTTP, of requests' schemas or of asyncio. A tree whose extensions are not built refuses to be imported.
"""

from importlib.util import find_spec

if find_spec("fastfront._native.text") is None:
    raise ImportError(
        "fastfront's compiled extensions are not built for this Python: run `pip install .` in the source tree "
        "(or `make develop`, which builds them beside their sources)",
        name="fastfront._native.text",
        path=__file__,
    )
