// SPDX-License-Identifier: Apache-2.0
// One HTTP response: its choices (one engine request each) on their way through pipeline, writer and sink.
// The pump thread pushes outputs in, the reader (the loop thread) takes bytes out; one lock per response guards both.
// Streaming is the only path: a whole body is the same outputs, written once at the end.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "answer_details.hpp"
#include "engine_outputs.hpp"
#include "metrics.hpp"
#include "parsed_answer.hpp"
#include "request_pipeline.hpp"
#include "response_writer.hpp"
#include "sink.hpp"
#include "socket_sink.hpp"

namespace fastfront {

/// One prompt of the request; each has `n` choices.
struct PromptInfo {
    std::size_t token_count = 0;
    std::optional<Detokenizer> detokenizer;  // primed with the prompt; none = text comes from outside

    /// Put a detokenizer behind the prompt whose last ids are `tail`. False: `tail` is too short to decide.
    [[nodiscard]] bool prime(std::shared_ptr<const Vocab> vocab, DetokenizerOptions detokenizer_options,
                             std::span<const std::uint32_t> tail, bool whole);
};

struct ResponseSpec {
    ResponseOptions options;
    std::shared_ptr<const PipelineOptions> pipeline;
    std::shared_ptr<const ParserPlan> parsers;      // chat only; null = the text is the answer
    std::shared_ptr<const DetailsOptions> details;  // null: the answer is its text
    std::vector<PromptInfo> prompts;
    std::size_t n = 1;
    double arrival_time = 0.0;      // Unix seconds
    std::int64_t max_tokens = -1;   // for the metrics; -1 = not known
    std::size_t mailbox_limit = 0;  // bytes; 0 = no limit
    Watermark watermark = Watermark::none;
};

/// An engine output that waits for its text to be made outside.
struct RawDelta {
    std::size_t choice;
    std::vector<std::uint32_t> token_ids;
    FinishReason finish_reason;
    StopReason::Kind stop_kind;
    std::int64_t stop_token;
    std::string stop_text;
};

/// What is told of a choice for traces.
struct ChoiceTimes {
    RequestTimes times;
    std::size_t prompt_tokens;
    std::size_t completion_tokens;
};

/// Text that waits for being parsed outside.
struct UnparsedStep {
    std::size_t choice;
    std::string text;
    std::vector<std::uint32_t> token_ids;
    bool ends;
};

/// What an output, a feed or a failure led to, gathered over a whole step.
struct Consequences {
    std::vector<std::uint64_t> ended;     // wire ids that need no more outputs
    std::vector<std::uint64_t> to_abort;  // wire ids that the engine still works on, in vain
};

/// What the pump has to do after something happened to a response.
enum class News : std::uint8_t {
    none,     ///< nothing
    reader,   ///< tell the reader: bytes, raw deltas, an error or the end
    blocked,  ///< the client's socket is full: call on_writable when it is not
};

class Response {
  public:
    explicit Response(ResponseSpec spec);
    Response(const Response&) = delete;
    Response& operator=(const Response&) = delete;
    ~Response();

    /// Live objects of this process, for tests that assert nothing leaks.
    [[nodiscard]] static std::int64_t live_count() noexcept;

    [[nodiscard]] std::size_t choice_count() const noexcept { return choices_.size(); }
    [[nodiscard]] std::uint64_t wire_id(std::size_t choice) const noexcept { return choices_[choice].wire_id; }
    /// Names the response among all of this process.
    [[nodiscard]] std::uint64_t key() const noexcept { return choices_.front().wire_id; }

    /// Begin to fetch it from memory, then what it points to: on_output follows soon.
    void prefetch() const noexcept;
    void prefetch_more() const noexcept;

