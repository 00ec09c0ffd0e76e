// SPDX-License-Identifier: Apache-2.0
#include "marker_scanner.hpp"

#include <bit>
#include <cstring>

namespace fastfront {

std::size_t MarkerScanner::next_first_byte(std::string_view text, std::size_t from, Set active) const noexcept {
    std::size_t nearest = text.size();
    char looked_for = '\0';
    for (Set rest = active; rest != 0; rest &= rest - 1) {
        const char first = markers_[static_cast<std::size_t>(std::countr_zero(rest))].front();
        if (first == looked_for) continue;  // most formats have one first byte: `<`
        looked_for = first;
        const void* found = std::memchr(text.data() + from, first, nearest - from);
        if (found != nullptr) nearest = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    }
    return nearest == text.size() ? std::string_view::npos : nearest;
}

MarkerScanner::Found MarkerScanner::find(std::string_view text, std::size_t from, Set active,
                                         bool last) const noexcept {
    if (active == 0) return {.begin = text.size()};
    while (from < text.size()) {
        const std::size_t at = next_first_byte(text, from, active);
        if (at == std::string_view::npos) break;
        const std::string_view rest = text.substr(at);
        Found best{.begin = at};
        bool longer = false;
        for (Set set = active; set != 0; set &= set - 1) {
            const auto index = static_cast<std::uint32_t>(std::countr_zero(set));
            const std::string_view marker = markers_[index];
            if (rest.starts_with(marker)) {
                if (marker.size() > best.size) best = {What::marker, at, marker.size(), index};
            } else if (!last && marker.starts_with(rest)) {
                longer = true;
            }
        }
        if (longer) return {.what = What::maybe, .begin = at};
        if (best.what == What::marker) return best;
        from = at + 1;
    }
    return {.begin = text.size()};
}

}  // namespace fastfront
