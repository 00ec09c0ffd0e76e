// SPDX-License-Identifier: Apache-2.0
#include "step_writer.hpp"

namespace fastfront {

namespace {

/// Most sends in one system call. More bring no more: the system call is paid, and the first client waits for the last.
constexpr unsigned kRingEntries = 256;

/// Below so many outputs in a step a ring saves nothing: measured alike at 16 and 64 outputs, a fifth to a quarter less
/// of the pump's time at 256 and 1,024.
constexpr std::size_t kFewOutputs = 32;

/// How many outputs ahead a response is fetched from memory: a thousand of them do not stay in the cache from step to
/// step.
constexpr std::size_t kPrefetchDistance = 8;

void prefetch(std::span<const ResponseHub::Target> targets, std::size_t i) noexcept {
    if (i + 2 * kPrefetchDistance < targets.size()) {
        if (const Response* far = targets[i + 2 * kPrefetchDistance].response.get(); far != nullptr) {
            far->prefetch();
        }
        if (const Response* near = targets[i + kPrefetchDistance].response.get(); near != nullptr) {
            near->prefetch_more();
        }
    }
}

/// Which share of a step the response with this key is in. Keys count up: they have to be stirred.
std::size_t share_of(std::uint64_t key, std::size_t shares) noexcept {
    return static_cast<std::size_t>((key * 0x9e3779b97f4a7c15u) >> 32) % shares;
}

}  // namespace

bool StepWriter::open_ring(const UringCalls& calls) noexcept { return ring_.open(kRingEntries, calls); }

void StepWriter::write(const Step& step, std::size_t share) noexcept {
    metrics_.select(step.outputs.engine_index);
    SendRing* ring = ring_.usable() && step.targets.size() / step.shares >= kFewOutputs ? &ring_ : nullptr;
    for (std::size_t i = 0; i < step.targets.size(); ++i) {
        prefetch(step.targets, i);
        const ResponseHub::Target& target = step.targets[i];
        if (step.shares > 1 && share_of(target.key, step.shares) != share) {
            continue;
        }
        if (target.response == nullptr) {
            metrics_.counter(CounterId::unknown_outputs).add(1);
            continue;
        }
        if (ring != nullptr && ring->full()) {
            finish_sends(step.wall_time);
            ring = ring_.usable() ? ring : nullptr;
        }
        const std::size_t gathered = ring_.size();
        const EngineCoreOutput& output = step.outputs.outputs[i];
        const News news = target.response->on_output(target.choice, output, step.outputs.tokens_of(output),
                                                     step.outputs.extras_of(output), step.outputs.timestamp,
                                                     step.wall_time, metrics_, consequences_, ring);
        if (ring_.size() != gathered) {
            flying_.push_back(&target.response);
        }
        act_on(news, target.response, poller_, ready_);
    }
    finish_sends(step.wall_time);
}

void StepWriter::finish_sends(double wall_time) noexcept {
    if (flying_.empty()) {
        return;
    }
    metrics_.counter(CounterId::ring_sends).add(flying_.size());
    metrics_.counter(CounterId::ring_calls).add(1);
    const std::span<const std::int32_t> results = ring_.submit();
    for (std::size_t i = 0; i < results.size(); ++i) {
        const std::shared_ptr<Response>& response = *flying_[i];
        act_on(response->on_sent(results[i], ring_, wall_time, metrics_, consequences_), response, poller_, ready_);
    }
    flying_.clear();
}

void StepWriter::flush(std::span<const std::shared_ptr<Response>> writable, double wall_time) noexcept {
    for (const std::shared_ptr<Response>& response : writable) {
        const News news = response->on_writable(wall_time, metrics_, consequences_);
        if (news != News::blocked) {
            poller_.unwatch(*response);
        }
        act_on(news, response, poller_, ready_);
    }
}

void act_on(News news, const std::shared_ptr<Response>& response, SocketPoller& poller,
            std::vector<std::shared_ptr<Response>>& ready) {
    if (news == News::blocked) {
        poller.watch(response);
    } else if (news == News::reader && !response->queued.exchange(true, std::memory_order_acq_rel)) {
        ready.push_back(response);
    }
}

void StepWriter::publish(ResponseHub& hub, std::vector<ControlEvent>&& events) {
    hub.publish(consequences_, std::move(ready_), std::move(events));
    ready_.clear();
    consequences_.ended.clear();
    consequences_.to_abort.clear();
}

void StepWriter::merge_into(StepWriter& other) {
    const auto move = [](auto& from, auto& to) {
        to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
        from.clear();
    };
    move(ready_, other.ready_);
    move(consequences_.ended, other.consequences_.ended);
    move(consequences_.to_abort, other.consequences_.to_abort);
}

}  // namespace fastfront
