// SPDX-License-Identifier: Apache-2.0
// Decodes one EngineCoreOutputs message (vllm/v1/engine/__init__.py, 0.32; array_like msgspec structs) into plain
// structs. Knows the wire layout and nothing of requests. Trailing fields may be absent and more may be appended by a
// later release: both are read. The buffers are reused from message to message.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "error.hpp"
#include "msgpack_reader.hpp"
#include "scheduler_stats.hpp"
#include "wire_array.hpp"

namespace fastfront {

/// vLLM's FinishReason; `none` while the request runs.
enum class FinishReason : std::int8_t { none = -1, stop = 0, length = 1, abort = 2, error = 3, repetition = 4 };

inline constexpr std::size_t kFinishReasonCount = 5;

/// vLLM's name of a finish reason; "" for none.
[[nodiscard]] std::string_view name_of(FinishReason reason) noexcept;

/// What made a request stop: nothing to tell (EOS), a stop token id, or a stop string.
struct StopReason {
    enum class Kind : std::uint8_t { none, token, text } kind = Kind::none;
    std::int64_t token = 0;
    std::string_view text = {};  // lives as long as the message or the request's options
};

struct PrefillStats {
    std::int64_t num_prompt_tokens = 0;
    std::int64_t num_computed_tokens = 0;
    std::int64_t num_cached_tokens = 0;
    std::int64_t num_local_cached_tokens = 0;
    std::int64_t num_external_cached_tokens = 0;
    std::int64_t num_cache_creation_tokens = 0;
};

/// vLLM's LogprobsLists and LogprobsTensors: a row per position, the sampled (or prompt's) token first, then others.
struct LogprobRows {
    WireArray token_ids;  // [rows, columns]
    WireArray logprobs;   // [rows, columns]
    WireArray ranks;      // [rows]: of the first token, from 1

    [[nodiscard]] bool empty() const noexcept { return token_ids.empty(); }
    [[nodiscard]] std::size_t rows() const noexcept { return token_ids.shape[0]; }
    [[nodiscard]] std::size_t columns() const noexcept { return token_ids.shape[1]; }
};

/// What few outputs carry: only for requests that asked for it.
struct OutputExtras {
    LogprobRows logprobs;         // of new_token_ids
    LogprobRows prompt_logprobs;  // of the prompt's tokens but the first
    WireArray routed_experts;
    std::span<const std::uint8_t> kv_transfer_params;  // raw MessagePack; empty = none
    std::span<const std::uint8_t> ec_transfer_params;
    std::span<const std::uint8_t> spec_decode_metrics;
};

struct EngineCoreOutput {
    std::uint64_t request_id = 0;   // our wire ids are 16 hex digits
    bool ours = false;              // false: an id of another form, to be dropped
    std::uint32_t token_begin = 0;  // into EngineCoreOutputs::token_ids
    std::uint32_t token_count = 0;
    FinishReason finish_reason = FinishReason::none;
    StopReason stop_reason;
    double queued_at = 0.0;  // engine's monotonic clock; 0 = no such event
    double scheduled_at = 0.0;
    std::uint32_t preemptions = 0;
    bool corrupted = false;  // NaNs in its logits
    bool has_prefill_stats = false;
    PrefillStats prefill_stats;
    std::uint32_t extras = 0;  // 1 + index into EngineCoreOutputs::extras; 0 = none
};

class EngineCoreOutputs {
  public:
    std::int64_t engine_index = 0;
    double timestamp = 0.0;  // engine's monotonic clock
    std::vector<EngineCoreOutput> outputs;
    std::vector<std::uint32_t> token_ids;
    bool has_scheduler_stats = false;
    SchedulerStats scheduler_stats;
    std::span<const std::uint8_t> utility_output;  // raw msgpack of a UtilityOutput; empty = none
    bool has_wave_control = false;                 // wave_complete or start_wave is set (data parallel)

    std::vector<OutputExtras> extras;

    /// Decode a message's first frame, with the frames behind it; views in the result point into them. On an error the
    /// contents are unspecified.
    [[nodiscard]] Errc decode(std::span<const std::uint8_t> bytes, AuxFrames aux = {}) noexcept;

    [[nodiscard]] std::span<const std::uint32_t> tokens_of(const EngineCoreOutput& output) const noexcept {
        return {token_ids.data() + output.token_begin, output.token_count};
    }
    /// What an output carries besides; null for nearly all.
    [[nodiscard]] const OutputExtras* extras_of(const EngineCoreOutput& output) const noexcept {
        return output.extras == 0 ? nullptr : &extras[output.extras - 1];
    }

  private:
    void decode_output(MsgpackReader& reader, AuxFrames aux) noexcept;
    [[nodiscard]] OutputExtras& extras_for(EngineCoreOutput& output) noexcept;
    void decode_events(MsgpackReader& reader, EngineCoreOutput& output) noexcept;
    void decode_prefill_stats(MsgpackReader& reader, EngineCoreOutput& output) noexcept;
};

/// Parse a wire id (exactly 16 lower-case hex digits).
[[nodiscard]] std::optional<std::uint64_t> parse_wire_id(std::string_view text) noexcept;

}  // namespace fastfront
