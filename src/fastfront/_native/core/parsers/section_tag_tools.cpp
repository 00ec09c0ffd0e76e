// SPDX-License-Identifier: Apache-2.0
// Names and JSON between special tokens: PLaMo 3 (vllm/parser/plamo3.py) and Inkling, whose blocks of text, thinking
// and calls all end with the same token (vllm/parser/inkling.py).
#include <memory>

#include "content_gate.hpp"
#include "json_arguments.hpp"
#include "mark_reader.hpp"
#include "py_json.hpp"
#include "py_text.hpp"
#include "tag_families.hpp"
#include "tag_names.hpp"

namespace fastfront {

namespace {

constexpr TagFormat kPlamo{
    .block_open = {"<|plamo:begin_tool_requests:plamo|>"},
    .block_close = "<|plamo:end_tool_requests:plamo|>",
    .needs_block = true,
    .call_open = "<|plamo:begin_tool_name:plamo|>",
    .name_close =
        "<|plamo:end_tool_name:plamo|><|plamo:begin_tool_arguments:plamo|><|plamo:constrain|>json<|plamo:msg|>",
    .call_close = "<|plamo:end_tool_arguments:plamo|>",
    .layout = {"<|plamo:begin_tool_request:plamo|>", "<|plamo:end_tool_request:plamo|>"},
    .json_body = true,
    .content_trim = Trim::blank};

enum Role : std::uint8_t { kHeader, kBlock, kCall, kEnd };
enum State : std::uint8_t { kContent, kInHeader, kWrapper, kOddWrapper, kArguments, kBehind };

class InklingParser final : public MarkReader {
  public:
    InklingParser(const ParserSpec& spec, const ParserOptions& options)
        : tools_(options.tools), gate_(layout_rules(Trim::blank)) {
        add_mark("<|message_model|>", kHeader, spec);
        for (const std::string_view text :
             {"<|content_text|>", "<|content_thinking|>", "<|content_invoke_tool_text|>", "<|content_tool_error|>"}) {
            add_mark(text, kBlock, spec);
        }
        add_mark("<|content_invoke_tool_json|>", kCall, spec);
        add_mark("<|end_message|>", kEnd, spec);
        add_mark("<|content_model_end_sampling|>", kEnd, spec);
        expect(kContent, {kHeader, kBlock, kCall, kEnd});
        expect(kInHeader, {kHeader, kBlock, kCall, kEnd});
        for (const std::uint8_t state : {kWrapper, kOddWrapper, kArguments, kBehind}) expect(state, {kEnd});
    }

  private:
    static constexpr std::size_t kMaxHead = 2048;  // bytes of a wrapper before its arguments

    void on_text(std::string_view text, Pieces& out) override {
        switch (state_) {
            case kContent: gate_.text(text, out); break;
            case kArguments:
                text.remove_prefix(json_.feed(text, out));
                if (!text.empty()) behind(text, out);
                break;
            case kBehind: behind(text, out); break;
            default:
                raw_.append(text);
                if (state_ == kWrapper) read_head(out);
        }
    }

    void on_mark(const Mark& mark, Pieces& out) override {
        switch (state_) {
            case kContent:
            case kInHeader:
                if (state_ == kInHeader && mark.role == kEnd) gate_.text(raw_, out);  // a header of nothing is text
                raw_.clear();
                if (mark.role == kCall) raw_.assign(mark.text);
                begin_ = raw_.size();
                state_ = mark.role == kHeader ? kInHeader : mark.role == kCall ? kWrapper : kContent;
                break;
            case kArguments:
            case kBehind: end_call(out); break;
            default:
                read_all(out);
                raw_.append(mark.text);
                if (state_ != kContent) give_back(out);
                raw_.clear();
        }
    }

