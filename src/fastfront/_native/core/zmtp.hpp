// SPDX-License-Identifier: Apache-2.0
// ZMTP 3.x with the NULL mechanism, the listening side (RFC 23 and 37): bytes in, events out, and the bytes to answer
// with. Speaks for a ROUTER, whose peers are DEALERs, and a PULL, whose peers are PUSHes. Must not know sockets,
// threads or what messages mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fastfront::zmtp {

/// What we are.
enum class SocketType : std::uint8_t { router, pull };

inline constexpr std::size_t kGreetingBytes = 64;
/// Flags, and the size in one byte or eight.
inline constexpr std::size_t kMaxHeaderBytes = 9;
/// Commands are READY, PING and the like: whoever sends longer ones is no engine.
inline constexpr std::size_t kMaxCommandBytes = 8192;
inline constexpr std::size_t kMaxIdentityBytes = 255;
/// A PING's context, which its PONG carries back.
inline constexpr std::size_t kMaxContextBytes = 16;

/// What one peer sends, in the order it sends it. Frames behind the first one of a message are passed over unseen:
/// in vLLM's protocol they carry tensors that no supported field asks for.
class Decoder {
  public:
    enum class Event : std::uint8_t {
        incomplete,  ///< nothing more can be told from these bytes
        greeted,     ///< the peer speaks our language: answer with READY
        ready,       ///< the handshake is done: see identity()
        message,     ///< the first frame of a message
        ping,        ///< answer with PONG and `body`
        failed,      ///< the peer does not keep to the protocol: see failure(). For good.
    };
    struct Step {
        Event event = Event::incomplete;
        std::size_t consumed = 0;              ///< so many bytes of the input are done with
        std::size_t wanted = 0;                ///< incomplete: so many unconsumed bytes the next event takes at least
        std::span<const std::uint8_t> body{};  ///< where it lies in the input
        bool more = false;                     ///< the message goes on, with frames that are passed over
    };

    /// A frame of more than `max_frame_bytes` is a failure.
    Decoder(SocketType own, std::size_t max_frame_bytes) noexcept : own_(own), max_frame_bytes_(max_frame_bytes) {}

    /// Go on to the next event. `input` begins where the last step's consumed bytes ended.
    [[nodiscard]] Step next(std::span<const std::uint8_t> input) noexcept;
    /// Whether `ready` has come.
    [[nodiscard]] bool ready() const noexcept { return state_ == State::traffic; }
    /// The peer's name for itself; may be empty.
    [[nodiscard]] const std::string& identity() const noexcept { return identity_; }
    /// What the peer did wrong, a sentence for the log.
    [[nodiscard]] std::string_view failure() const noexcept { return failure_; }

  private:
    enum class State : std::uint8_t { greeting, handshake, traffic, failed };

    [[nodiscard]] bool greeting_fits(std::span<const std::uint8_t> input) noexcept;
    /// Read one frame at `at` and move there behind it; whether it leads to the event in `step`.
    [[nodiscard]] bool next_frame(std::span<const std::uint8_t> input, std::size_t& at, Step& step) noexcept;
    [[nodiscard]] bool on_command(std::span<const std::uint8_t> body, Step& step) noexcept;
    [[nodiscard]] bool read_metadata(std::span<const std::uint8_t> properties) noexcept;
    Step fail(std::string_view why) noexcept;
    bool fail(std::string_view why, Step& step) noexcept;

    SocketType own_;
    State state_ = State::greeting;
    bool inside_message_ = false;  // the last frame said that more follow
    std::size_t max_frame_bytes_;
    std::uint64_t passing_over_ = 0;  // bytes of a frame that nobody wants
    std::string identity_;
    std::string_view failure_;
};

/// Our greeting: version 3.1, NULL, not the server of anything.
void append_greeting(std::string& out);
void append_ready(SocketType own, std::string& out);
void append_ping(std::string& out);
/// `context`: the PING's.
void append_pong(std::span<const std::uint8_t> context, std::string& out);
/// Write the header of a message frame; returns its length.
[[nodiscard]] std::size_t write_header(std::size_t body_bytes, bool more,
                                       std::span<std::uint8_t, kMaxHeaderBytes> out) noexcept;

}  // namespace fastfront::zmtp
