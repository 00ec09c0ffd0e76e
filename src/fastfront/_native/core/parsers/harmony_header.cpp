// SPDX-License-Identifier: Apache-2.0
#include "harmony_header.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace fastfront {

namespace {

constexpr std::string_view kChannel = "<|channel|>";
constexpr std::string_view kConstrain = "<|constrain|>";
constexpr std::string_view kFunctions = "functions.";
constexpr std::string_view kTo = "to=";
constexpr std::string_view kAssistant = "assistant";
constexpr std::string_view kRoles[] = {kAssistant, "user", "system", "developer", "tool"};
/// What the model was taught to use itself: no functions of the client's.
constexpr std::string_view kOwnTools[] = {"python", "browser", "container"};
constexpr std::string_view kSpaces = " \t\n\r\f\v";

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    for (;;) {
        const std::size_t begin = text.find_first_not_of(kSpaces);
        if (begin == std::string_view::npos) return words;
        const std::size_t end = std::min(text.find_first_of(kSpaces, begin), text.size());
        words.push_back(text.substr(begin, end - begin));
        text.remove_prefix(end);
    }
}

/// Take the channel out of a header; false: its name is missing.
bool take_channel(std::string& header, std::string& channel) {
    const std::size_t at = header.find(kChannel);
    if (at == std::string::npos) return true;
    const std::size_t begin = at + kChannel.size();
    const std::size_t end = std::min(header.find_first_of(" \t\n\r\f\v<", begin), header.size());
    channel.assign(header, begin, end - begin);
    header.erase(at, end - at);
    return !channel.empty();
}

bool is_function(std::string_view recipient) noexcept {
    if (recipient.empty() || recipient.starts_with("<|") || recipient == kAssistant) return false;
    if (recipient.starts_with(kFunctions)) return recipient.size() > kFunctions.size();
    return std::ranges::find(kOwnTools, recipient.substr(0, recipient.find('.'))) == std::end(kOwnTools);
}

}  // namespace

std::optional<HarmonyHeader> read_harmony_header(std::string_view text, bool speaks) {
    std::string header(text);
    std::string channel;
    if (!take_channel(header, channel)) return std::nullopt;
    for (std::size_t at = 0; (at = header.find(kConstrain, at)) != std::string::npos; at += 1 + kConstrain.size()) {
        header.insert(at, 1, ' ');
    }
    std::vector<std::string_view> words = words_of(header);
    bool is_ours = speaks;
    if (!words.empty() && words.front() == kAssistant) {
        words.erase(words.begin());
        is_ours = true;
    } else if (!speaks) {
        if (words.empty()) return std::nullopt;
        const bool is_role = std::ranges::find(kRoles, words.front()) != std::end(kRoles);
        if (!is_role && words.size() == 1) return std::nullopt;  // a tool says whom it answers
        words.erase(words.begin());
    }
    // A recipient, then the type of what follows. A single word that is neither marked nor a function's is the type.
    std::string_view recipient;
    std::string_view type;
    if (!words.empty() && !words.back().starts_with(kTo) && (words.size() > 1 || !words[0].starts_with(kFunctions))) {
        type = words.back();
        words.pop_back();
    }
    if (!words.empty()) {
        recipient = words.back();
        if (recipient.starts_with(kTo)) recipient.remove_prefix(kTo.size());
        words.pop_back();
    }
    if (!words.empty()) return std::nullopt;

    HarmonyHeader made;
    if (!is_ours) {
        made.kind = HarmonyHeader::Kind::foreign;
    } else if (is_function(recipient)) {
        made.kind = HarmonyHeader::Kind::call;
        made.function = recipient.starts_with(kFunctions) ? recipient.substr(kFunctions.size()) : recipient;
        made.json_call = type.empty() || type.find("json") != std::string_view::npos;
    } else if (channel == "analysis" || (channel == "commentary" && !recipient.empty() && recipient != kAssistant)) {
        made.kind = HarmonyHeader::Kind::reasoning;
    }
    return made;
}

}  // namespace fastfront
