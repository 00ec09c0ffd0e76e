// SPDX-License-Identifier: Apache-2.0
#include "zmtp.hpp"

#include <algorithm>
#include <array>

namespace fastfront::zmtp {

namespace {

constexpr std::uint8_t kMore = 1;
constexpr std::uint8_t kLarge = 2;
constexpr std::uint8_t kCommand = 4;

// The greeting: signature, version, mechanism, as-server, filler.
constexpr std::size_t kSignatureEnd = 9;
constexpr std::size_t kMajorVersion = 10;
constexpr std::size_t kMechanism = 12;
constexpr std::size_t kMechanismEnd = 32;
constexpr std::string_view kNull = "NULL";

constexpr std::string_view kNoZmtp = "it does not speak ZMTP 3";
constexpr std::string_view kMalformed = "it sent a malformed command";

std::string_view text_of(std::span<const std::uint8_t> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::uint64_t big_endian(std::span<const std::uint8_t> bytes) noexcept {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes) {
        value = value << 8 | byte;
    }
    return value;
}

/// Property names are the same in upper and lower case (RFC 23, "The READY Command").
bool same_name(std::string_view a, std::string_view lower) noexcept {
    return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
        return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
    });
}

void append_command(std::string_view name, std::string_view data, std::string& out) {
    out.push_back(static_cast<char>(kCommand));
    out.push_back(static_cast<char>(1 + name.size() + data.size()));  // ours are all short
    out.push_back(static_cast<char>(name.size()));
    out.append(name).append(data);
}

void append_property(std::string_view name, std::string_view value, std::string& out) {
    out.push_back(static_cast<char>(name.size()));
    out.append(name).append(3, '\0');
    out.push_back(static_cast<char>(value.size()));
    out.append(value);
}

}  // namespace

Decoder::Step Decoder::next(std::span<const std::uint8_t> input) noexcept {
    if (state_ == State::failed) {
        return {.event = Event::failed};
    }
    if (state_ == State::greeting) {
        if (!greeting_fits(input)) {
            return fail(kNoZmtp);
        }
        if (input.size() < kGreetingBytes) {
            return {.wanted = kGreetingBytes};
        }
        state_ = State::handshake;
        return {.event = Event::greeted, .consumed = kGreetingBytes};
    }
    message_begin_ = 0;
    std::size_t at = walked_;
    Step step;
    while (!next_frame(input, at, step)) {
    }
    step.consumed = inside_message_ ? message_begin_ : at;
    walked_ = at - step.consumed;
    step.wanted += walked_;
    return step;
}

/// Checked as far as it has come, so that a stranger is sent away at its first byte.
bool Decoder::greeting_fits(std::span<const std::uint8_t> input) noexcept {
    const std::size_t size = std::min(input.size(), kGreetingBytes);
    if ((size > 0 && input[0] != 0xff) || (size > kSignatureEnd && input[kSignatureEnd] != 0x7f) ||
        (size > kMajorVersion && input[kMajorVersion] < 3)) {
        return false;
    }
    for (std::size_t i = kMechanism; i < std::min(size, kMechanismEnd); ++i) {
        const std::size_t letter = i - kMechanism;
        if (input[i] != (letter < kNull.size() ? static_cast<std::uint8_t>(kNull[letter]) : 0)) {
            return false;
        }
    }
    return true;
}

bool Decoder::next_frame(std::span<const std::uint8_t> input, std::size_t& at, Step& step) noexcept {
    const auto rest = input.subspan(at);
    step.wanted = 2;
    if (rest.size() < 2) {
        return true;
    }
    const std::uint8_t flags = rest[0];
    const bool command = (flags & kCommand) != 0;
    if ((flags & ~(kMore | kLarge | kCommand)) != 0 || (command && (flags & kMore) != 0)) {
        return fail("it sent a frame with flags that there are not", step);
    }
    if (state_ == State::handshake && !command) {
        return fail("it sent a message before READY", step);
    }
    const std::size_t header = (flags & kLarge) != 0 ? kMaxHeaderBytes : 2;
    step.wanted = header;
    if (rest.size() < header) {
        return true;
    }
    const std::uint64_t size = big_endian(rest.subspan(1, header - 1));
    const std::size_t before = command || !inside_message_ ? 0 : std::min(at - message_begin_, max_message_bytes_);
    if (size > (command ? kMaxCommandBytes : max_message_bytes_ - before)) {
        return fail(command ? "it sent a command that is too long" : "it sent a message that is too long", step);
    }
    step.wanted = header + static_cast<std::size_t>(size);
    if (rest.size() < step.wanted) {
        return true;
    }
    const std::size_t frame_begin = at;
    at += step.wanted;
    step.wanted = 0;
    const auto body = rest.subspan(header, static_cast<std::size_t>(size));
    if (command) {
        return on_command(body, step);
    }
    if (!inside_message_) {
        message_begin_ = frame_begin;
        first_header_ = header;
        first_size_ = body.size();
    }
    inside_message_ = (flags & kMore) != 0;
    if (inside_message_) {
        return false;
    }
    step.event = Event::message;
    const auto frames = input.subspan(message_begin_, at - message_begin_);
    step.body = frames.subspan(first_header_, first_size_);
    step.rest = frames.subspan(first_header_ + first_size_);
    return true;
}

