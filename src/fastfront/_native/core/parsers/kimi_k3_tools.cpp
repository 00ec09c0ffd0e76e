// SPDX-License-Identifier: Apache-2.0
// Kimi K3's channels: <|open|>call tool="name" index="1"<|sep|> ... <|close|>call<|sep|> inside a channel `tools`, the
// answer in a channel `response` (vllm/tool_parsers/kimi_k3_tool_parser.py). What a tag says lies between two marks.
#include <memory>

#include "argument_writer.hpp"
#include "content_gate.hpp"
#include "mark_reader.hpp"
#include "py_text.hpp"
#include "tag_families.hpp"

namespace fastfront {

namespace {

enum Role : std::uint8_t { kOpen, kClose, kSeparator };
enum State : std::uint8_t { kPlain, kOpenTag, kCloseTag };

/// The value of `key="value"`, its escapes read; empty: none.
std::string attribute(std::string_view text, std::string_view key) {
    const std::string before = std::string(key).append("=\"");
    std::size_t at = text.find(before);
    while (at != std::string_view::npos && at > 0 && text[at - 1] != ' ') at = text.find(before, at + 1);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + before.size());
    const std::size_t end = text.find('"');
    if (end == std::string_view::npos) return {};
    std::string value;
    for (std::size_t i = 0; i < end;) {
        const std::string_view rest = text.substr(i, end - i);
        if (rest.starts_with("&quot;")) {
            value.push_back('"');
            i += 6;
        } else if (rest.starts_with("&amp;")) {
            value.push_back('&');
            i += 5;
        } else {
            value.push_back(text[i++]);
        }
    }
    return value;
}

class KimiK3Parser final : public MarkReader {
  public:
    KimiK3Parser(const ParserSpec& spec, const ParserOptions& options)
        : tools_(options.tools), gate_(layout_rules(Trim::blank)), arguments_(ValueRule::json, ValueTrim::none, false) {
        add_mark("<|open|>", kOpen, spec);
        add_mark("<|close|>", kClose, spec);
        add_mark("<|sep|>", kSeparator, spec);
        expect(kPlain, {kOpen, kClose});
        expect(kOpenTag, {kOpen, kClose, kSeparator});
        expect(kCloseTag, {kOpen, kClose, kSeparator});
    }

  private:
    enum class Where : std::uint8_t { outside, tools, call, value };
    static constexpr std::size_t kMaxTag = 1024;  // bytes; longer text is none

    void on_text(std::string_view text, Pieces& out) override {
        if (state_ == kPlain) {
            plain(text, out);
            return;
        }
        tag_.append(text);
        if (tag_.size() > kMaxTag) give_back(out);
    }

    void on_mark(const Mark& mark, Pieces& out) override {
        if (mark.role != kSeparator) {
            give_back(out);
            open_ = mark.text;
            state_ = mark.role == kOpen ? kOpenTag : kCloseTag;
            return;
        }
        const bool is_known = state_ == kOpenTag ? opened(out) : closed(out);
        if (is_known) {
            state_ = kPlain;
            tag_.clear();
        } else {
            tag_.append(mark.text);
            give_back(out);
        }
    }

    /// Text of whatever is open.
    void plain(std::string_view text, Pieces& out) {
        if (where_ != Where::value) {
            gate_.text(text, out);
        } else if (arguments_.value(text, out)) {
            raw_.clear();
        }
    }

    /// The tag so far is none.
    void give_back(Pieces& out) {
        if (state_ == kPlain) return;
        state_ = kPlain;
        const std::string text = std::string(open_).append(tag_);
        tag_.clear();
        plain(text, out);
    }

    bool opened(Pieces& out) {
        const std::string_view text = py_strip(tag_);
        const std::string_view word = text.substr(0, text.find_first_of(" \t\r\n"));
        if (where_ == Where::value) return false;
        if (where_ == Where::outside) {
            if (text != "tools" && text != "response") return false;
            if (text == "tools") where_ = Where::tools;
            return true;
        }
        if (where_ == Where::tools && word == "call") {
            const std::string name = attribute(text, "tool");
            if (name.empty()) return false;
            gate_.call();
            out.begin_call(next_call_, name);
            arguments_.begin_call(next_call_++, tools_ == nullptr ? nullptr : tools_->find(name));
            where_ = Where::call;
            return true;
        }
        if (where_ != Where::call || word != "argument") return false;
        gate_.call();
        const std::string type = attribute(text, "type");
        raw_ = std::string(open_).append(tag_).append("<|sep|>");
        if (arguments_.begin_value(attribute(text, "key"), type.empty() ? "string" : type, out)) raw_.clear();
        where_ = Where::value;
        return true;
    }

    bool closed(Pieces& out) {
        const std::string_view word = py_strip(tag_);
        if (word == "argument" && where_ == Where::value) {
            end_value(out);
            return true;
        }
        if (word == "call" && (where_ == Where::value || where_ == Where::call)) {
            if (where_ == Where::value) end_value(out);
            gate_.call();
            arguments_.end_call(out);
            where_ = Where::tools;
            return true;
        }
        const bool is_channel = (word == "tools" && where_ == Where::tools) ||
                                (where_ == Where::outside && (word == "response" || word == "message"));
        if (!is_channel) return false;
        gate_.call();  // behind a channel, whitespace is layout
        where_ = Where::outside;
        return true;
    }

    void end_value(Pieces& out) {
        static_cast<void>(arguments_.end_value(out));
        raw_.clear();
        where_ = Where::call;
    }

    void on_end(Pieces& out) override {
        give_back(out);
        if (where_ == Where::value) {
            arguments_.cut(out);
            raw_.append(arguments_.unsent());
            gate_.text(raw_, out);
        }
        gate_.finish(out);
    }

    std::shared_ptr<const Tools> tools_;
    ContentGate gate_;
    ArgumentWriter arguments_;
    std::uint32_t next_call_ = 0;
    Where where_ = Where::outside;
    std::string_view open_;  // the mark that the tag began with
    std::string tag_;
    std::string raw_;  // the tag of a value that has not gone out
};

std::unique_ptr<OutputParser> make(const ParserSpec& spec, const ParserOptions& options) {
    return std::make_unique<KimiK3Parser>(spec, options);
}

constexpr std::string_view kTokens[] = {"<|open|>", "<|close|>", "<|sep|>"};
constexpr ParserEntry kEntries[] = {{"kimi_k3", make, kTokens}};

}  // namespace

std::span<const ParserEntry> kimi_k3_parsers() noexcept { return kEntries; }

}  // namespace fastfront
