// SPDX-License-Identifier: Apache-2.0
#include "logprobs.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "detokenizer.hpp"
#include "json_writer.hpp"

namespace fastfront {

namespace {

/// What stands for minus infinity, and for whatever is less than it.
constexpr double kLowest = -9999.0;

/// Rows up to this length are searched for tokens given twice. Longer ones are the engine's top tokens, in which only
/// the first token of the row can come again.
constexpr std::size_t kSearched = 256;
/// From here on names are looked up in a table.
constexpr std::size_t kLinearNames = 32;

/// An id that no vocabulary has, for those that the wire's type allows and tokens do not.
constexpr std::uint32_t kNoToken = std::numeric_limits<std::uint32_t>::max();

std::uint32_t as_token(std::int64_t token_id) noexcept {
    return token_id < 0 || token_id > kNoToken ? kNoToken : static_cast<std::uint32_t>(token_id);
}

/// "0," to "255,", so that a byte costs one copy.
struct ByteText {
    char text[4];
    std::uint8_t size;
};

constexpr std::array<ByteText, 256> make_byte_texts() {
    std::array<ByteText, 256> texts{};
    for (std::size_t byte = 0; byte < 256; ++byte) {
        ByteText& entry = texts[byte];
        if (byte >= 100) entry.text[entry.size++] = static_cast<char>('0' + byte / 100);
        if (byte >= 10) entry.text[entry.size++] = static_cast<char>('0' + byte / 10 % 10);
        entry.text[entry.size++] = static_cast<char>('0' + byte % 10);
        entry.text[entry.size++] = ',';
    }
    return texts;
}

constexpr std::array<ByteText, 256> kByteTexts = make_byte_texts();

void append_bytes(std::string& out, std::string_view text) {
    out.append(R"(,"bytes":[)");
    for (const char c : text) {
        const ByteText& byte = kByteTexts[static_cast<unsigned char>(c)];
        out.append(byte.text, byte.size);
    }
    if (text.empty()) {
        out.push_back(']');
    } else {
        out.back() = ']';
    }
}

std::size_t characters(std::string_view text) noexcept {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

void separate(std::string& list) {
    if (!list.empty()) {
        list.push_back(',');
    }
}

}  // namespace

OwnedLogprobRows::OwnedLogprobRows(const LogprobRows& rows) : rows_(rows) {
    WireArray* const arrays[] = {&rows_.token_ids, &rows_.logprobs, &rows_.ranks};
    for (const WireArray* array : arrays) {
        bytes_.insert(bytes_.end(), array->bytes.begin(), array->bytes.end());
    }
    std::size_t at = 0;
    for (WireArray* array : arrays) {
        const std::size_t size = array->bytes.size();
        array->dtype = {};  // a view of the message, too; `type` says the same
        array->bytes = std::span<const std::uint8_t>(bytes_).subspan(at, size);
        at += size;
    }
}

void LogprobRow::read(const LogprobRows& rows, std::size_t row, std::int64_t kept) {
    entries_.clear();
    const std::size_t columns = rows.columns();
    const std::size_t count = kept < 0 ? columns : std::min<std::size_t>(columns, static_cast<std::size_t>(kept) + 1);
    for (std::size_t column = 0; column < count; ++column) {
        const std::size_t at = row * columns + column;
        const Entry entry{rows.token_ids.integer(at), rows.logprobs.real(at),
                          column == 0 ? rows.ranks.integer(row) : static_cast<std::int64_t>(column)};
        const std::size_t searched = count <= kSearched ? entries_.size() : std::min<std::size_t>(entries_.size(), 1);
        std::size_t known = 0;
        while (known < searched && entries_[known].token_id != entry.token_id) {
            ++known;
        }
        if (known < searched) {
            entries_[known] = entry;
        } else {
            entries_.push_back(entry);
        }
    }
}

const LogprobRow::Entry* LogprobRow::find(std::int64_t token_id) const noexcept {
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.token_id == token_id; });
    return found == entries_.end() ? nullptr : &*found;
}

