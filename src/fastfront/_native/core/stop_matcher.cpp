// SPDX-License-Identifier: Apache-2.0
#include "stop_matcher.hpp"

#include <algorithm>

namespace fastfront {

namespace {

std::size_t count_chars(std::string_view utf8) noexcept {
    return static_cast<std::size_t>(
        std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

StopMatcher::StopMatcher(std::vector<std::string> stops) : stops_(std::move(stops)) {
    for (const std::string& stop : stops_) {
        if (!stop.empty()) {  // the request's validation refuses "", this only keeps the arithmetic safe
            hold_back_chars_ = std::max(hold_back_chars_, count_chars(stop) - 1);
            context_bytes_ = std::max(context_bytes_, stop.size() - 1);
        }
    }
}

std::optional<StopMatch> StopMatcher::find(std::string_view text, std::size_t new_begin) const noexcept {
    std::optional<StopMatch> best;
    if (new_begin >= text.size()) {
        return best;
    }
    for (std::size_t i = 0; i < stops_.size(); ++i) {
        const std::string& stop = stops_[i];
        if (stop.empty()) {
            continue;
        }
        const std::size_t from = new_begin + 1 > stop.size() ? new_begin + 1 - stop.size() : 0;
        const std::size_t begin = text.find(stop, from);
        if (begin != std::string_view::npos && (!best || begin + stop.size() < best->end)) {
            best = StopMatch{i, begin, begin + stop.size()};
        }
    }
    return best;
}

}  // namespace fastfront
