// SPDX-License-Identifier: Apache-2.0
// Gemma's own grammar: call:name{key:<|"|>text<|"|>,key:5,key:{...},key:[...]} between two tokens
// (vllm/parser/gemma4.py, vllm/tool_parsers/functiongemma_tool_parser.py). Strings go out as they come, other values
// when they are complete.
#include <memory>

#include "argument_writer.hpp"
#include "content_gate.hpp"
#include "gemma_values.hpp"
#include "mark_reader.hpp"
#include "py_text.hpp"
#include "tag_families.hpp"

namespace fastfront {

namespace {

struct Dialect {
    std::string_view open;
    std::string_view close;
    std::string_view quote;
    bool allows_bare = false;  // ":name" for "call:name", and parentheses for braces
    ValueRule rule = ValueRule::schema;
};

enum Role : std::uint8_t { kOpen, kClose, kQuote, kCall, kBrace };
enum State : std::uint8_t { kOutside, kOpening, kName, kArguments, kText };

class GemmaParser final : public MarkReader {
  public:
    GemmaParser(const Dialect& dialect, const ParserSpec& spec, const ParserOptions& options)
        : dialect_(dialect),
          tools_(options.tools),
          gate_(layout_rules(Trim::end)),
          arguments_(dialect.rule, ValueTrim::none, false) {
        add_mark(dialect.open, kOpen, spec);
        add_mark(dialect.close, kClose, spec);
        add_mark(dialect.quote, kQuote, spec);
        add_mark("call:", kCall, spec);
        add_mark("{", kBrace, spec);
        if (dialect.allows_bare) {
            add_mark(":", kCall, spec);
            add_mark("(", kBrace, spec);
        }
        expect(kOutside, {kOpen});
        expect(kOpening, {kOpen, kClose, kCall});
        expect(kName, {kOpen, kClose, kBrace});
        expect(kArguments, {kClose, kQuote});
        expect(kText, {kClose, kQuote});
    }

  private:
    static constexpr std::size_t kMaxName = 1024;

    /// Where in the arguments, outside of a string.
    enum class Where : std::uint8_t { key, value, bare, nested, behind };

    void on_text(std::string_view text, Pieces& out) override {
        switch (state_) {
            case kOutside: gate_.text(text, out); break;
            case kOpening:
                raw_.append(text);
                if (!is_blank(text)) give_back(out);
                break;
            case kName:
                raw_.append(text);
                name_.append(text);
                if (name_.size() > kMaxName) give_back(out);
                break;
            case kArguments:
                for (const char c : text) argument(c, out);
                break;
            default: string_text(text, out);
        }
    }

    void on_mark(const Mark& mark, Pieces& out) override {
        switch (state_) {
            case kOutside:
            case kOpening:
            case kName: on_mark_before(mark, out); break;
            default:
                if (mark.role == kClose) {
                    close(out);
                } else {
                    quote(mark.text, out);
                }
        }
    }

    void on_mark_before(const Mark& mark, Pieces& out) {
        if (mark.role == kOpen) {
            give_back(out);
            raw_.assign(mark.text);
            state_ = kOpening;
            return;
        }
        raw_.append(mark.text);
        if (mark.role == kCall) {
            name_.clear();
            state_ = kName;
        } else if (state_ != kName || !announce(out)) {
            give_back(out);
        } else if (mark.role == kClose) {
            close(out);
        }
    }

    bool announce(Pieces& out) {
        const std::string_view name = py_strip(name_);
        if (name.empty() || name.find_first_of(" \t\r\n<>") != std::string_view::npos) return false;
        gate_.call();
        out.begin_call(next_call_, name);
        arguments_.begin_call(next_call_++, tools_ == nullptr ? nullptr : tools_->find(name));
        raw_.clear();
        begin_key();
        state_ = kArguments;
        return true;
    }

    void begin_key() {
        where_ = Where::key;
        text_.clear();
        raw_.clear();
    }

