// SPDX-License-Identifier: Apache-2.0
// The thread between the engines and the responses: PULL socket → decode → pipelines → sinks. It never takes the GIL
// and never sees Python. The socket belongs to it from greet() or start() to stop().
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "connector_stats.hpp"
#include "engine_outputs.hpp"
#include "engine_state.hpp"
#include "metrics.hpp"
#include "response_hub.hpp"
#include "socket_poller.hpp"
#include "step_writer.hpp"
#include "writer_threads.hpp"
#include "zmtp_socket.hpp"

namespace fastfront {

class Pump {
  public:
    explicit Pump(ZmtpSocketOptions options = {});
    Pump(const Pump&) = delete;
    Pump& operator=(const Pump&) = delete;
    ~Pump();

    /// Make the descriptors. Once, before anything else.
    [[nodiscard]] Errc open() noexcept;
    /// Take outputs from the engines that connect to a listening descriptor; it is the pump's from now on. Before
    /// start() and greet().
    [[nodiscard]] Errc listen(int fd) noexcept { return socket_.listen(fd); }
    /// Start the thread, which accepts engines, but leaves their messages with them until start().
    [[nodiscard]] Errc greet() noexcept;
    /// Take messages from now on.
    [[nodiscard]] Errc start() noexcept;
    /// Join the thread and close all connections. Safe to call twice.
    void stop() noexcept;
    /// Publish ControlEvent::Kind::caught_up when everything that engines have sent until now was handled.
    void catch_up() noexcept;

    /// How the bytes leave: before start(), once. `threads`: that help with large steps (0: none). `one_call`: send a
    /// step's bytes with one system call where the kernel lets us; has_ring() tells whether it does.
    [[nodiscard]] Errc set_writers(std::size_t threads, bool one_call,
                                   const UringCalls& calls = UringCalls::system()) noexcept;
    [[nodiscard]] bool has_ring() const noexcept { return writer_.has_ring(); }

    [[nodiscard]] ResponseHub& hub() noexcept { return hub_; }
    /// One object per thread that counts: the pump's, the loop's (what clients and outside detokenizers end), those of
    /// the helpers. total_of() adds them up.
    [[nodiscard]] std::vector<Metrics*> metrics();
    [[nodiscard]] EngineStates& engine_states() noexcept { return engine_states_; }
    [[nodiscard]] ConnectorStats& connector_stats() noexcept { return connector_stats_; }
    /// The engines that send outputs. After set_writers(), before start(), once: what was counted is forgotten.
    void set_engines(std::int64_t first, std::size_t count);

    // --- loop thread -------------------------------------------------------------------------------------------------
    /// The client has gone: forget the response; returns the wire ids that the engine still works on.
    std::vector<std::uint64_t> remove(Response& response);
    /// Every waiting response ends with this error.
    void fail_all(int status, std::string_view error_json);
    /// As if the engine had said that `count` choices from `first` on were aborted; those that have ended stay as they
    /// are. What the engine still says of them is dropped.
    void abort(const std::shared_ptr<Response>& response, std::size_t first, std::size_t count);
    void feed(const std::shared_ptr<Response>& response, std::size_t choice, std::span<const std::uint32_t> token_ids,
              std::span<const std::string> texts, FinishReason finish, StopReason reason,
              std::string_view logprobs = {});
    void give(const std::shared_ptr<Response>& response, std::size_t choice, const Pieces& pieces);

    /// The response writes to the client itself from now on. False: it has failed already, its error is the server's to
    /// send.
    bool hand_over(const std::shared_ptr<Response>& response, std::unique_ptr<SocketSink> socket);
    /// A stream that has been silent for `interval` seconds gets a comment. Returns when to look again, in Unix
    /// seconds; -1: never.
    double keep_alive(const std::shared_ptr<Response>& response, double interval);
    /// A handed-over stream's status and headers go out now, even if no event is there yet.
    void send_head(const std::shared_ptr<Response>& response);

    /// Count a stage of a request's way to the engine. Any thread that holds the GIL: one at a time.
    void observe(HistogramId stage, double seconds) noexcept;

    /// Responses whose client's socket is full at the moment.
    [[nodiscard]] std::size_t blocked() { return poller_.size(); }

    /// Go on with the responses whose sockets take bytes again (the thread's body, too).
    void flush_writable() noexcept;
    /// Handle one message as if it had come from the socket (the thread's body; tests and fuzzing call it directly).
    /// `rest`: the frames behind its first, as zmtp::next_part() reads them.
    void process(std::span<const std::uint8_t> message, std::span<const std::uint8_t> rest = {}) noexcept;

  private:
    [[nodiscard]] Errc launch() noexcept;
    void run() noexcept;
    /// Do what other threads have asked for.
    void obey() noexcept;
    /// Have the thread call obey().
    void nudge() noexcept;
    void publish_failure(std::string_view text) noexcept;
    /// Carry the step in outputs_ to its responses, with as many writers as it is worth.
    void write_step(double now) noexcept;
    void write_share(std::size_t share) noexcept;
    /// Act on what happened to a response on the loop thread, and publish.
    void conclude(News news, const std::shared_ptr<Response>& response, Consequences& consequences);

    ZmtpSocket socket_;
    ResponseHub hub_;
    SocketPoller poller_;
    Metrics loop_metrics_;
    StepWriter writer_{poller_};                        // the pump thread's own
    std::vector<std::unique_ptr<StepWriter>> helpers_;  // those of the writer threads
    EngineStates engine_states_;
    ConnectorStats connector_stats_;

    int nudge_fd_ = -1;
    std::atomic<bool> stopping_{false};
    std::atomic<bool> receiving_{false};
    std::atomic<bool> catching_up_{false};
    std::thread thread_;

    // Reused from message to message.
    EngineCoreOutputs outputs_;
    std::vector<std::span<const std::uint8_t>> aux_;  // frames of the message at hand
    std::vector<ResponseHub::Target> targets_;
    std::vector<std::shared_ptr<Response>> writable_;
    const Step* step_ = nullptr;  // what the writers work on

    WriterThreads threads_;  // last: they use all of the above
};

/// Unix time in seconds.
[[nodiscard]] double wall_clock() noexcept;

}  // namespace fastfront