bool Decoder::on_command(std::span<const std::uint8_t> body, Step& step) noexcept {
    if (body.empty() || body[0] == 0 || body[0] >= body.size()) {
        return fail(kMalformed, step);
    }
    const std::string_view name = text_of(body.subspan(1, body[0]));
    const auto data = body.subspan(1 + name.size());
    if (name == "ERROR") {
        return fail("it reported an error", step);
    }
    if (state_ == State::handshake) {
        if (name != "READY") {
            return fail("it sent another command before READY", step);
        }
        if (!read_metadata(data)) {
            return fail(failure_.empty() ? kMalformed : failure_, step);
        }
        state_ = State::traffic;
        step.event = Event::ready;
        return true;
    }
    if (name != "PING") {
        return false;  // PONG says no more than any bytes do; what we do not know is not for us
    }
    constexpr std::size_t kTtl = 2;  // how long the peer waits for us: we always answer at once
    if (data.size() < kTtl) {
        return fail(kMalformed, step);
    }
    step.event = Event::ping;
    step.body = data.subspan(kTtl, std::min(data.size() - kTtl, kMaxContextBytes));
    return true;
}

bool Decoder::read_metadata(std::span<const std::uint8_t> properties) noexcept {
    std::string_view type;
    std::string_view identity;
    while (!properties.empty()) {
        const std::size_t name_size = properties[0];
        if (name_size == 0 || properties.size() < 1 + name_size + 4) {
            return false;
        }
        const std::string_view name = text_of(properties.subspan(1, name_size));
        const auto value_size = static_cast<std::size_t>(big_endian(properties.subspan(1 + name_size, 4)));
        properties = properties.subspan(1 + name_size + 4);
        if (properties.size() < value_size) {
            return false;
        }
        const std::string_view value = text_of(properties.first(value_size));
        properties = properties.subspan(value_size);
        if (same_name(name, "socket-type")) {
            type = value;
        } else if (same_name(name, "identity")) {
            identity = value;
        }
    }
    if (type != (own_ == SocketType::router ? "DEALER" : "PUSH")) {
        failure_ = "it is a socket of another type";
        return false;
    }
    if (identity.size() > kMaxIdentityBytes) {
        return false;
    }
    identity_ = identity;
    return true;
}

Decoder::Step Decoder::fail(std::string_view why) noexcept {
    Step step;
    static_cast<void>(fail(why, step));
    return step;
}

bool Decoder::fail(std::string_view why, Step& step) noexcept {
    state_ = State::failed;
    failure_ = why;
    step = {.event = Event::failed};
    return true;
}

bool next_part(std::span<const std::uint8_t>& rest, std::span<const std::uint8_t>& body) noexcept {
    while (rest.size() >= 2) {
        const std::uint8_t flags = rest[0];
        const std::size_t header = (flags & kLarge) != 0 ? kMaxHeaderBytes : 2;
        if (rest.size() < header) {
            return false;
        }
        const std::uint64_t size = big_endian(rest.subspan(1, header - 1));
        if (size > rest.size() - header) {
            return false;
        }
        body = rest.subspan(header, static_cast<std::size_t>(size));
        rest = rest.subspan(header + body.size());
        if ((flags & kCommand) == 0) {
            return true;
        }
    }
    return false;
}

void append_greeting(std::string& out) {
    std::array<char, kGreetingBytes> greeting{};
    greeting[0] = '\xff';
    greeting[kSignatureEnd - 1] = 1;  // as libzmq has it, for peers older than ZMTP 2
    greeting[kSignatureEnd] = '\x7f';
    greeting[kMajorVersion] = 3;
    greeting[kMajorVersion + 1] = 1;
    std::copy(kNull.begin(), kNull.end(), greeting.begin() + kMechanism);
    out.append(greeting.data(), greeting.size());
}

void append_ready(SocketType own, std::string& out) {
    std::string metadata;
    append_property("Socket-Type", own == SocketType::router ? "ROUTER" : "PULL", metadata);
    if (own == SocketType::router) {
        append_property("Identity", "", metadata);
    }
    append_command("READY", metadata, out);
}

void append_ping(std::string& out) {
    append_command("PING", std::string_view("\0\0", 2), out);  // the peer need not hear from us in any time
}

void append_pong(std::span<const std::uint8_t> context, std::string& out) {
    append_command("PONG", text_of(context), out);
}

std::size_t write_header(std::size_t body_bytes, bool more, std::span<std::uint8_t, kMaxHeaderBytes> out) noexcept {
    const bool large = body_bytes > 0xff;
    out[0] = static_cast<std::uint8_t>((more ? kMore : 0) | (large ? kLarge : 0));
    if (!large) {
        out[1] = static_cast<std::uint8_t>(body_bytes);
        return 2;
    }
    for (std::size_t i = 0; i < 8; ++i) {
        out[8 - i] = static_cast<std::uint8_t>(body_bytes >> (8 * i));
    }
    return kMaxHeaderBytes;
}

}  // namespace fastfront::zmtp
