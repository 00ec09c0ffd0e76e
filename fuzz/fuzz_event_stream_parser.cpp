// SPDX-License-Identifier: Apache-2.0
// Invariant: the events are those that a slow reader finds, which splits the whole text into lines first, and they are
// the same however the bytes were cut.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "event_stream_parser.hpp"

namespace {

using Events = std::vector<std::string>;

/// By the specification's words: lines, then fields, then events.
Events reference(std::string_view bytes) {
    std::vector<std::string> lines;
    std::string line;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (bytes[i] != '\n' && bytes[i] != '\r') {
            line.push_back(bytes[i]);
            continue;
        }
        if (bytes[i] == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n') {
            ++i;
        }
        lines.push_back(line);
        line.clear();
    }
    Events events;
    std::vector<std::string> data;
    for (const std::string& one : lines) {
        if (one.empty()) {
            if (!data.empty()) {
                std::string joined = data.front();
                for (std::size_t i = 1; i < data.size(); ++i) {
                    joined += "\n" + data[i];
                }
                events.push_back(joined);
                data.clear();
            }
        } else if (const auto colon = one.find(':'); one.substr(0, colon) == "data") {
            std::string value = colon == std::string::npos ? "" : one.substr(colon + 1);
            data.push_back(!value.empty() && value.front() == ' ' ? value.substr(1) : value);
        }
    }
    return events;
}

Events read(std::string_view bytes, std::size_t step) {
    fastfront::EventStreamParser parser;
    Events events;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        const std::string piece(bytes.substr(at, step));
        std::string_view input = piece;
        std::string_view data;
        while (parser.next(input, data)) {
            events.emplace_back(data);
        }
        if (parser.failed() || !input.empty()) {
            std::abort();  // nothing here is longer than the bound
        }
    }
    return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const Events expected = reference(bytes);
    for (const std::size_t step : {size + 1, std::size_t{1}, std::size_t{2}, std::size_t{5}}) {
        if (read(bytes, step) != expected) {
            std::abort();
        }
    }
    return 0;
}
