// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text_recipe.hpp"

using namespace fastfront;

namespace {

std::optional<std::u32string> render(const TextRecipe& recipe, const std::vector<std::u32string>& contents) {
    std::vector<TextView> views(recipe.views());
    for (std::size_t i = 0; i < contents.size(); ++i) views[i] = {contents[i].data(), contents[i].size(), 4, 0};
    if (!recipe.evaluate(views)) return std::nullopt;
    const TextRecipe::Extent extent = recipe.measure(views);
    std::u32string text(extent.size, U'?');
    recipe.write(views, text.data(), 4);
    return text;
}

}  // namespace

TEST_CASE("literals and contents are joined in their order") {
    TextRecipe recipe(2);
    recipe.add_literal(U"[");
    REQUIRE(recipe.add_piece(1));
    recipe.add_literal(U"\u65e5");
    REQUIRE(recipe.add_piece(0));
    recipe.add_literal(U"[");
    CHECK(render(recipe, {U"a", U"b"}) == U"[b\u65e5a[");
}

TEST_CASE("a recipe holds only where every answer is the expected one") {
    TextRecipe recipe(1);
    REQUIRE(recipe.add_guard(0, Question::contains, U"x", true));
    REQUIRE(recipe.add_guard(0, Question::starts_with, U"a", true));
    REQUIRE(recipe.add_guard(0, Question::ends_with, U"b", false));
    REQUIRE(recipe.add_guard(0, Question::equals, U"ax", false));
    REQUIRE(recipe.add_guard(0, Question::non_empty, U"", true));
    REQUIRE(recipe.add_piece(0));
    CHECK(render(recipe, {U"axc"}) == U"axc");
    for (const char32_t* other : {U"ac", U"xa", U"axb", U"ax", U""}) CHECK_FALSE(render(recipe, {other}));
}

TEST_CASE("a cut is a view like the contents: it can be cut, asked about and printed") {
    TextRecipe recipe(2);
    REQUIRE(recipe.add_cut(0, Cut::after, U"|"));
    REQUIRE(recipe.add_cut(2, Cut::strip, std::nullopt));
    REQUIRE(recipe.add_cut(1, Cut::rstrip, U"."));
    REQUIRE(recipe.add_guard(3, Question::non_empty, U"", true));
    REQUIRE(recipe.views() == 5);
    REQUIRE(recipe.add_piece(3));
    REQUIRE(recipe.add_piece(4));
    CHECK(render(recipe, {U"x| y ", U"z.."}) == U"yz");
    CHECK_FALSE(render(recipe, {U"x|  ", U"z"}));
}

TEST_CASE("views that do not exist and empty separators are refused") {
    TextRecipe recipe(1);
    CHECK_FALSE(recipe.add_piece(1));
    CHECK_FALSE(recipe.add_cut(1, Cut::strip, std::nullopt));
    CHECK_FALSE(recipe.add_guard(1, Question::non_empty, U"", true));
    CHECK_FALSE(recipe.add_cut(0, Cut::before, U""));
    CHECK_FALSE(recipe.add_cut(0, Cut::after, std::nullopt));
    CHECK(recipe.views() == 1);
}

TEST_CASE("the extent is that of what is printed, not of what is stored") {
    TextRecipe recipe(1);
    REQUIRE(recipe.add_cut(0, Cut::before, U"|"));
    REQUIRE(recipe.add_piece(1));
    const std::u32string content = U"ab|\U0001F600";
    std::vector<TextView> views(2);
    views[0] = {content.data(), content.size(), 4, 0x10FFFF};
    REQUIRE(recipe.evaluate(views));
    const TextRecipe::Extent extent = recipe.measure(views);
    CHECK(extent.size == 2);
    CHECK(extent.max_char == 0x7F);
    char text[2];
    recipe.write(views, text, 1);
    CHECK(std::string_view(text, 2) == "ab");
}