    /// {"name": "...", "args": and the brace of the arguments: the call can begin.
    void read_head(Pieces& out) {
        std::string_view rest = std::string_view(raw_).substr(begin_);
        std::string_view name;
        const bool fits = rest.size() <= kMaxHead && take(rest, "{") && take(rest, "\"name\"") && take(rest, ":") &&
                          take(rest, "\"") && take_name(rest, name) && take(rest, ",") && take(rest, "\"args\"") &&
                          take(rest, ":");
        rest.remove_prefix(leading_space(rest));
        if (!fits || rest.empty() || rest.front() != '{' || name.empty()) {
            if (!rest.empty()) state_ = kOddWrapper;  // it cannot become that any more
            return;
        }
        begin_call(name, out);
        const std::string arguments(rest);
        raw_.clear();
        state_ = kArguments;
        on_text(arguments, out);
    }

    /// Take `word` and the whitespace before it. False: it is not there, and `rest` is empty if it can still come.
    static bool take(std::string_view& rest, std::string_view word) noexcept {
        rest.remove_prefix(leading_space(rest));
        if (rest.starts_with(word)) {
            rest.remove_prefix(word.size());
            return true;
        }
        if (word.starts_with(rest)) rest = {};
        return false;
    }

    static bool take_name(std::string_view& rest, std::string_view& name) noexcept {
        const std::size_t end = rest.find_first_of("\"\\");
        if (end == std::string_view::npos) rest = {};
        if (end == std::string_view::npos || rest[end] == '\\') return false;
        name = rest.substr(0, end);
        rest.remove_prefix(end + 1);
        return true;
    }

    /// A wrapper of another order, complete.
    void read_all(Pieces& out) {
        const auto wrapper = py_loads(std::string_view(raw_).substr(begin_));
        if (!wrapper || wrapper->kind != JsonValue::Kind::object) return;
        const JsonValue* arguments = nullptr;
        std::string_view name;
        for (const auto& [key, member] : wrapper->members) {
            if (key == "name" && member.kind == JsonValue::Kind::string) name = member.text;
            if (key == "args") arguments = &member;
        }
        if (name.empty() || (arguments != nullptr && arguments->kind != JsonValue::Kind::object)) return;
        begin_call(name, out);
        if (arguments != nullptr) {
            std::string text;
            py_dump(*arguments, text);
            static_cast<void>(json_.feed(text, out));
        }
        end_call(out);
    }

    void begin_call(std::string_view name, Pieces& out) {
        gate_.call();
        out.begin_call(next_call_, name);
        json_.begin(next_call_++, tools_ == nullptr ? nullptr : tools_->find(name));
    }

    void end_call(Pieces& out) {
        json_.end(out);
        gate_.call();
        state_ = kContent;
    }

    /// Of the wrapper nothing is left but its brace.
    void behind(std::string_view text, Pieces& out) {
        state_ = kBehind;
        for (const char c : text) {
            if (c != '}') gate_.text({&c, 1}, out);
        }
    }

    void give_back(Pieces& out) {
        gate_.text(raw_, out);
        raw_.clear();
        state_ = kContent;
    }

    void on_end(Pieces& out) override {
        if (state_ == kArguments) raw_.assign(json_.unsent());
        give_back(out);
        gate_.finish(out);
    }

    std::shared_ptr<const Tools> tools_;
    ContentGate gate_;
    JsonArguments json_;
    std::uint32_t next_call_ = 0;
    std::string raw_;        // a header, or a wrapper as far as no call has come of it
    std::size_t begin_ = 0;  // where in raw_ the wrapper begins
};

std::unique_ptr<OutputParser> make_inkling(const ParserSpec& spec, const ParserOptions& options) {
    return std::make_unique<InklingParser>(spec, options);
}

constexpr std::string_view kInklingTokens[] = {"<|message_model|>",
                                               "<|content_text|>",
                                               "<|content_thinking|>",
                                               "<|content_invoke_tool_json|>",
                                               "<|content_invoke_tool_text|>",
                                               "<|content_tool_error|>",
                                               "<|end_message|>",
                                               "<|content_model_end_sampling|>"};

constexpr ParserEntry kEntries[] = {
    {"inkling", make_inkling, kInklingTokens},
    {"plamo3", make_tag_parser<kPlamo>, {}},
};

}  // namespace

std::span<const ParserEntry> section_tag_parsers() noexcept { return kEntries; }

}  // namespace fastfront
