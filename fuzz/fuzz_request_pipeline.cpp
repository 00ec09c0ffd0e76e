// SPDX-License-Identifier: Apache-2.0
// Invariant: however a text is cut into steps, what is shown and where it stops is what a whole-text search gives, and
// its JSON escape reads back as the same bytes.
//
// The first bytes choose options and cuts, the next two stop strings, the rest is the text (7-bit: token = character).
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "json_writer.hpp"
#include "request_pipeline.hpp"

using namespace fastfront;

namespace {

/// Whole text, slowly: the earliest end of any stop string, looking from behind the exempt tokens on.
std::string expected(const std::string& text, const std::vector<std::string>& stops, bool include, std::size_t exempt,
                     std::size_t& tokens) {
    std::size_t best_begin = std::string::npos;
    std::size_t best_end = std::string::npos;
    for (const std::string& stop : stops) {
        for (std::size_t begin = 0; begin + stop.size() <= text.size(); ++begin) {
            const std::size_t end = begin + stop.size();
            if (end > exempt && text.compare(begin, stop.size(), stop) == 0 && end < best_end) {
                best_begin = begin;
                best_end = end;
            }
        }
    }
    tokens = std::min(best_end, text.size());
    return best_end == std::string::npos ? text : text.substr(0, include ? best_end : best_begin);
}

std::string unescape(const std::string& json) {
    std::string out;
    for (std::size_t i = 0; i < json.size(); ++i) {
        if (json[i] != '\\') {
            out.push_back(json[i]);
            continue;
        }
        const char kind = json[++i];
        const std::size_t simple = std::string("bfnrt\"\\").find(kind);
        if (simple != std::string::npos) {
            out.push_back("\b\f\n\r\t\"\\"[simple]);
        } else {
            out.push_back(static_cast<char>(std::stoi(json.substr(i + 1, 4), nullptr, 16)));
            i += 4;
        }
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 8) {
        return 0;
    }
    const bool include = (data[0] & 1) != 0;
    const bool whole = (data[0] & 2) != 0;
    const std::size_t min_tokens = data[1] % 12;
    const std::size_t step = 1 + data[2] % 5;
    // A small alphabet makes stop strings likely.
    std::string all;
    for (std::size_t i = 3; i < size; ++i) {
        all.push_back(static_cast<char>(data[i] % 7 == 6 ? data[i] & 0x7f : 'a' + data[i] % 3));
    }
    const std::size_t first = 1 + data[3] % 3;
    std::vector<std::string> stops{all.substr(0, first)};
    if (data[4] % 2 == 1) {
        stops.push_back(all.substr(first, 1 + data[4] % 4));
    }
    const std::string text = all.substr(std::min<std::size_t>(all.size(), 5));

    auto options = std::make_shared<PipelineOptions>();
    options->stops = StopMatcher(stops);
    options->include_stop_str_in_output = include;
    options->min_tokens = min_tokens;
    options->keep_all_text = whole;
    RequestPipeline pipeline(options, std::nullopt);
    std::string shown;
    bool over = false;
    for (std::size_t at = 0; at <= text.size() && !over; at += step) {
        std::vector<std::string> pieces;
        for (std::size_t i = at; i < std::min(at + step, text.size()); ++i) {
            pieces.emplace_back(1, text[i]);
        }
        const bool last = at + step > text.size();
        const PipelineStep result =
            pipeline.push_texts(pieces.size(), pieces, last ? FinishReason::length : FinishReason::none, {});
        shown += result.text;
        over = result.finish_reason != FinishReason::none;
        if (whole && !over && !result.text.empty()) {
            std::abort();
        }
    }
    std::size_t tokens = 0;
    if (shown != expected(text, stops, include, min_tokens, tokens) || pipeline.num_tokens() != tokens) {
        std::abort();
    }
    std::string json;
    append_json_escaped(json, shown);
    if (unescape(json) != shown) {
        std::abort();
    }
    return 0;
}
