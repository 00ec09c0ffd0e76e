// SPDX-License-Identifier: Apache-2.0
#include "layout_gate.hpp"

#include <algorithm>

#include "py_text.hpp"

namespace fastfront {

void LayoutGate::text(std::string_view text, Pieces& out) {
    const std::size_t tail = holds() ? trailing_space(text) : 0;
    const std::string_view solid = text.substr(0, text.size() - tail);
    if (!solid.empty()) {
        if (is_blank_ || !held_.empty()) {  // of what is held, and of what this text begins with
            const std::size_t space = leading_space(solid);
            hold(solid.substr(0, space), out);
            out.add_content(held_);
            held_.clear();
            out.add_content(solid.substr(space));
        } else {
            out.add_content(solid);
        }
        is_blank_ = false;
    }
    if (tail == 0) return;
    if (holds()) {
        hold(text.substr(solid.size()), out);
    } else {
        out.add_content(text.substr(solid.size()));
    }
}

void LayoutGate::hold(std::string_view space, Pieces& out) {
    while (!space.empty()) {
        const std::size_t count = std::min(space.size(), kMaxHeld - held_.size());
        held_.append(space.substr(0, count));
        space.remove_prefix(count);
        if (held_.size() == kMaxHeld) {
            out.add_content(held_);
            held_.clear();
        }
    }
}

}  // namespace fastfront
