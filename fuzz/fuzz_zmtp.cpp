// SPDX-License-Identifier: Apache-2.0
// Invariant: what the ZMTP decoder makes of bytes does not depend on the pieces in which they come; frames lie within
// the input, and an unfinished step always wants more than there is.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "zmtp.hpp"

namespace {

using fastfront::zmtp::Decoder;
using fastfront::zmtp::SocketType;

constexpr std::size_t kLimit = 300;

/// What comes out when the bytes come in pieces of `size`, as text.
std::string decode(SocketType own, const std::vector<std::uint8_t>& bytes, std::size_t size) {
    Decoder decoder(own, kLimit);
    std::string seen;
    std::size_t begin = 0;
    for (std::size_t end = 0; end < bytes.size();) {
        end = std::min(bytes.size(), end + size);
        while (true) {
            // A copy of exact size lets a sanitizer see a read behind the end.
            const std::vector<std::uint8_t> held(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                                                 bytes.begin() + static_cast<std::ptrdiff_t>(end));
            const auto step = decoder.next(held);
            const bool inside = step.body.empty() || (step.body.data() >= held.data() &&
                                                      step.body.data() + step.body.size() <= held.data() + held.size());
            if (step.consumed > held.size() || !inside || step.body.size() > kLimit) {
                std::abort();
            }
            begin += step.consumed;
            if (step.event == Decoder::Event::incomplete) {
                if (step.wanted <= held.size() - step.consumed) {
                    std::abort();
                }
                break;
            }
            seen.push_back(static_cast<char>('0' + static_cast<int>(step.event)));
            if (step.event == Decoder::Event::failed) {
                return seen.append(decoder.failure());
            }
            seen.append(step.body.begin(), step.body.end()).push_back('.');
            auto rest = step.rest;
            if (!rest.empty() && (rest.data() < held.data() || rest.data() + rest.size() > held.data() + held.size())) {
                std::abort();
            }
            for (std::span<const std::uint8_t> part; fastfront::zmtp::next_part(rest, part);) {
                seen.append(part.begin(), part.end()).push_back('+');
            }
            if (!rest.empty()) {
                std::abort();
            }
        }
    }
    return seen.append(decoder.identity());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const SocketType own = (data[0] & 1) != 0 ? SocketType::router : SocketType::pull;
    std::vector<std::uint8_t> bytes;
    if ((data[0] & 2) != 0) {
        // Few mutations find the way through a greeting: put one in front, and READY, too.
        std::string hello;
        fastfront::zmtp::append_greeting(hello);
        if ((data[0] & 4) != 0) {
            const std::string type = own == SocketType::router ? "DEALER" : "PUSH";
            const std::string body =
                std::string("\5READY\13Socket-Type\0\0\0", 21) + static_cast<char>(type.size()) + type;
            hello.append({'\4', static_cast<char>(body.size())}).append(body);
        }
        bytes.assign(hello.begin(), hello.end());
    }
    bytes.insert(bytes.end(), data + 1, data + std::min<std::size_t>(size, 4000));
    const std::string whole = decode(own, bytes, bytes.size());
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
        if (decode(own, bytes, piece) != whole) {
            std::abort();
        }
    }
    return 0;
}
