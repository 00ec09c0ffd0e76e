// SPDX-License-Identifier: Apache-2.0
#include "engine_outputs.hpp"

namespace fastfront {

namespace {

/// Positions in the EngineCoreOutput array.
enum OutputField : std::uint32_t {
    kRequestId,
    kNewTokenIds,
    kNewLogprobs,
    kNewPromptLogprobs,
    kPoolingOutput,
    kFinishReason,
    kStopReason,
    kEvents,
    kKvTransferParams,
    kEcTransferParams,
    kTraceHeaders,
    kPrefillStats,
    kRoutedExperts,
    kNumNansInLogits,
    kMmCacheMissHashes,
    kNewSamplingMask,
    kSpecDecodeMetrics,
};

/// Positions in the EngineCoreOutputs array.
enum MessageField : std::uint32_t {
    kEngineIndex,
    kOutputs,
    kSchedulerStats,
    kTimestamp,
    kUtilityOutput,
    kFinishedRequests,
    kWaveComplete,
    kStartWave,
};

/// vLLM's EngineCoreEventType.
enum EventType : std::int64_t { kQueued = 1, kScheduled = 2, kPreempted = 3 };

/// An integer member that may be nil.
std::int64_t int_or_zero(MsgpackReader& reader) noexcept { return reader.try_nil() ? 0 : reader.read_int(); }

/// LogprobsLists or LogprobsTensors: three arrays, then members that only the engine's own side reads.
LogprobRows read_logprob_rows(MsgpackReader& reader, AuxFrames aux) noexcept {
    LogprobRows rows;
    const std::uint32_t members = reader.read_array();
    if (members < 3) {
        reader.refuse(Errc::wrong_type);
        return {};
    }
    rows.token_ids = read_wire_array(reader, aux);
    rows.logprobs = read_wire_array(reader, aux);
    rows.ranks = read_wire_array(reader, aux);
    for (std::uint32_t i = 3; i < members && reader.ok(); ++i) {
        reader.skip();
    }
    if (!reader.ok()) {
        return {};
    }
    const auto is_integer = [](const WireArray& array) {
        return array.type == WireArray::Type::int32 || array.type == WireArray::Type::int64;
    };
    const bool is_real =
        rows.logprobs.type == WireArray::Type::float32 || rows.logprobs.type == WireArray::Type::float64;
    if (!is_integer(rows.token_ids) || !is_integer(rows.ranks) || !is_real || rows.token_ids.dimensions != 2 ||
        rows.logprobs.dimensions != 2 || rows.ranks.dimensions != 1 || rows.token_ids.shape != rows.logprobs.shape ||
        rows.ranks.shape[0] != rows.token_ids.shape[0]) {
        reader.refuse(Errc::wrong_type);
        return {};
    }
    return rows;
}

std::span<const std::uint8_t> read_raw(MsgpackReader& reader) noexcept {
    const std::size_t start = reader.position();
    reader.skip();
    return reader.bytes_since(start);
}

}  // namespace

std::string_view name_of(FinishReason reason) noexcept {
    switch (reason) {
        case FinishReason::stop: return "stop";
        case FinishReason::length: return "length";
        case FinishReason::abort: return "abort";
        case FinishReason::error: return "error";
        case FinishReason::repetition: return "repetition";
        case FinishReason::none: break;
    }
    return "";
}

std::optional<std::uint64_t> parse_wire_id(std::string_view text) noexcept {
    if (text.size() != 16) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    for (const char c : text) {
        std::uint64_t digit = 0;
        if (c >= '0' && c <= '9') {
            digit = static_cast<std::uint64_t>(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            digit = static_cast<std::uint64_t>(c - 'a' + 10);
        } else {
            return std::nullopt;
        }
        value = (value << 4) | digit;
    }
    return value;
}

Errc EngineCoreOutputs::decode(std::span<const std::uint8_t> bytes, AuxFrames aux) noexcept {
    outputs.clear();
    extras.clear();
    token_ids.clear();
    engine_index = 0;
    timestamp = 0.0;
    has_scheduler_stats = false;
    utility_output = {};
    has_wave_control = false;

    MsgpackReader reader(bytes);
    const std::uint32_t fields = reader.read_array();
    for (std::uint32_t field = 0; field < fields && reader.ok(); ++field) {
        switch (field) {
            case kEngineIndex: engine_index = reader.read_int(); break;
            case kOutputs: {
                const std::uint32_t count = reader.read_array();
                for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
                    decode_output(reader, aux);
                }
                break;
            }
            case kSchedulerStats:
                if (!reader.try_nil()) {
                    scheduler_stats.decode(reader);
                    has_scheduler_stats = true;
                }
                break;
            case kTimestamp: timestamp = reader.read_double(); break;
            case kUtilityOutput:
                if (!reader.try_nil()) {
                    utility_output = read_raw(reader);
                }
                break;
            case kWaveComplete:
            case kStartWave:
                if (!reader.try_nil()) {
                    reader.skip();
                    has_wave_control = true;
                }
                break;
            default: reader.skip(); break;
        }
    }
    return reader.error();
}

OutputExtras& EngineCoreOutputs::extras_for(EngineCoreOutput& output) noexcept {
    if (output.extras == 0) {
        extras.emplace_back();
        output.extras = static_cast<std::uint32_t>(extras.size());
    }
    return extras[output.extras - 1];
}

void EngineCoreOutputs::decode_output(MsgpackReader& reader, AuxFrames aux) noexcept {
    EngineCoreOutput& output = outputs.emplace_back();
    const std::uint32_t fields = reader.read_array();
    for (std::uint32_t field = 0; field < fields && reader.ok(); ++field) {
        switch (field) {
            case kRequestId: {
                const auto id = parse_wire_id(reader.read_string());
                output.ours = id.has_value();
                output.request_id = id.value_or(0);
                break;
            }
            case kNewTokenIds: {
                output.token_begin = static_cast<std::uint32_t>(token_ids.size());
                output.token_count = reader.read_array();
                for (std::uint32_t i = 0; i < output.token_count; ++i) {
                    token_ids.push_back(reader.read_token_id());
                }
                break;
            }
            case kNewLogprobs:
                if (!reader.try_nil()) {
                    extras_for(output).logprobs = read_logprob_rows(reader, aux);
                }
                break;
            case kNewPromptLogprobs:
                if (!reader.try_nil()) {
                    extras_for(output).prompt_logprobs = read_logprob_rows(reader, aux);
                }
                break;
            case kKvTransferParams:
                if (!reader.try_nil()) {
                    extras_for(output).kv_transfer_params = read_raw(reader);
                }
                break;
            case kEcTransferParams:
                if (!reader.try_nil()) {
                    extras_for(output).ec_transfer_params = read_raw(reader);
                }
                break;
            case kSpecDecodeMetrics:
                if (!reader.try_nil()) {
                    extras_for(output).spec_decode_metrics = read_raw(reader);
                }
                break;
            case kRoutedExperts:
                if (!reader.try_nil()) {
                    extras_for(output).routed_experts = read_wire_array(reader, aux);
                }
                break;
            case kFinishReason:
                if (!reader.try_nil()) {
                    const std::int64_t code = reader.read_int();
                    // A reason that a later release adds still means that the request is over.
                    output.finish_reason = code >= 0 && code < static_cast<std::int64_t>(kFinishReasonCount)
                                               ? static_cast<FinishReason>(code)
                                               : FinishReason::stop;
                }
                break;
            case kStopReason:
                if (reader.next_is_string()) {
                    output.stop_reason.kind = StopReason::Kind::text;
                    output.stop_reason.text = reader.read_string();
                } else if (!reader.try_nil()) {
                    output.stop_reason.kind = StopReason::Kind::token;
                    output.stop_reason.token = reader.read_int();
                }
                break;
            case kEvents:
                if (!reader.try_nil()) {
                    decode_events(reader, output);
                }
                break;
            case kPrefillStats:
                if (!reader.try_nil()) {
                    decode_prefill_stats(reader, output);
                }
                break;
            case kNumNansInLogits: output.corrupted = int_or_zero(reader) > 0; break;
            default: reader.skip(); break;
        }
    }
}

void EngineCoreOutputs::decode_events(MsgpackReader& reader, EngineCoreOutput& output) noexcept {
    const std::uint32_t count = reader.read_array();
    for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
        std::int64_t type = 0;
        double at = 0.0;
        const std::uint32_t members = reader.read_map();
        for (std::uint32_t m = 0; m < members && reader.ok(); ++m) {
            const std::string_view key = reader.read_string();
            if (key == "type") {
                type = reader.read_int();
            } else if (key == "timestamp") {
                at = reader.read_double();
            } else {
                reader.skip();
            }
        }
        if (type == kQueued) {
            output.queued_at = at;
        } else if (type == kScheduled) {
            // The first one counts: later ones follow a preemption.
            output.scheduled_at = output.scheduled_at == 0.0 ? at : output.scheduled_at;
        } else if (type == kPreempted) {
            ++output.preemptions;
        }
    }
}

void EngineCoreOutputs::decode_prefill_stats(MsgpackReader& reader, EngineCoreOutput& output) noexcept {
    output.has_prefill_stats = true;
    PrefillStats& stats = output.prefill_stats;
    const std::uint32_t members = reader.read_map();
    for (std::uint32_t m = 0; m < members && reader.ok(); ++m) {
        const std::string_view key = reader.read_string();
        if (key == "num_prompt_tokens") {
            stats.num_prompt_tokens = int_or_zero(reader);
        } else if (key == "num_computed_tokens") {
            stats.num_computed_tokens = int_or_zero(reader);
        } else if (key == "num_cached_tokens") {
            stats.num_cached_tokens = int_or_zero(reader);
        } else if (key == "num_local_cached_tokens") {
            stats.num_local_cached_tokens = int_or_zero(reader);
        } else if (key == "num_external_cached_tokens") {
            stats.num_external_cached_tokens = int_or_zero(reader);
        } else if (key == "num_cache_creation_tokens") {
            stats.num_cache_creation_tokens = int_or_zero(reader);
        } else {
            reader.skip();
        }
    }
}

}  // namespace fastfront
