// SPDX-License-Identifier: Apache-2.0
#include "send_ring.hpp"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

namespace fastfront {

namespace {

/// No result yet; no system call returns it.
constexpr std::int32_t kPending = std::numeric_limits<std::int32_t>::min();

static_assert(std::atomic<std::uint32_t>::is_always_lock_free && sizeof(std::atomic<std::uint32_t>) == 4);

int system_setup(unsigned entries, uring::Params* params) noexcept {
    const long fd = ::syscall(uring::kSysSetup, entries, params);
    return fd < 0 ? -errno : static_cast<int>(fd);
}

int system_enter(int fd, unsigned to_submit, unsigned min_complete, unsigned flags) noexcept {
    const long count = ::syscall(uring::kSysEnter, fd, to_submit, min_complete, flags, nullptr, 0);
    return count < 0 ? -errno : static_cast<int>(count);
}

}  // namespace

UringCalls UringCalls::system() noexcept { return {system_setup, system_enter}; }

SendRing::~SendRing() { close(); }

bool SendRing::open(unsigned entries, const UringCalls& calls) noexcept {
    calls_ = calls;
    if (!map(entries) || !probe()) {
        close();
        return false;
    }
    return true;
}

bool SendRing::map(unsigned entries) noexcept {
    uring::Params params{};
    fd_ = calls_.setup(entries, &params);
    if (fd_ < 0 || (params.features & uring::kFeatureSingleMmap) == 0) {
        return false;
    }
    ring_bytes_ = std::max<std::size_t>(params.sq_off.array + params.sq_entries * sizeof(std::uint32_t),
                                        params.cq_off.cqes + params.cq_entries * sizeof(uring::Completion));
    void* const ring =
        ::mmap(nullptr, ring_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_, uring::kOffsetRing);
    if (ring == MAP_FAILED) {
        return false;
    }
    ring_ = ring;
    request_bytes_ = params.sq_entries * sizeof(uring::Request);
    void* const requests =
        ::mmap(nullptr, request_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_, uring::kOffsetRequests);
    if (requests == MAP_FAILED) {
        return false;
    }
    requests_ = static_cast<uring::Request*>(requests);

    char* const base = static_cast<char*>(ring);
    const auto number = [base](std::uint32_t offset) { return reinterpret_cast<std::uint32_t*>(base + offset); };
    const auto shared = [base](std::uint32_t offset) {
        return reinterpret_cast<std::atomic<std::uint32_t>*>(base + offset);
    };
    request_tail_ = shared(params.sq_off.tail);
    request_mask_ = *number(params.sq_off.ring_mask);
    completion_head_ = shared(params.cq_off.head);
    completion_tail_ = shared(params.cq_off.tail);
    completion_mask_ = *number(params.cq_off.ring_mask);
    completions_ = reinterpret_cast<const uring::Completion*>(base + params.cq_off.cqes);
    // Requests are submitted in the order of their slots: the array between tail and slots never changes.
    for (std::uint32_t i = 0; i < params.sq_entries; ++i) {
        number(params.sq_off.array)[i] = i;
    }
    tail_ = request_tail_->load(std::memory_order_relaxed);
    try {
        results_.resize(std::min(entries, params.sq_entries));
        spare_.reserve(results_.size());
    } catch (...) {
        return false;
    }
    return true;
}

bool SendRing::probe() noexcept {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return false;
    }
    push(ends[0], "?");
    bool works = submit()[0] == 1 && usable();
    char got = 0;
    works = works && ::recv(ends[1], &got, 1, MSG_DONTWAIT) == 1 && got == '?';
    ::close(ends[0]);
    ::close(ends[1]);
    return works;
}

void SendRing::close() noexcept {
    if (requests_ != nullptr) {
        ::munmap(requests_, request_bytes_);
        requests_ = nullptr;
    }
    if (ring_ != nullptr) {
        ::munmap(ring_, ring_bytes_);
        ring_ = nullptr;
    }
    if (fd_ >= 0) {
        ::close(fd_);
        fd_ = -1;
    }
}

void SendRing::push(int fd, std::string_view bytes) noexcept {
    uring::Request& request = requests_[(tail_ + size_) & request_mask_];
    std::memset(&request, 0, sizeof request);
    request.opcode = uring::kOpSend;
    request.fd = fd;
    request.address = reinterpret_cast<std::uintptr_t>(bytes.data());
    request.length = static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), 0x7fff0000));
    request.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    request.user_data = size_;
    ++size_;
}

std::span<const std::int32_t> SendRing::submit() noexcept {
    const std::size_t count = size_;
    size_ = 0;
    std::fill_n(results_.begin(), count, kPending);
    tail_ += static_cast<std::uint32_t>(count);
    request_tail_->store(tail_, std::memory_order_release);
    std::size_t submitted = 0;
    std::size_t completed = 0;
    bool refused = false;
    // With MSG_DONTWAIT the kernel makes each send while it takes it: as a rule everything has completed when the first
    // call returns. Nothing depends on it.
    while (completed < count && (!refused || completed < submitted)) {
        const auto left = refused ? 0 : static_cast<unsigned>(count - submitted);
        const int taken =
            calls_.enter(fd_, left, static_cast<unsigned>(submitted + left - completed), uring::kEnterGetEvents);
        if (taken >= 0) {
            submitted += static_cast<std::size_t>(taken);
            refused = refused || (taken == 0 && left != 0);
        } else if (taken != -EINTR) {
            if (refused) {
                break;  // it does not even let us wait
            }
            refused = true;  // out of memory, or a filter that came later
        }
        completed += reap();
    }
    if (refused) {
        close();
        for (std::size_t i = 0; i < count; ++i) {
            if (results_[i] == kPending) {
                // Not taken: to be sent in another way. Taken, with an end that nobody knows: never to be sent again.
                results_[i] = i < submitted ? -EIO : -EAGAIN;
            }
        }
    }
    return {results_.data(), count};
}

std::size_t SendRing::reap() noexcept {
    std::uint32_t head = completion_head_->load(std::memory_order_relaxed);
    const std::uint32_t tail = completion_tail_->load(std::memory_order_acquire);
    std::size_t count = 0;
    for (; head != tail; ++head, ++count) {
        const uring::Completion& completion = completions_[head & completion_mask_];
        if (completion.user_data < results_.size()) {
            results_[completion.user_data] = completion.result;
        }
    }
    completion_head_->store(head, std::memory_order_release);
    return count;
}

}  // namespace fastfront
