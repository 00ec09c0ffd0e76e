# SPDX-License-Identifier: Apache-2.0
"""What the server tells about itself: Prometheus metrics under vLLM's names, in a registry of its own.

Embedded, nothing of the host's is touched: not prometheus_client's default registry, not its logging.
"""

from fastfront.telemetry.http import HttpMetrics
from fastfront.telemetry.metrics import Metrics

__all__ = ["HttpMetrics", "Metrics"]
