// SPDX-License-Identifier: Apache-2.0
// The interface of what reads one tool call: text in as it comes, a call_begin and arguments out as soon as it is sure
// that this is a call. Knows nothing of what stands around it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pieces.hpp"

namespace fastfront {

class CallReader {
  public:
    enum class State : std::uint8_t { more, done, failed };

    CallReader() = default;
    CallReader(const CallReader&) = delete;
    CallReader& operator=(const CallReader&) = delete;
    virtual ~CallReader() = default;

    /// Begin anew, with what becomes call number `call` if it is one.
    virtual void begin(std::uint32_t call) = 0;
    /// Read on. Returns how many bytes belong to the call; if it fails, the byte behind them is the one that is wrong.
    virtual std::size_t push(std::string_view text, Pieces& out) = 0;
    /// The text has ended inside of the call: if it is announced, what has begun to be an argument goes out as it is.
    virtual void finish(Pieces& out) = 0;

    [[nodiscard]] virtual State state() const noexcept = 0;
    /// The call has gone out.
    [[nodiscard]] virtual bool is_announced() const noexcept = 0;
    /// What was read and is in no piece: all of it until the call is announced, then what cannot be placed yet.
    [[nodiscard]] virtual std::string_view held() const noexcept = 0;
};

}  // namespace fastfront