void LogprobsWriter::push(std::uint32_t token_id, const LogprobRows* rows, std::size_t row) {
    if (rows == nullptr || row >= rows->rows() || rows->columns() == 0) {
        add_without_row(token_id);
        return;
    }
    row_.read(*rows, row, options_->kept);
    add(token_id, row_, context_);
    context_.push(as_token(row_.entries().front().token_id));
}

void LogprobsWriter::push_prompt(std::uint32_t token_id, const LogprobRows& rows, std::size_t row) {
    if (row >= rows.rows() || rows.columns() == 0) {
        add_without_row(token_id);
        return;
    }
    row_.read(rows, row, options_->prompt_kept);
    add(token_id, row_, prompt_context_);
    prompt_context_.push(as_token(row_.entries().front().token_id));
}

void LogprobsWriter::push_first_of_prompt(std::uint32_t token_id) { add_without_row(token_id); }

void LogprobsWriter::add(std::int64_t token_id, const LogprobRow& row, const TokenContext& context) {
    if (row.find(token_id) == nullptr) {
        add_without_row(as_token(token_id));
    } else if (options_->chat) {
        add_chat(token_id, row, context);
    } else {
        add_completion(token_id, row, context);
    }
}

std::string_view LogprobsWriter::decoded(std::int64_t token_id, const TokenContext& context) {
    return text_of_token(*options_->vocab, as_token(token_id), context, scratch_);
}

std::string_view LogprobsWriter::name(std::int64_t token_id, const TokenContext& context) {
    if (!options_->as_token_ids) {
        return decoded(token_id, context);
    }
    name_.assign("token_id:");
    append_json_int(name_, token_id);
    return name_;
}

void LogprobsWriter::add_without_row(std::uint32_t token_id) {
    std::string_view token;
    if (options_->as_token_ids) {
        token = name(token_id, {});
    } else {
        scratch_.clear();
        decode(*options_->vocab, {&token_id, 1}, false, scratch_);
        token = scratch_;
    }
    if (!options_->chat) {
        begin_completion_token(token);
        separate(token_logprobs_);
        token_logprobs_.append("null");
        separate(top_logprobs_);
        top_logprobs_.append("null");
        return;
    }
    separate(content_);
    content_.append(R"({"token":)");
    append_json_string(content_, token);
    // Streams leave out members that were never set.
    const bool stream = options_->style == FloatStyle::pydantic;
    if (!stream) {
        content_.append(R"(,"logprob":-9999.0)");
    }
    append_bytes(content_, token);
    content_.append(stream ? "}" : R"(,"top_logprobs":[]})");
}

void LogprobsWriter::add_chat(std::int64_t token_id, const LogprobRow& row, const TokenContext& context) {
    separate(content_);
    content_.append(R"({"token":)");
    append_json_string(content_, name(token_id, context));
    content_.append(R"(,"logprob":)");
    append_json_float(content_, std::max(row.find(token_id)->logprob, kLowest), options_->style);
    append_bytes(content_, decoded(token_id, context));  // the real text's, even where the token is called by its id
    add_rank(*row.find(token_id));
    content_.append(R"(,"top_logprobs":[)");
    const auto entries = row.entries();
    const bool all = options_->show_all || options_->shown < 0;
    const std::size_t shown =
        all ? entries.size() : std::min(entries.size(), static_cast<std::size_t>(options_->shown));
    for (std::size_t i = 0; i < shown; ++i) {
        content_.append(i == 0 ? R"({"token":)" : R"(,{"token":)");
        const std::string_view token = name(entries[i].token_id, context);
        append_json_string(content_, token);
        content_.append(R"(,"logprob":)");
        append_json_float(content_, std::max(entries[i].logprob, kLowest), options_->style);
        append_bytes(content_, token);
        add_rank(entries[i]);
        content_.push_back('}');
    }
    content_.append("]}");
}

void LogprobsWriter::add_rank(const LogprobRow::Entry& entry) {
    if (options_->ranks) {
        content_.append(R"(,"rank":)");
        append_json_int(content_, entry.rank);
    }
}

