// SPDX-License-Identifier: Apache-2.0
#include "pump.hpp"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>

#include "blocked_signals.hpp"

namespace fastfront {

namespace {

constexpr std::string_view kEngineCoreDead = "ENGINE_CORE_DEAD";

// What else wakes the thread.
constexpr unsigned kNudge = 0;
constexpr unsigned kWritable = 1;

/// Outputs that one more writer is woken for: below, waking it costs more than it brings.
constexpr std::size_t kOutputsPerWriter = 64;

}  // namespace

double wall_clock() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Pump::Pump(ZmtpSocketOptions options)
    : socket_(options, {
                           .ready = [](ZmtpSocket::Id, std::string_view) {},
                           .message = [this](ZmtpSocket::Id, std::span<const std::uint8_t> first,
                                             std::span<const std::uint8_t> rest) { process(first, rest); },
                           .lost = [](ZmtpSocket::Id) {},  // the other socket tells
                           .refused =
                               [this](std::string_view why, std::uint64_t) {
                                   hub_.publish({}, {}, {{ControlEvent::Kind::peer_refused, 0, std::string(why)}});
                               },
                       }) {}

Pump::~Pump() {
    stop();
    if (nudge_fd_ >= 0) {
        ::close(nudge_fd_);
    }
}

Errc Pump::open() noexcept {
    nudge_fd_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (nudge_fd_ < 0) {
        return Errc::system;
    }
    for (const Errc error : {socket_.open(), poller_.open(), hub_.open()}) {
        if (error != Errc::ok) {
            return error;
        }
    }
    const Errc error = socket_.watch(nudge_fd_, kNudge);
    return error == Errc::ok ? socket_.watch(poller_.fd(), kWritable) : error;
}

Errc Pump::greet() noexcept {
    socket_.pause();
    return launch();
}

Errc Pump::start() noexcept {
    if (!thread_.joinable()) {
        return launch();
    }
    receiving_.store(true, std::memory_order_release);
    nudge();
    return Errc::ok;
}

Errc Pump::launch() noexcept {
    const BlockedSignals blocked;
    try {
        thread_ = std::thread([this] { run(); });
        pthread_setname_np(thread_.native_handle(), "fastfront-pump");
    } catch (...) {
        return Errc::system;
    }
    return Errc::ok;
}

void Pump::stop() noexcept {
    if (thread_.joinable()) {
        stopping_.store(true, std::memory_order_release);
        nudge();
        thread_.join();
    }
    threads_.stop();
    socket_.close();
}

void Pump::catch_up() noexcept {
    catching_up_.store(true, std::memory_order_release);
    nudge();
}

void Pump::nudge() noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(nudge_fd_, &one, sizeof one);
}

void Pump::run() noexcept {
    while (!stopping_.load(std::memory_order_acquire)) {
        std::uint32_t woken = 0;
        if (socket_.poll(-1, woken) != Errc::ok) {
            publish_failure(std::string("waiting for the engines failed: ") + std::strerror(errno));
            return;
        }
        if ((woken & 1U << kWritable) != 0) {
            flush_writable();
        }
        if ((woken & 1U << kNudge) != 0) {
            obey();
        }
    }
}

void Pump::obey() noexcept {
    std::uint64_t nudges = 0;
    [[maybe_unused]] const ssize_t size = ::read(nudge_fd_, &nudges, sizeof nudges);
    if (receiving_.load(std::memory_order_acquire)) {
        socket_.resume();
    }
    if (catching_up_.exchange(false, std::memory_order_acq_rel)) {
        socket_.drain();
        hub_.publish({}, {}, {{ControlEvent::Kind::caught_up, 0, {}}});
    }
}