    void argument(char c, Pieces& out) {
        if (where_ == Where::behind) {
            gate_.text({&c, 1}, out);
            return;
        }
        raw_.push_back(c);
        switch (where_) {
            case Where::key:
                if (c == ':') {
                    key_ = py_strip(text_);
                    const std::size_t size = dialect_.quote.size();
                    if (key_.size() >= 2 * size && key_.starts_with(dialect_.quote) && key_.ends_with(dialect_.quote)) {
                        key_ = key_.substr(size, key_.size() - 2 * size);
                    }
                    text_.clear();
                    where_ = Where::value;
                } else if (text_.empty() && (c == '}' || c == ')')) {
                    raw_.clear();
                    where_ = Where::behind;
                } else if (!text_.empty() || (c != ' ' && c != ',' && c != '\n' && c != '\t')) {
                    text_.push_back(c);
                } else {
                    raw_.clear();
                }
                break;
            case Where::value:
                if (c == ' ' || c == '\n' || c == '\t') break;
                where_ = c == '{' || c == '[' ? Where::nested : Where::bare;
                if (where_ == Where::bare) {
                    bare(c, out);
                    break;
                }
                text_.assign(1, c);
                depth_ = 1;
                break;
            case Where::bare: bare(c, out); break;
            default:
                text_.push_back(c);
                if (in_nested_text_) break;
                depth_ += c == text_.front() ? 1 : 0;
                depth_ -= c == (text_.front() == '{' ? '}' : ']') ? 1 : 0;
                if (depth_ == 0) end_nested(out);
        }
    }

    void bare(char c, Pieces& out) {
        if (c != ',' && c != '}' && c != ']') {
            text_.push_back(c);
            return;
        }
        end_bare(out);
        if (c == '}') where_ = Where::behind;
    }

    void end_bare(Pieces& out) {
        static_cast<void>(arguments_.begin_value(key_, {}, out));
        static_cast<void>(arguments_.value(py_strip(text_), out));
        static_cast<void>(arguments_.end_value(out));
        begin_key();
    }

    void end_nested(Pieces& out) {
        arguments_.add(key_, read_gemma_value(text_, dialect_.quote), out);
        in_nested_text_ = false;
        begin_key();
    }

    void quote(std::string_view text, Pieces& out) {
        raw_.append(text);
        if (state_ == kText) {
            static_cast<void>(arguments_.end_value(out));
            begin_key();
            state_ = kArguments;
        } else if (where_ == Where::value) {
            state_ = kText;
            if (arguments_.begin_value(key_, {}, out)) raw_.clear();
        } else if (where_ == Where::behind) {
            raw_.clear();
            gate_.text(text, out);
        } else {
            text_.append(text);
            if (where_ == Where::nested) in_nested_text_ = !in_nested_text_;
        }
    }

    void string_text(std::string_view text, Pieces& out) {
        raw_.append(text);
        if (arguments_.value(text, out)) raw_.clear();
    }

    /// The call ends, whatever is missing.
    void close(Pieces& out) {
        if (state_ == kText) {
            static_cast<void>(arguments_.end_value(out));
            raw_.clear();
        } else if (state_ == kArguments) {
            if (where_ == Where::bare || where_ == Where::value) end_bare(out);
            if (where_ == Where::nested) end_nested(out);
        }
        gate_.text(raw_, out);  // a key without a value
        raw_.clear();
        gate_.call();
        arguments_.end_call(out);
        state_ = kOutside;
    }

    void on_end(Pieces& out) override {
        if (state_ == kText) arguments_.cut(out);
        give_back(out);
        gate_.finish(out);
    }

    void give_back(Pieces& out) {
        gate_.text(raw_, out);
        raw_.clear();
        state_ = kOutside;
    }

    const Dialect& dialect_;
    std::shared_ptr<const Tools> tools_;
    ContentGate gate_;
    ArgumentWriter arguments_;
    std::uint32_t next_call_ = 0;
    std::string raw_;  // what nothing has come of yet, as the model wrote it
    std::string name_;
    Where where_ = Where::key;
    std::string key_;
    std::string text_;  // of a key, a bare value or a nested one
    int depth_ = 0;
    bool in_nested_text_ = false;
};

constexpr Dialect kGemma4{.open = "<|tool_call>", .close = "<tool_call|>", .quote = "<|\"|>", .allows_bare = true};
constexpr Dialect kFunctionGemma{
    .open = "<start_function_call>", .close = "<end_function_call>", .quote = "<escape>", .rule = ValueRule::json};

template <const Dialect& kDialect>
std::unique_ptr<OutputParser> make(const ParserSpec& spec, const ParserOptions& options) {
    return std::make_unique<GemmaParser>(kDialect, spec, options);
}

constexpr std::string_view kGemma4Tokens[] = {"<|tool_call>", "<tool_call|>", "<|\"|>"};
constexpr std::string_view kFunctionGemmaTokens[] = {"<start_function_call>", "<end_function_call>", "<escape>"};

constexpr ParserEntry kEntries[] = {
    {"functiongemma", make<kFunctionGemma>, kFunctionGemmaTokens},
    {"gemma4", make<kGemma4>, kGemma4Tokens},
};

}  // namespace

std::span<const ParserEntry> gemma_parsers() noexcept { return kEntries; }

}  // namespace fastfront
