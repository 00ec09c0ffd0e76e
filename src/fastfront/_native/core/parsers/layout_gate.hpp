// SPDX-License-Identifier: Apache-2.0
// The text around tool calls on its way out: whitespace that a call may still make layout of the format is held back.
// vLLM strips the content of a whole answer once it has calls; this is what a stream can do of that. Knows no format.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "pieces.hpp"

namespace fastfront {

/// Which whitespace before a call is not content.
enum class Trim : std::uint8_t {
    end,    ///< all of it
    blank,  ///< only if nothing else is before the call
};

class LayoutGate {
  public:
    explicit LayoutGate(Trim trim) noexcept : trim_(trim) {}

    void text(std::string_view text, Pieces& out);
    /// A call begins or markup of it has ended: the whitespace before and behind it is layout.
    void call() noexcept {
        held_.clear();
        has_calls_ = true;
        is_blank_ = true;
    }
    /// The model has ended. Whitespace behind calls is dropped.
    void finish(Pieces& out) {
        if (!has_calls_) out.add_content(held_);
        held_.clear();
    }

  private:
    static constexpr std::size_t kMaxHeld = 4096;  // more whitespace than that is content

    /// Whether whitespace has to wait for what follows.
    [[nodiscard]] bool holds() const noexcept { return is_blank_ || has_calls_ || trim_ == Trim::end; }
    void hold(std::string_view space, Pieces& out);

    Trim trim_;
    bool has_calls_ = false;
    bool is_blank_ = true;  // nothing but whitespace since the beginning or the last call
    std::string held_;
};

}  // namespace fastfront
