// SPDX-License-Identifier: Apache-2.0
// How well an engine drafted one answer, as its `metrics.speculative_decoding` tells it: reads the engine's
// RequestSpecDecodeMetrics (a dataclass, so a map) and writes what its to_dict() makes of it.
// Source: vllm/v1/metrics/stats.py, vllm/entrypoints/generate/base/protocol.py (0.32). Knows no answer.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace fastfront {

/// Append it as a JSON object; `whole`: null members are there. Appends nothing where the bytes are no such map.
void append_spec_decode_metrics(std::string& out, std::span<const std::uint8_t> msgpack, bool whole);

}  // namespace fastfront
