// SPDX-License-Identifier: Apache-2.0
#include "spec_decode_metrics.hpp"

#include <string_view>
#include <vector>

#include "json_float.hpp"
#include "json_writer.hpp"
#include "msgpack_reader.hpp"

namespace fastfront {

namespace {

/// The same sums as Python's, whose integers have no end: these wrap instead of overflowing.
struct Drafting {
    std::int64_t num_spec_tokens = 0;
    std::int64_t num_draft_tokens = 0;
    std::vector<std::int64_t> histogram;  // by drafted tokens that were accepted
    std::vector<std::int64_t> per_step_accepted;
    std::vector<std::int64_t> per_step_drafted;

    [[nodiscard]] std::uint64_t steps() const noexcept {
        std::uint64_t sum = 0;
        for (const std::int64_t count : histogram) {
            sum += static_cast<std::uint64_t>(count);
        }
        return sum;
    }
    [[nodiscard]] std::uint64_t accepted() const noexcept {
        std::uint64_t sum = 0;
        for (std::size_t tokens = 0; tokens < histogram.size(); ++tokens) {
            sum += tokens * static_cast<std::uint64_t>(histogram[tokens]);
        }
        return sum;
    }
};

std::vector<std::int64_t> read_ints(MsgpackReader& reader) {
    std::vector<std::int64_t> values;
    if (reader.try_nil()) {
        return values;
    }
    const std::uint32_t count = reader.read_array();
    for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
        values.push_back(reader.read_int());
    }
    return values;
}

Drafting read(MsgpackReader& reader) {
    Drafting drafting;
    const std::uint32_t members = reader.read_map();
    for (std::uint32_t m = 0; m < members && reader.ok(); ++m) {
        const std::string_view key = reader.read_string();
        if (key == "num_spec_tokens") {
            drafting.num_spec_tokens = reader.read_int();
        } else if (key == "num_draft_tokens") {
            drafting.num_draft_tokens = reader.read_int();
        } else if (key == "histogram") {
            drafting.histogram = read_ints(reader);
        } else if (key == "per_step_accepted") {
            drafting.per_step_accepted = read_ints(reader);
        } else if (key == "per_step_drafted") {
            drafting.per_step_drafted = read_ints(reader);
        } else {
            reader.skip();
        }
    }
    return drafting;
}

void append_ints(std::string& out, const std::vector<std::int64_t>& values) {
    out.push_back('[');
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i != 0) {
            out.push_back(',');
        }
        append_json_int(out, values[i]);
    }
    out.push_back(']');
}

}  // namespace

void append_spec_decode_metrics(std::string& out, std::span<const std::uint8_t> msgpack, bool whole) {
    MsgpackReader reader(msgpack);
    const Drafting drafting = read(reader);
    if (!reader.ok()) {
        return;
    }
    const FloatStyle style = whole ? FloatStyle::python : FloatStyle::pydantic;
    const std::uint64_t steps = drafting.steps();
    const std::uint64_t accepted = drafting.accepted();
    const auto accepted_tokens = static_cast<double>(accepted);
    const std::int64_t drafted = drafting.num_draft_tokens;
    out.append(R"({"mean_acceptance_length":)");
    append_json_float(out, steps == 0 ? 1.0 : 1.0 + accepted_tokens / static_cast<double>(steps), style);
    out.append(R"(,"draft_acceptance_rate":)");
    append_json_float(out, drafted == 0 ? 0.0 : accepted_tokens / static_cast<double>(drafted), style);
    out.append(R"(,"acceptance_histogram":)");
    append_ints(out, drafting.histogram);
    out.append(R"(,"num_spec_steps":)");
    append_json_int(out, steps);
    out.append(R"(,"num_accepted_draft_tokens":)");
    append_json_int(out, accepted);
    out.append(R"(,"num_draft_tokens":)");
    append_json_int(out, drafted);
    out.append(R"(,"num_spec_tokens":)");
    append_json_int(out, drafting.num_spec_tokens);
    if (!drafting.per_step_accepted.empty()) {
        out.append(R"(,"per_step_accepted":)");
        append_ints(out, drafting.per_step_accepted);
        out.append(R"(,"per_step_drafted":)");
        append_ints(out, drafting.per_step_drafted);
    } else if (whole) {
        out.append(R"(,"per_step_accepted":null,"per_step_drafted":null)");
    }
    out.push_back('}');
}

}  // namespace fastfront