void LogprobsWriter::begin_completion_token(std::string_view token) {
    separate(content_);
    append_json_string(content_, token);
    separate(text_offset_);
    append_json_int(text_offset_, next_offset_);
    next_offset_ += characters(token);
}

void LogprobsWriter::add_completion(std::int64_t token_id, const LogprobRow& row, const TokenContext& context) {
    begin_completion_token(name(token_id, context));
    separate(token_logprobs_);
    append_json_float(token_logprobs_, std::max(row.find(token_id)->logprob, kLowest), options_->style);
    add_top(row, context);
}

/// A JSON object cannot have a member twice: of tokens with the same text the first has the place, the last the value.
void LogprobsWriter::add_top(const LogprobRow& row, const TokenContext& context) {
    const auto entries = row.entries();
    const bool all = options_->show_all || options_->shown < 0;
    const std::size_t shown =
        all ? entries.size() : std::min(entries.size(), static_cast<std::size_t>(options_->shown) + 1);
    names_.clear();
    name_ends_.assign(1, 0);
    values_.clear();
    by_name_.clear();
    const auto name_at = [&](std::size_t i) {
        return std::string_view(names_).substr(name_ends_[i], name_ends_[i + 1] - name_ends_[i]);
    };
    for (std::size_t i = 0; i < shown; ++i) {
        const std::string_view token = name(entries[i].token_id, context);
        const double value = std::max(entries[i].logprob, kLowest);
        std::size_t known = 0;
        if (shown <= kLinearNames) {
            while (known < values_.size() && name_at(known) != token) {
                ++known;
            }
        } else {
            known = by_name_.try_emplace(std::string(token), values_.size()).first->second;
        }
        if (known < values_.size()) {
            values_[known] = value;
        } else {
            values_.push_back(value);
            names_.append(token);
            name_ends_.push_back(names_.size());
        }
    }
    separate(top_logprobs_);
    top_logprobs_.push_back('{');
    for (std::size_t i = 0; i < values_.size(); ++i) {
        if (i > 0) {
            top_logprobs_.push_back(',');
        }
        append_json_string(top_logprobs_, name_at(i));
        top_logprobs_.push_back(':');
        append_json_float(top_logprobs_, values_[i], options_->style);
    }
    top_logprobs_.push_back('}');
}

void LogprobsWriter::write(std::string& out) {
    if (options_->chat) {
        out.append(R"({"content":[)").append(content_).append("]}");
    } else {
        out.append(R"({"text_offset":[)").append(text_offset_);
        out.append(R"(],"token_logprobs":[)").append(token_logprobs_);
        out.append(R"(],"tokens":[)").append(content_);
        out.append(R"(],"top_logprobs":[)").append(top_logprobs_).append("]}");
    }
    content_.clear();
    text_offset_.clear();
    token_logprobs_.clear();
    top_logprobs_.clear();
}

void PromptLogprobsWriter::push(const LogprobRows& rows) {
    for (std::size_t row = 0; row < rows.rows() && rows.columns() > 0; ++row) {
        row_.read(rows, row, options_->prompt_kept);
        json_.append(",{");
        for (const LogprobRow::Entry& entry : row_.entries()) {
            if (json_.back() != '{') {
                json_.push_back(',');
            }
            json_.push_back('"');
            append_json_int(json_, entry.token_id);
            json_.append(R"(":{"logprob":)");
            const bool is_lowest = entry.logprob == -std::numeric_limits<double>::infinity();
            append_json_float(json_, is_lowest ? kLowest : entry.logprob, options_->style);
            json_.append(R"(,"rank":)");
            append_json_int(json_, entry.rank);
            json_.append(R"(,"decoded_token":)");
            append_json_string(json_, text_of_token(*options_->vocab, as_token(entry.token_id), context_, scratch_));
            json_.push_back('}');
        }
        json_.push_back('}');
        context_.push(as_token(row_.entries().front().token_id));
    }
}

}  // namespace fastfront