void Pump::process(std::span<const std::uint8_t> message, std::span<const std::uint8_t> rest) noexcept {
    const std::string_view text(reinterpret_cast<const char*>(message.data()), message.size());
    if (text == kEngineCoreDead) {
        hub_.publish({}, {}, {{ControlEvent::Kind::engine_dead, 0, {}}});
        return;
    }
    aux_.clear();
    for (std::span<const std::uint8_t> part; zmtp::next_part(rest, part);) {
        aux_.push_back(part);
    }
    if (const Errc error = outputs_.decode(message, aux_); error != Errc::ok) {
        writer_.metrics().counter(CounterId::bad_messages).add(1);
        publish_failure(std::string("a message from the engine could not be read: ").append(fastfront::message(error)));
        return;
    }

    writer_.metrics().select(outputs_.engine_index);
    writer_.metrics().counter(CounterId::messages).add(1);
    write_step(wall_clock());
    if (outputs_.has_scheduler_stats) {
        engine_states_.record(outputs_.engine_index, outputs_.scheduler_stats);
    }
    std::vector<ControlEvent> events;
    const auto connector =
        outputs_.has_scheduler_stats ? outputs_.scheduler_stats.kv_connector_stats : std::span<const std::uint8_t>();
    if (!connector.empty() && connector_stats_.push(outputs_.engine_index, connector)) {
        events.push_back({ControlEvent::Kind::connector_stats, outputs_.engine_index, {}});
    }
    if (!outputs_.utility_output.empty()) {
        const auto raw = outputs_.utility_output;
        events.push_back({ControlEvent::Kind::utility_output, outputs_.engine_index,
                          std::string(reinterpret_cast<const char*>(raw.data()), raw.size())});
    }
    if (outputs_.has_wave_control) {
        events.push_back({ControlEvent::Kind::wave_control, outputs_.engine_index, std::string(text)});
    }
    writer_.publish(hub_, std::move(events));
}

void Pump::write_step(double now) noexcept {
    if (outputs_.outputs.empty()) {
        return;
    }
    hub_.find(outputs_.outputs, targets_);
    const std::size_t writers = std::clamp<std::size_t>(targets_.size() / kOutputsPerWriter, 1, threads_.count() + 1);
    const auto prefilled = [&] {  // prompt tokens that the engine computed
        std::uint64_t sum = writer_.metrics().counter(CounterId::prompt_tokens_local_compute).get();
        for (std::size_t i = 0; i + 1 < writers; ++i) {
            helpers_[i]->metrics().select(outputs_.engine_index);
            sum += helpers_[i]->metrics().counter(CounterId::prompt_tokens_local_compute).get();
        }
        return sum;
    };
    const std::uint64_t prefilled_before = prefilled();
    const Step step{outputs_, targets_, now, writers};
    step_ = &step;
    if (writers == 1) {
        writer_.write(step, 0);
    } else {
        threads_.run(writers);
        for (std::size_t i = 0; i + 1 < writers; ++i) {
            helpers_[i]->merge_into(writer_);
        }
    }
    step_ = nullptr;
    targets_.clear();
    writer_.metrics().histogram(HistogramId::step_outputs).observe(static_cast<double>(outputs_.outputs.size()));
    writer_.metrics().histogram(HistogramId::step_write_seconds).observe(std::max(wall_clock() - now, 0.0));
    writer_.metrics()
        .histogram(HistogramId::iteration_tokens_total)
        .observe(static_cast<double>(prefilled() - prefilled_before + outputs_.token_ids.size()));
}

void Pump::write_share(std::size_t share) noexcept {
    (share == 0 ? writer_ : *helpers_[share - 1]).write(*step_, share);
}

Errc Pump::set_writers(std::size_t threads, bool one_call, const UringCalls& calls) noexcept {
    try {
        for (std::size_t i = 0; i < threads; ++i) {
            helpers_.push_back(std::make_unique<StepWriter>(poller_));
        }
    } catch (...) {
        return Errc::system;
    }
    // A helper without a ring sends one by one.
    bool with_ring = one_call && writer_.open_ring(calls);
    for (const auto& helper : helpers_) {
        with_ring = with_ring && helper->open_ring(calls);
    }
    return threads == 0 ? Errc::ok : threads_.start(threads, [this](std::size_t share) { write_share(share); });
}

std::vector<Metrics*> Pump::metrics() {
    std::vector<Metrics*> all{&writer_.metrics(), &loop_metrics_};
    for (const auto& helper : helpers_) {
        all.push_back(&helper->metrics());
    }
    return all;
}

