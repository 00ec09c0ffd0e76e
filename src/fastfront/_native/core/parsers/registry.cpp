// SPDX-License-Identifier: Apache-2.0
#include "registry.hpp"

#include <algorithm>

#include "families.hpp"

namespace fastfront {

namespace {

using Family = std::span<const ParserEntry> (*)() noexcept;

constexpr Family kReasoningFamilies[] = {delimited_reasoning_parsers, special_reasoning_parsers,
                                         harmony_reasoning_parsers, template_reasoning_parsers};
constexpr Family kToolFamilies[] = {json_tool_parsers, xml_tool_parsers, list_tool_parsers, harmony_tool_parsers,
                                    template_tool_parsers};

std::vector<ParserEntry> gather(std::span<const Family> families) {
    std::vector<ParserEntry> all;
    for (const Family family : families) {
        const auto entries = family();
        all.insert(all.end(), entries.begin(), entries.end());
    }
    std::ranges::sort(all, {}, &ParserEntry::name);
    return all;
}

const ParserEntry* find(std::span<const ParserEntry> entries, std::string_view name) noexcept {
    const auto found = std::ranges::find(entries, name, &ParserEntry::name);
    return found == entries.end() ? nullptr : &*found;
}

}  // namespace

std::span<const ParserEntry> reasoning_parsers() {
    static const std::vector<ParserEntry> all = gather(kReasoningFamilies);
    return all;
}

std::span<const ParserEntry> tool_parsers() {
    static const std::vector<ParserEntry> all = gather(kToolFamilies);
    return all;
}

const ParserEntry* find_reasoning_parser(std::string_view name) { return find(reasoning_parsers(), name); }
const ParserEntry* find_tool_parser(std::string_view name) { return find(tool_parsers(), name); }

}  // namespace fastfront
