// SPDX-License-Identifier: Apache-2.0
// The meeting point of the pump thread and the loop thread: which response waits for which wire id, which responses
// have something for their reader, and what else the loop has to hear. One eventfd wakes the loop once per engine step.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine_outputs.hpp"
#include "response.hpp"

namespace fastfront {

/// Something that the loop thread has to act on.
struct ControlEvent {
    enum class Kind : std::uint8_t {
        utility_output,
        engine_dead,
        wave_control,
        failure,
        peer_refused,
        caught_up,
        connector_stats,  // much has gathered in Pump::connector_stats()
    };
    Kind kind;
    std::int64_t engine_index = 0;
    std::string bytes;  // utility_output: its msgpack; wave_control: the whole message; failure, peer_refused: why
};

class ResponseHub {
  public:
    ResponseHub() = default;
    ResponseHub(const ResponseHub&) = delete;
    ResponseHub& operator=(const ResponseHub&) = delete;
    ~ResponseHub();

    /// Create the eventfd.
    [[nodiscard]] Errc open() noexcept;
    [[nodiscard]] int wake_fd() const noexcept { return wake_fd_; }

    struct Target {
        std::shared_ptr<Response> response;  // null: nobody waits for this id
        std::size_t choice = 0;
        std::uint64_t key = 0;  // the response's
    };

    /// Wait for the outputs of all choices of `response`.
    void add(const std::shared_ptr<Response>& response);
    /// Find whom each output is for: targets[i] belongs to outputs[i].
    void find(const std::vector<EngineCoreOutput>& outputs, std::vector<Target>& targets);
    /// Every response that still waits for an output.
    [[nodiscard]] std::vector<std::shared_ptr<Response>> waiting();
    [[nodiscard]] std::size_t waiting_ids();
    /// Prompt tokens of all that has had no output yet. Takes time in proportion to what waits.
    [[nodiscard]] std::size_t queued_tokens();

    /// End of a step: forget ended ids, queue ready responses, aborts and events, wake the loop if it may be asleep.
    void publish(const Consequences& consequences, std::vector<std::shared_ptr<Response>>&& ready,
                 std::vector<ControlEvent>&& events = {});

    struct Batch {
        std::vector<std::shared_ptr<Response>> ready;
        std::vector<std::uint64_t> to_abort;
        std::vector<ControlEvent> events;
    };
    /// Loop thread: take what was published, at most `limit` ready responses of it (0: all), and re-arm the eventfd if
    /// nothing is left; otherwise it stays readable.
    void take(Batch& batch, std::size_t limit = 0);

  private:
    std::mutex mutex_;
    std::unordered_map<std::uint64_t, Target> targets_;
    Batch pending_;
    bool awake_ = false;  // the eventfd is readable and the loop has not taken the whole batch yet
    int wake_fd_ = -1;
};

}  // namespace fastfront
