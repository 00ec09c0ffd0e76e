// SPDX-License-Identifier: Apache-2.0
// Many sends in one system call: an io_uring (plain system calls, no liburing) that is handed sends and makes them all
// at once, never waiting for a socket. Knows nothing of responses. One thread at a time uses it.
//
// The bytes that are pushed stay where they are and the descriptors stay open until submit() returns.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "uring_abi.hpp"

namespace fastfront {

/// The two system calls, for tests to put others in their place. Results as the kernel has them: -errno on failure.
struct UringCalls {
    int (*setup)(unsigned entries, uring::Params* params) noexcept;
    int (*enter)(int fd, unsigned to_submit, unsigned min_complete, unsigned flags) noexcept;

    [[nodiscard]] static UringCalls system() noexcept;
};

class SendRing {
  public:
    SendRing() = default;
    SendRing(const SendRing&) = delete;
    SendRing& operator=(const SendRing&) = delete;
    ~SendRing();

    /// Make a ring for `entries` sends (a power of two) and try it on a socket pair. False: kernel, sysctl or seccomp
    /// do not let us have one; the caller goes on with send().
    [[nodiscard]] bool open(unsigned entries, const UringCalls& calls = UringCalls::system()) noexcept;
    /// False before open(), and for good after the kernel has refused a submission.
    [[nodiscard]] bool usable() const noexcept { return fd_ >= 0; }

    /// Sends gathered since the last submit().
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool full() const noexcept { return size_ == results_.size(); }
    /// Gather one send. The ring must be usable and not full.
    void push(int fd, std::string_view bytes) noexcept;
    /// Make the gathered sends. Element i: bytes that the i-th push sent, or -errno; -EAGAIN for a full socket and for
    /// what the kernel did not take. Valid until the next push.
    [[nodiscard]] std::span<const std::int32_t> submit() noexcept;

    /// Buffers for the bytes: lent to one send after the other, they stay in the processor's cache, which those of a
    /// thousand connections do not. Lending gives an empty one for an empty one; what is given back is emptied.
    void lend(std::string& buffer) noexcept {
        if (!spare_.empty()) {
            buffer.swap(spare_.back());
            spare_.pop_back();
        }
    }
    void give_back(std::string& buffer) noexcept {
        buffer.clear();
        if (spare_.size() < results_.size() && buffer.capacity() <= kMaxSpareBytes) {
            spare_.emplace_back().swap(buffer);  // reserved: does not throw
        }
    }

  private:
    static constexpr std::size_t kMaxSpareBytes = 4096;

    [[nodiscard]] bool map(unsigned entries) noexcept;
    [[nodiscard]] bool probe() noexcept;
    void close() noexcept;
    /// Take what has completed; how many that was.
    std::size_t reap() noexcept;

    UringCalls calls_{};
    int fd_ = -1;
    void* ring_ = nullptr;
    std::size_t ring_bytes_ = 0;
    uring::Request* requests_ = nullptr;
    std::size_t request_bytes_ = 0;

    // In memory that the kernel shares.
    std::atomic<std::uint32_t>* request_tail_ = nullptr;
    std::uint32_t request_mask_ = 0;
    std::atomic<std::uint32_t>* completion_head_ = nullptr;
    std::atomic<std::uint32_t>* completion_tail_ = nullptr;
    std::uint32_t completion_mask_ = 0;
    const uring::Completion* completions_ = nullptr;

    std::size_t size_ = 0;
    std::uint32_t tail_ = 0;  // ours; the kernel sees it at submit()
    std::vector<std::int32_t> results_;
    std::vector<std::string> spare_;
};

}  // namespace fastfront
