// SPDX-License-Identifier: Apache-2.0
#include "response_hub.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstddef>
#include <iterator>
#include <unordered_set>

namespace fastfront {

ResponseHub::~ResponseHub() {
    if (wake_fd_ >= 0) {
        ::close(wake_fd_);
    }
}

Errc ResponseHub::open() noexcept {
    wake_fd_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return wake_fd_ >= 0 ? Errc::ok : Errc::system;
}

void ResponseHub::add(const std::shared_ptr<Response>& response) {
    const std::lock_guard lock(mutex_);
    for (std::size_t choice = 0; choice < response->choice_count(); ++choice) {
        targets_.insert_or_assign(response->wire_id(choice), Target{response, choice, response->key()});
    }
}

void ResponseHub::find(const std::vector<EngineCoreOutput>& outputs, std::vector<Target>& targets) {
    targets.clear();
    targets.resize(outputs.size());
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        if (outputs[i].ours) {
            if (const auto found = targets_.find(outputs[i].request_id); found != targets_.end()) {
                targets[i] = found->second;
            }
        }
    }
}

std::vector<std::shared_ptr<Response>> ResponseHub::waiting() {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Response>> result;
    std::unordered_set<const Response*> seen;
    for (const auto& [id, target] : targets_) {
        if (seen.insert(target.response.get()).second) {
            result.push_back(target.response);
        }
    }
    return result;
}

std::size_t ResponseHub::waiting_ids() {
    const std::lock_guard lock(mutex_);
    return targets_.size();
}

std::size_t ResponseHub::queued_tokens() {
    std::size_t total = 0;
    for (const auto& response : waiting()) {
        total += response->queued_tokens();
    }
    return total;
}

void ResponseHub::publish(const Consequences& consequences, std::vector<std::shared_ptr<Response>>&& ready,
                          std::vector<ControlEvent>&& events) {
    bool wake = false;
    {
        const std::lock_guard lock(mutex_);
        for (const std::uint64_t id : consequences.ended) {
            targets_.erase(id);
        }
        pending_.to_abort.insert(pending_.to_abort.end(), consequences.to_abort.begin(), consequences.to_abort.end());
        for (auto& response : ready) {
            pending_.ready.push_back(std::move(response));
        }
        for (auto& event : events) {
            pending_.events.push_back(std::move(event));
        }
        const bool anything = !pending_.ready.empty() || !pending_.to_abort.empty() || !pending_.events.empty();
        wake = anything && !awake_;
        awake_ = awake_ || wake;
    }
    if (wake) {
        const std::uint64_t one = 1;
        // The counter cannot overflow (at most one write per take), so this write neither blocks nor fails.
        [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof one);
    }
}

void ResponseHub::take(Batch& batch, std::size_t limit) {
    batch.ready.clear();
    batch.to_abort.clear();
    batch.events.clear();
    const std::lock_guard lock(mutex_);
    std::swap(batch, pending_);
    if (limit != 0 && batch.ready.size() > limit) {
        const auto rest = batch.ready.begin() + static_cast<std::ptrdiff_t>(limit);
        pending_.ready.assign(std::make_move_iterator(rest), std::make_move_iterator(batch.ready.end()));
        batch.ready.erase(rest, batch.ready.end());
    } else if (awake_) {
        std::uint64_t count = 0;
        // The writer sets awake_ before it writes: the value may not be there yet, then the loop wakes once in vain.
        [[maybe_unused]] const ssize_t got = ::read(wake_fd_, &count, sizeof count);
        awake_ = false;
    }
    for (const auto& response : batch.ready) {
        response->queued.store(false, std::memory_order_release);
    }
}

}  // namespace fastfront