    // --- pump thread -------------------------------------------------------------------------------------------------
    /// `ring`: where the bytes may go instead of the socket, if it is not full; null: there is none. Whoever gives one
    /// finds out from its size() whether it was used, and calls on_sent then.
    News on_output(std::size_t choice, const EngineCoreOutput& output, std::span<const std::uint32_t> token_ids,
                   const OutputExtras* extras, double engine_time, double wall_time, Metrics& metrics,
                   Consequences& consequences, SendRing* ring = nullptr) noexcept;
    /// What became of what the ring was given: bytes or -errno.
    News on_sent(std::int32_t result, SendRing& ring, double wall_time, Metrics& metrics,
                 Consequences& consequences) noexcept;
    /// The client's socket takes bytes again.
    News on_writable(double wall_time, Metrics& metrics, Consequences& consequences) noexcept;

    // --- any thread --------------------------------------------------------------------------------------------------
    /// End with an error: as an event in a stream, as status and body otherwise.
    News fail(int status, std::string_view error_json, double wall_time, Metrics& metrics,
              Consequences& consequences) noexcept;
    /// Prompt tokens of the choices that have had no output yet.
    [[nodiscard]] std::size_t queued_tokens() noexcept;
    /// The client has gone: end without a word. Ids still running go to `consequences.to_abort`.
    void abandon(double wall_time, Metrics& metrics, Consequences& consequences) noexcept;
    /// Text for a raw delta, detokenized outside.
    News feed(std::size_t choice, std::span<const std::uint32_t> token_ids, std::span<const std::string> texts,
              FinishReason finish, StopReason reason, std::string_view logprobs, double wall_time, Metrics& metrics,
              Consequences& consequences) noexcept;

    /// The pieces of the choice's oldest step that is parsed outside; steps of a choice come back in their order.
    News give(std::size_t choice, const Pieces& pieces, double wall_time, Metrics& metrics,
              Consequences& consequences) noexcept;

    /// From now on the response writes to the client itself. False, and nothing changes: it has failed already.
    [[nodiscard]] bool hand_over(std::unique_ptr<SocketSink> socket, double wall_time, Metrics& metrics,
                                 Consequences& consequences, News& news) noexcept;
    /// A stream that has been silent for `interval` seconds gets a comment. `due`: when to look again, in the same
    /// clock as `wall_time`; -1: never.
    News keep_alive(double interval, double wall_time, Metrics& metrics, Consequences& consequences,
                    double& due) noexcept;
    /// Send a stream's status and headers now, even if no event is there yet.
    News send_head(double wall_time, Metrics& metrics, Consequences& consequences) noexcept;
    /// The socket that the response was handed; -1 = none.
    [[nodiscard]] int socket_fd() noexcept;

    // --- the reader --------------------------------------------------------------------------------------------------
    /// Swap the ready bytes into `into`, whose old contents go and whose capacity the mailbox gets.
    void take(std::string& into) noexcept;
    [[nodiscard]] std::size_t pending() noexcept;
    [[nodiscard]] std::vector<RawDelta> take_deltas() noexcept;
    [[nodiscard]] std::vector<UnparsedStep> take_steps() noexcept;
    /// Nothing follows what take() gives now.
    [[nodiscard]] bool finished() noexcept;
    /// After hand_over: every byte is on its way, the connection is the server's again.
    [[nodiscard]] bool delivered() noexcept;
    /// After hand_over: the HTTP status that was written, 200 unless the request failed before its first byte.
    [[nodiscard]] int http_status() noexcept;
    /// After hand_over: the content-length that was written, 0 for a stream.
    [[nodiscard]] std::size_t content_length() noexcept {
        const std::lock_guard lock(mutex_);
        return socket_ ? socket_->content_length() : 0;
    }
    /// After hand_over: the client has gone.
    [[nodiscard]] bool lost() noexcept;
    /// The reader will not be called again: finished, and delivered if it was handed over.
    [[nodiscard]] bool over() noexcept;
    /// Given up: more than the sink's limit was waiting.
    [[nodiscard]] bool overflowed() noexcept;
    /// When a choice reached its stations, and how many tokens it is made of.
    [[nodiscard]] ChoiceTimes times_of(std::size_t choice) noexcept {
        const std::lock_guard lock(mutex_);
        const Choice& of = choices_[choice];
        return {of.times, prompt_tokens_[of.prompt], of.tokens};
    }
    /// HTTP status of a failed request, 0 otherwise; `json` gets the error body.
    [[nodiscard]] int error(std::string& json);

