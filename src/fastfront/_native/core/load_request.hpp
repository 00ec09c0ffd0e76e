// SPDX-License-Identifier: Apache-2.0
// The bytes of a load test's requests: bodies in turn, with letters of their own where marks say so, so that no cache
// has seen a request before. Knows no sockets, and nothing of what the bodies say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fastfront {

/// A request's body. At each of `marks` there are kMarkBytes bytes that get letters of their own in every request.
struct LoadBody {
    static constexpr std::size_t kMarkBytes = 8;
    std::string bytes;
    std::vector<std::size_t> marks;
};

class LoadRequests {
  public:
    /// `head`: request line and headers, up to where the number of content-length goes. `bodies`: round and round.
    LoadRequests(std::string head, std::vector<LoadBody> bodies, std::uint64_t seed) noexcept;

    /// There is a body, and every mark lies inside its body.
    [[nodiscard]] bool valid() const noexcept;
    /// Put the next request into `out`.
    void next(std::string& out);
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

  private:
    std::string head_;
    std::vector<LoadBody> bodies_;
    std::uint64_t seed_;
    std::uint64_t count_ = 0;
};

}  // namespace fastfront