void Pump::publish_failure(std::string_view text) noexcept {
    hub_.publish({}, {}, {{ControlEvent::Kind::failure, 0, std::string(text)}});
}

void Pump::set_engines(std::int64_t first, std::size_t count) {
    for (Metrics* each : metrics()) {
        each->set_engines(first, count);
    }
    engine_states_.set_engines(first, count);
}

void Pump::conclude(News news, const std::shared_ptr<Response>& response, Consequences& consequences) {
    std::vector<std::shared_ptr<Response>> ready;
    act_on(news, response, poller_, ready);
    hub_.publish(consequences, std::move(ready));
}

void Pump::flush_writable() noexcept {
    writable_.clear();
    poller_.take_writable(writable_);
    writer_.flush(writable_, wall_clock());
    writable_.clear();
    writer_.publish(hub_);
}

std::vector<std::uint64_t> Pump::remove(Response& response) {
    Consequences consequences;
    response.abandon(wall_clock(), loop_metrics_, consequences);
    poller_.unwatch(response);
    std::vector<std::uint64_t> running = std::move(consequences.to_abort);
    consequences.to_abort.clear();
    hub_.publish(consequences, {});
    return running;
}

void Pump::fail_all(int status, std::string_view error_json) {
    Consequences consequences;
    std::vector<std::shared_ptr<Response>> ready;
    const double now = wall_clock();
    for (const auto& response : hub_.waiting()) {
        act_on(response->fail(status, error_json, now, loop_metrics_, consequences), response, poller_, ready);
    }
    consequences.to_abort.clear();  // there is nobody left to tell
    hub_.publish(consequences, std::move(ready));
}

void Pump::abort(const std::shared_ptr<Response>& response, std::size_t first, std::size_t count) {
    Consequences consequences;
    std::vector<std::shared_ptr<Response>> ready;
    const double now = wall_clock();
    EngineCoreOutput output;
    output.finish_reason = FinishReason::abort;
    const std::size_t end = std::min(first + count, response->choice_count());
    for (std::size_t choice = first; choice < end; ++choice) {
        act_on(response->on_output(choice, output, {}, nullptr, 0.0, now, loop_metrics_, consequences), response,
               poller_, ready);
    }
    hub_.publish(consequences, std::move(ready));
}

void Pump::feed(const std::shared_ptr<Response>& response, std::size_t choice, std::span<const std::uint32_t> token_ids,
                std::span<const std::string> texts, FinishReason finish, StopReason reason, std::string_view logprobs) {
    Consequences consequences;
    const News news =
        response->feed(choice, token_ids, texts, finish, reason, logprobs, wall_clock(), loop_metrics_, consequences);
    conclude(news, response, consequences);
}

void Pump::give(const std::shared_ptr<Response>& response, std::size_t choice, const Pieces& pieces) {
    Consequences consequences;
    const News news = response->give(choice, pieces, wall_clock(), loop_metrics_, consequences);
    conclude(news, response, consequences);
}

bool Pump::hand_over(const std::shared_ptr<Response>& response, std::unique_ptr<SocketSink> socket) {
    Consequences consequences;
    News news = News::none;
    const bool taken = response->hand_over(std::move(socket), wall_clock(), loop_metrics_, consequences, news);
    conclude(news, response, consequences);
    return taken;
}

void Pump::observe(HistogramId stage, double seconds) noexcept {
    loop_metrics_.histogram(stage).observe(std::max(seconds, 0.0));
}

double Pump::keep_alive(const std::shared_ptr<Response>& response, double interval) {
    Consequences consequences;
    double due = -1;
    const News news = response->keep_alive(interval, wall_clock(), loop_metrics_, consequences, due);
    conclude(news, response, consequences);
    return due;
}

void Pump::send_head(const std::shared_ptr<Response>& response) {
    Consequences consequences;
    const News news = response->send_head(wall_clock(), loop_metrics_, consequences);
    conclude(news, response, consequences);
}

}  // namespace fastfront
