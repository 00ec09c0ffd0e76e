// SPDX-License-Identifier: Apache-2.0
// Muse Glimmer's messages: each has a recipient, and only in messages to a tool is <atem:invoke> a call
// (vllm/tool_parsers/muse_glimmer_tool_parser.py). Muse Spark's differ in who gets them (muse_reasoning.hpp), and in
// parameters that are strings by their schema (vLLM 0.33: vllm/tool_parsers/muse_tool_parser.py). Text without any
// message is read as if it were to a tool.
#include <algorithm>
#include <memory>

#include "content_gate.hpp"
#include "mark_reader.hpp"
#include "tag_families.hpp"
#include "tag_names.hpp"

namespace fastfront {

namespace {

std::string_view name_attribute(std::string_view text) noexcept {
    const std::size_t at = text.find(" name=\"");
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + 7);
    const std::size_t end = text.find('"');
    return end == std::string_view::npos ? std::string_view{} : text.substr(0, end);
}

bool read_tag(std::string_view text, ParameterTag& tag) {
    tag.name = name_attribute(text);
    return !tag.name.empty();
}

constexpr TagFormat kAtem{.block_open = {"<atem:function_calls>"},
                          .block_close = "</atem:function_calls>",
                          .call_open = "<atem:invoke",
                          .name_close = ">",
                          .call_close = "</atem:invoke>",
                          .doubled_names = true,
                          .read_name = name_attribute,
                          .parameter_open = "<atem:parameter",
                          .tag_close = ">",
                          .value_close = "</atem:parameter>",
                          .read_tag = read_tag,
                          .value_rule = ValueRule::json,
                          .content_trim = Trim::blank};

constexpr TagFormat kSparkAtem = [] {
    TagFormat format = kAtem;
    format.value_rule = ValueRule::atem;
    return format;
}();

enum Role : std::uint8_t { kStart, kMessage, kEnd };
enum State : std::uint8_t { kHeader, kBody };

class MuseParser final : public MarkReader {
  public:
    MuseParser(const ParserSpec& spec, const ParserOptions& options, bool is_spark)
        : is_spark_(is_spark), gate_(layout_rules(Trim::blank)), calls_(is_spark ? kSparkAtem : kAtem, {}, options) {
        add_mark("<|start|>", kStart, spec);
        add_mark("<|message|>", kMessage, spec);
        add_mark("<|eom|>", kEnd, spec);
        add_mark("<|eot|>", kEnd, spec);
        expect(kHeader, {kStart, kMessage, kEnd});
        expect(kBody, {kStart, kMessage, kEnd});
    }

  private:
    enum class To : std::uint8_t { nobody, tool, user, self, developer };
    static constexpr std::size_t kMaxHeader = 256;

    void on_text(std::string_view text, Pieces& out) override {
        if (state_ == kBody) {
            body(text, out);
            return;
        }
        header_.append(text);
        if (!may_be_header(header_)) give_back(out);
    }

    void on_mark(const Mark& mark, Pieces& out) override {
        switch (mark.role) {
            case kMessage:
                if (state_ == kHeader && is_header(header_)) {
                    to_ = recipient(header_);
                    header_.clear();
                    start_.clear();
                    state_ = kBody;
                    break;
                }
                give_back(out);
                body(mark.text, out);
                break;
            case kStart:
                give_back(out);
                start_ = mark.text;
                state_ = kHeader;
                break;
            default:
                give_back(out);
                if (to_ == To::tool) gate_.call();
                to_ = To::nobody;
                state_ = kHeader;
        }
    }

    /// Whether the text can become "assistant to=name" (behind <|start|>) or " to=name".
    [[nodiscard]] bool may_be_header(std::string_view text) const noexcept {
        if (text.size() > kMaxHeader) return false;
        text.remove_prefix(leading_space(text));
        constexpr std::string_view kRole = "assistant";
        if (!start_.empty()) {
            if (kRole.starts_with(text)) return true;
            if (!text.starts_with(kRole)) return false;
            text.remove_prefix(kRole.size());
            text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
        }
        constexpr std::string_view kTo = "to=";
        if (kTo.starts_with(text)) return true;
        return text.starts_with(kTo) && std::ranges::all_of(text.substr(kTo.size()), [](char c) {
                   return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                          c == '.' || c == '-';
               });
    }

    [[nodiscard]] bool is_header(std::string_view text) const noexcept {
        const std::size_t to = text.find("to=");
        text = text.substr(0, std::min(to, text.size()));
        const std::string_view role = py_strip(text);
        return may_be_header(header_) && role == (start_.empty() ? "" : "assistant");
    }

    [[nodiscard]] To recipient(std::string_view header) const noexcept {
        const std::size_t at = header.find("to=");
        if (at == std::string_view::npos) return is_spark_ ? To::self : To::user;
        const std::string_view name = header.substr(at + 3);
        if (is_spark_ && name == "commentary") return To::user;
        if (is_spark_ && name == "developer") return To::developer;
        return name == "self" ? To::self : name == "user" ? To::user : To::tool;
    }

    void body(std::string_view text, Pieces& out) {
        switch (to_) {
            case To::self: out.add_reasoning(text); break;
            case To::user: gate_.text(text, out); break;
            case To::developer: break;
            default: calls_.push(text, kNoToken, out);
        }
    }

    /// The header so far is none.
    void give_back(Pieces& out) {
        if (state_ != kHeader) return;
        state_ = kBody;
        body(start_, out);
        body(header_, out);
        header_.clear();
        start_.clear();
    }

    void on_end(Pieces& out) override {
        give_back(out);
        calls_.finish(out);
        gate_.finish(out);
    }

    const bool is_spark_;
    ContentGate gate_;
    TagParser calls_;
    To to_ = To::nobody;
    std::string start_;  // the mark that the header began with, if it did
    std::string header_;
};

template <bool kIsSpark>
std::unique_ptr<OutputParser> make(const ParserSpec& spec, const ParserOptions& options) {
    return std::make_unique<MuseParser>(spec, options, kIsSpark);
}

constexpr std::string_view kTokens[] = {"<|start|>", "<|message|>", "<|eom|>", "<|eot|>"};
constexpr ParserEntry kEntries[] = {
    {"muse", make<true>, kTokens}, {"muse_glimmer", make<false>, kTokens}, {"musespark1x", make<true>, kTokens}};

}  // namespace

std::span<const ParserEntry> muse_parsers() noexcept { return kEntries; }

}  // namespace fastfront
