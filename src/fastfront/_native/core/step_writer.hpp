// SPDX-License-Identifier: Apache-2.0
// Carries the outputs of an engine step, or a share of them, to their responses, and gathers what that led to. What one
// thread owns while it does so: metrics, lists, a SendRing. Several may work on one step, each on its own responses.
// Knows neither engine messages nor threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine_outputs.hpp"
#include "metrics.hpp"
#include "response_hub.hpp"
#include "send_ring.hpp"
#include "socket_poller.hpp"

namespace fastfront {

/// A step and whom its outputs are for: targets[i] belongs to outputs.outputs[i].
struct Step {
    const EngineCoreOutputs& outputs;
    std::span<const ResponseHub::Target> targets;
    double wall_time;        // Unix seconds
    std::size_t shares = 1;  // writers that work on it
};

class StepWriter {
  public:
    explicit StepWriter(SocketPoller& poller) noexcept : poller_(poller) {}
    StepWriter(const StepWriter&) = delete;
    StepWriter& operator=(const StepWriter&) = delete;

    /// Send a step's bytes with one system call from now on. False: the kernel does not let us.
    [[nodiscard]] bool open_ring(const UringCalls& calls = UringCalls::system()) noexcept;
    [[nodiscard]] bool has_ring() const noexcept { return ring_.usable(); }

    /// Carry the outputs of one share (0 … shares - 1) to their responses. When it returns nothing flies any more.
    void write(const Step& step, std::size_t share) noexcept;
    /// Go on with these responses, whose sockets take bytes again.
    void flush(std::span<const std::shared_ptr<Response>> writable, double wall_time) noexcept;
    /// Hand what has gathered to the hub, with these events.
    void publish(ResponseHub& hub, std::vector<ControlEvent>&& events = {});
    /// Move what has gathered to another writer, which will publish it.
    void merge_into(StepWriter& other);

    /// Fed by this writer alone.
    [[nodiscard]] Metrics& metrics() noexcept { return metrics_; }

  private:
    void finish_sends(double wall_time) noexcept;

    SocketPoller& poller_;
    SendRing ring_;
    std::vector<const std::shared_ptr<Response>*> flying_;  // the i-th push of the ring is this one's
    Metrics metrics_;
    Consequences consequences_;
    std::vector<std::shared_ptr<Response>> ready_;
};

/// Act on what happened to a response: watch its socket, or add it to `ready`, where it waits once.
void act_on(News news, const std::shared_ptr<Response>& response, SocketPoller& poller,
            std::vector<std::shared_ptr<Response>>& ready);

}  // namespace fastfront
