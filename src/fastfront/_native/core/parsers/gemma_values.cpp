// SPDX-License-Identifier: Apache-2.0
#include "gemma_values.hpp"

#include <algorithm>
#include <string>

#include "py_text.hpp"

namespace fastfront {

namespace {

constexpr int kMaxDepth = 128;

class GemmaReader {
  public:
    GemmaReader(std::string_view text, std::string_view quote) noexcept : text_(text), quote_(quote) {}

    /// The object or array whose first character has been taken.
    void read_nested(JsonValue& value, char open, int depth) {
        JsonMembers members(value);
        if (open == '[') value.kind = JsonValue::Kind::array;
        while (true) {
            skip(" ,\n\t");
            if (done()) return;
            if (text_[at_] == (open == '{' ? '}' : ']')) {
                ++at_;
                return;
            }
            const std::size_t before = at_;
            if (open == '[') {
                read(value.items.emplace_back(), open, depth);
            } else {
                std::string key = read_key();
                JsonValue member;
                read(member, open, depth);
                members.set(std::move(key), std::move(member));
            }
            if (at_ == before) ++at_;  // a bracket that nothing opened
        }
    }

    [[nodiscard]] char take() noexcept { return text_[at_++]; }

  private:
    [[nodiscard]] bool done() const noexcept { return at_ >= text_.size(); }
    [[nodiscard]] bool at_quote() const noexcept { return text_.substr(at_).starts_with(quote_); }
    void skip(std::string_view chars) noexcept {
        while (!done() && chars.find(text_[at_]) != std::string_view::npos) ++at_;
    }

    [[nodiscard]] std::string read_key() {
        const std::size_t end = std::min(text_.find(':', at_), text_.size());
        std::string_view key = py_strip(text_.substr(at_, end - at_));
        at_ = std::min(end + 1, text_.size());
        if (key.size() >= 2 * quote_.size() && key.starts_with(quote_) && key.ends_with(quote_)) {
            key = key.substr(quote_.size(), key.size() - 2 * quote_.size());
        }
        return std::string(key);
    }

    void read(JsonValue& value, char inside, int depth) {
        skip(" \n\t");
        value.kind = JsonValue::Kind::string;
        if (done()) return;
        if (at_quote()) {
            at_ += quote_.size();
            const std::size_t end = std::min(text_.find(quote_, at_), text_.size());
            value.text = text_.substr(at_, end - at_);
            at_ = std::min(end + quote_.size(), text_.size());
            return;
        }
        if ((text_[at_] == '{' || text_[at_] == '[') && depth < kMaxDepth) {
            read_nested(value, take(), depth + 1);
            return;
        }
        const std::string_view ends = inside == '{' ? ",}]" : ",]";
        const std::size_t end = std::min(text_.find_first_of(ends, at_), text_.size());
        value.text = py_strip(text_.substr(at_, end - at_));
        at_ = end;
    }

    std::string_view text_;
    std::string_view quote_;
    std::size_t at_ = 0;
};

}  // namespace

JsonValue read_gemma_value(std::string_view text, std::string_view quote) {
    JsonValue value;
    GemmaReader reader(text, quote);
    reader.read_nested(value, reader.take(), 0);
    return value;
}

}  // namespace fastfront