    /// Set when the response waits in the hub's ready list, so that it waits there once.
    std::atomic<bool> queued{false};

  private:
    struct Choice {
        std::uint64_t wire_id;
        std::size_t prompt;
        RequestPipeline pipeline;
        std::unique_ptr<ParsedAnswer> parsed;    // null = the text is the answer
        std::unique_ptr<AnswerDetails> details;  // null = the text is all
        RequestTimes times;
        std::size_t tokens = 0;
        bool finished = false;
        Ending ending;
        std::string_view text;  // whole responses: the pipeline's text once finished
        std::string stop_text;  // keeps a stop reason that the engine sent as text

        [[nodiscard]] std::int64_t reasoning_tokens() const noexcept {
            return parsed ? parsed->reasoning_tokens() : -1;
        }
    };

    /// What is left of a step while its text is parsed outside.
    struct OpenStep {
        std::size_t choice;
        std::size_t token_count;
        Ending ending;
        bool withheld;
    };

    News apply(std::size_t index, const PipelineStep& step, std::span<const std::uint32_t> token_ids, double wall_time,
               Metrics& metrics, Consequences& consequences, SendRing* ring) noexcept;
    /// Write a step whose choice has taken it.
    News show(std::size_t index, const PipelineStep& step, double wall_time, Metrics& metrics,
              Consequences& consequences, SendRing* ring) noexcept;
    void write_step(std::size_t index, const PipelineStep& step) noexcept;
    /// Have the choice keep what comes besides its text.
    void take_details(Choice& choice, const EngineCoreOutput& output, const OutputExtras* extras,
                      std::span<const std::uint32_t> token_ids, bool ends) noexcept;
    /// The same while the text is made outside: what goes with the tokens that count waits for feed().
    void hold_details(Choice& choice, const EngineCoreOutput& output, const OutputExtras* extras) noexcept;
    /// The details, made where nobody asked for any.
    ResponseDetails& own_details();
    [[nodiscard]] AnswerMembers members() const;
    void finish_choice(Choice& choice, FinishReason reason, double wall_time, Metrics& metrics,
                       Consequences& consequences) noexcept;
    void end_running(FinishReason reason, double wall_time, Metrics& metrics, Consequences& consequences) noexcept;
    News end_with_error(int status, std::string_view error_json, double wall_time, Metrics& metrics,
                        Consequences& consequences) noexcept;
    void write_whole_body() noexcept;
    /// Hand what was written to the sink, and see what became of it.
    News commit(double wall_time, Metrics& metrics, Consequences& consequences, SendRing* ring = nullptr) noexcept;
    News after(SinkState state, double wall_time, Metrics& metrics, Consequences& consequences) noexcept;
    [[nodiscard]] Sink& sink() noexcept { return socket_ ? static_cast<Sink&>(*socket_) : mailbox_; }
    [[nodiscard]] Usage total_usage() const noexcept;

    std::mutex mutex_;
    ResponseWriter writer_;
    std::vector<std::size_t> prompt_tokens_;
    std::size_t n_;
    std::int64_t max_tokens_;
    std::vector<Choice> choices_;
    std::size_t running_;
    Mailbox mailbox_;
    std::unique_ptr<SocketSink> socket_;
    std::vector<RawDelta> deltas_;
    std::vector<UnparsedStep> steps_;
    std::vector<OpenStep> open_steps_;  // of steps_, and of those that were taken and are not back yet
    std::unique_ptr<ResponseDetails> details_;
    double last_word_;  // Unix seconds: when a stream last said something, or the request came
    bool begun_ = false;
    bool finished_ = false;
    bool overflowed_ = false;
    bool lost_ = false;
    int error_status_ = 0;
    int http_status_ = 200;
    std::string error_json_;
};

inline std::size_t Response::queued_tokens() noexcept {
    const std::lock_guard lock(mutex_);
    std::size_t total = 0;
    for (const Choice& choice : choices_) {
        if (choice.times.prefilling && !choice.finished) {
            total += prompt_tokens_[choice.prompt];
        }
    }
    return total;
}

}  // namespace fastfront
