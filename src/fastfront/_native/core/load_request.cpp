// SPDX-License-Identifier: Apache-2.0
#include "load_request.hpp"

#include <algorithm>
#include <utility>

#include "json_writer.hpp"

namespace fastfront {

namespace {

/// Letters that differ from number to number.
void write_letters(char* out, std::uint64_t number) noexcept {
    std::uint64_t mixed = (number + 1) * 0x9e3779b97f4a7c15U;
    mixed ^= mixed >> 29;
    for (std::size_t i = 0; i < LoadBody::kMarkBytes; ++i) {
        out[i] = static_cast<char>('a' + mixed % 26);
        mixed /= 26;
    }
}

bool marks_are_inside(const LoadBody& body) noexcept {
    return std::ranges::all_of(body.marks, [&](std::size_t mark) {
        return body.bytes.size() >= LoadBody::kMarkBytes && mark <= body.bytes.size() - LoadBody::kMarkBytes;
    });
}

}  // namespace

LoadRequests::LoadRequests(std::string head, std::vector<LoadBody> bodies, std::uint64_t seed) noexcept
    : head_(std::move(head)), bodies_(std::move(bodies)), seed_(seed) {}

bool LoadRequests::valid() const noexcept { return !bodies_.empty() && std::ranges::all_of(bodies_, marks_are_inside); }

void LoadRequests::next(std::string& out) {
    const LoadBody& body = bodies_[static_cast<std::size_t>(count_ % bodies_.size())];
    out.assign(head_);
    append_json_int(out, body.bytes.size());
    out.append("\r\n\r\n");
    const std::size_t body_at = out.size();
    out.append(body.bytes);
    for (const std::size_t mark : body.marks) {
        write_letters(out.data() + body_at + mark, seed_ * 0x100000001b3U + count_);
    }
    ++count_;
}

}  // namespace fastfront
