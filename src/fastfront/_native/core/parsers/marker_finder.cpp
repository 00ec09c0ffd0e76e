// SPDX-License-Identifier: Apache-2.0
#include "marker_finder.hpp"

#include <algorithm>
#include <cstring>

namespace fastfront {

MarkerFinder::MarkerFinder(std::span<const Marker> markers) noexcept : markers_(markers) {
    for (const Marker& marker : markers) {
        if (std::find(first_, first_ + firsts_, marker.text.front()) == first_ + firsts_ && firsts_ < sizeof first_) {
            first_[firsts_++] = marker.text.front();
        }
    }
}

std::size_t MarkerFinder::candidate(std::string_view text, std::size_t from) const noexcept {
    std::size_t best = text.size();
    for (std::size_t i = 0; i < firsts_ && from < best; ++i) {
        const void* found = std::memchr(text.data() + from, first_[i], best - from);
        if (found != nullptr) best = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    }
    return best;
}

FoundMarker MarkerFinder::find(std::string_view text) const noexcept {
    for (std::size_t at = candidate(text, 0); at < text.size(); at = candidate(text, at + 1)) {
        const std::string_view rest = text.substr(at);
        FoundMarker found{at};
        std::size_t longest = 0;
        bool may_grow = false;
        for (std::size_t i = 0; i < markers_.size(); ++i) {
            if (rest.starts_with(markers_[i].text)) {
                if (markers_[i].text.size() > longest) {
                    longest = markers_[i].text.size();
                    found.index = i;
                }
            } else if (markers_[i].text.starts_with(rest)) {
                may_grow = true;
            }
        }
        if (may_grow) return FoundMarker{at};
        if (longest > 0) return found;
    }
    return FoundMarker{text.size()};
}

}  // namespace fastfront
