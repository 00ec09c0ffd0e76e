// SPDX-License-Identifier: Apache-2.0
#include "pieces.hpp"

namespace fastfront {

void Pieces::begin_call(std::uint32_t call, std::string_view name, std::string_view id) {
    pieces_.push_back({.kind = PieceKind::call_begin,
                       .call = call,
                       .begin = static_cast<std::uint32_t>(text_.size()),
                       .size = static_cast<std::uint32_t>(name.size()),
                       .id_size = static_cast<std::uint32_t>(id.size())});
    text_.append(name).append(id);
}

void Pieces::add(PieceKind kind, std::uint32_t call, std::string_view text, std::int64_t token) {
    if (text.empty()) {
        return;
    }
    if (!pieces_.empty() && token == kNoToken) {
        OutputPiece& last = pieces_.back();
        if (last.kind == kind && last.call == call && last.token == kNoToken) {
            last.size += static_cast<std::uint32_t>(text.size());
            text_.append(text);
            return;
        }
    }
    pieces_.push_back({.kind = kind,
                       .call = call,
                       .begin = static_cast<std::uint32_t>(text_.size()),
                       .size = static_cast<std::uint32_t>(text.size()),
                       .token = token});
    text_.append(text);
}

}  // namespace fastfront
