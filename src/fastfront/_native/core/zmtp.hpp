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

/// What one peer sends, in the order it sends it, but for PINGs inside a message of several frames: they come before
/// it.
class Decoder {
  public:
    enum class Event : std::uint8_t {
        incomplete,  ///< nothing more can be told from these bytes
        greeted,     ///< the peer speaks our language: answer with READY
        ready,       ///< the handshake is done: see identity()
        message,     ///< a message, all of its frames
        ping,        ///< answer with PONG and `body`
        failed,      ///< the peer does not keep to the protocol: see failure(). For good.
    };
    struct Step {
        Event event = Event::incomplete;
        std::size_t consumed = 0;              ///< so many bytes of the input are done with
        std::size_t wanted = 0;                ///< incomplete: so many unconsumed bytes the next event takes at least
        std::span<const std::uint8_t> body{};  ///< of a message's first frame: where it lies in the input
        std::span<const std::uint8_t> rest{};  ///< the frames behind the first, as they came: see next_part()
    };

    /// A message of more than `max_message_bytes` is a failure.
    Decoder(SocketType own, std::size_t max_message_bytes) noexcept
        : own_(own), max_message_bytes_(max_message_bytes) {}

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
    std::size_t max_message_bytes_;
    // A message whose first frame said that more follow: it stays in the input until its last frame has come.
    bool inside_message_ = false;
    std::size_t message_begin_ = 0;  // in the input of this call
    std::size_t walked_ = 0;         // bytes of it that were looked at, and need not be again
    std::size_t first_header_ = 0;
    std::size_t first_size_ = 0;
    std::string identity_;
    std::string_view failure_;
};

/// Take the body of the next frame off `rest`, what a Step told of a message; commands in between are passed over.
/// False: there is none left.
[[nodiscard]] bool next_part(std::span<const std::uint8_t>& rest, std::span<const std::uint8_t>& body) noexcept;

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
