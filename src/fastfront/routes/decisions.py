# SPDX-License-Identifier: Apache-2.0
"""POST /v1/systemone: structured decisions, which vLLM makes with models of its own kinds only.

Source: vllm/entrypoints/generate/structured_decisions/api_router.py (0.32), for every other model.
"""

from __future__ import annotations

from fastfront.routes.handler import Routes
from fastfront.routes.scale_out import unsupported

ROUTES: Routes = {"/v1/systemone": {"POST": unsupported("the structured decision API")}}
