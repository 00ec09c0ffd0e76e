// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "add_request.hpp"
#include "segment_cache.hpp"

using fastfront::EncodedIds;
using fastfront::IdRun;
using fastfront::Piece;
using fastfront::SegmentCache;
using fastfront::SpecialTokens;

namespace {

using Ids = std::vector<std::uint32_t>;

SpecialTokens specials() { return SpecialTokens({{"<s>", 1}, {"</s>", 70000}}); }

/// The ids of a text: one per byte.
Ids ids_of(std::string_view text) { return {text.begin(), text.end()}; }

/// Encode a text as SegmentEncoder does; `unseen` counts the bytes that were not remembered.
EncodedIds encode(SegmentCache& cache, std::string_view text, std::size_t& unseen) {
    EncodedIds made;
    unseen = 0;
    std::vector<Piece> pieces = cache.split(text);
    for (Piece& piece : pieces) {
        if (!piece.special && !piece.ids) {
            const std::string_view segment = text.substr(piece.begin, piece.end - piece.begin);
            unseen += segment.size();
            cache.remember(piece, segment, ids_of(segment));
        }
    }
    made.append(pieces);
    return made;
}

std::string bytes_of(const EncodedIds& encoded) {
    std::vector<std::string_view> views;
    encoded.view(views);
    std::string bytes;
    for (const std::string_view view : views) {
        bytes += view;
    }
    return bytes;
}

}  // namespace

TEST_CASE("ids of every length come back, and the tail is the last of them") {
    std::mt19937 random(3);
    for (const std::size_t count : {0u, 1u, 31u, 32u, 33u, 255u, 256u, 257u, 1000u}) {
        Ids ids;
        for (std::size_t i = 0; i < count; ++i) {
            ids.push_back(static_cast<std::uint32_t>(random()) >> (random() % 32));
        }
        EncodedIds whole;
        whole.append(ids);
        CHECK(whole.ids() == ids);
        CHECK(whole.count == count);
        CHECK(whole.msgpack.size() == fastfront::msgpack_ids_size(ids));
        // The same in two parts, whichever way they are put in.
        for (const std::size_t cut : {std::size_t{0}, count / 3, count}) {
            EncodedIds first;
            first.append(std::span(ids).first(cut));
            const auto part = IdRun::of(std::span(ids).first(cut));
            const auto rest = IdRun::of(std::span(ids).subspan(cut));
            EncodedIds parts;
            parts.append(std::vector<Piece>{{0, 0, false, 0, 0, part}, {0, 0, false, 0, 0, rest}});
            CHECK(parts.msgpack == whole.msgpack);
            CHECK(parts.tail == whole.tail);
            CHECK(parts.count == count);
            EncodedIds shared;
            shared.append(std::vector<std::shared_ptr<const IdRun>>{part, rest});
            CHECK(bytes_of(shared) == whole.msgpack);
            CHECK(shared.ids() == ids);
            CHECK(shared.tail == whole.tail);
            EncodedIds copied = first;
            copied.append(std::vector<std::shared_ptr<const IdRun>>{rest});
            CHECK(bytes_of(copied) == whole.msgpack);
            CHECK(copied.tail == whole.tail);
            CHECK(shared.count == count);
            EncodedIds behind = first;
            behind.append(std::vector<Piece>{{0, 0, false, 0, 0, rest}, {0, 0, true, 7, 0, nullptr}});
            CHECK(behind.ids().back() == 7);
            CHECK(behind.tail.back() == 7);
            CHECK(behind.tail.size() == std::min(count + 1, EncodedIds::kTail));
            const auto joined =
                fastfront::join(std::vector<Piece>{{0, 0, false, 0, 0, part}, {0, 0, false, 0, 0, rest}});
            CHECK(joined->msgpack() == whole.msgpack);
            CHECK(joined->count() == count);
            CHECK(std::ranges::equal(joined->tail(), whole.tail));
            first.append(std::span(ids).subspan(cut));
            CHECK(first.msgpack == whole.msgpack);
            CHECK(first.tail == whole.tail);
        }
        // The last of some, wherever it stands.
        for (std::size_t at = 0; at < count; at += 1 + count / 7) {
            CHECK(whole.last_of(Ids{ids[at]}) == ids[at]);
            CHECK(whole.last_of(Ids{ids[at], ids.back()}) == ids.back());
        }
        CHECK(whole.last_of(Ids{}) == std::nullopt);
        const bool has_zero = std::ranges::find(ids, 0u) != ids.end();
        CHECK(whole.last_of(Ids{0}) == (has_zero ? std::optional<std::uint32_t>{0} : std::nullopt));
        const std::size_t tail = std::min(count, EncodedIds::kTail);
        CHECK(whole.tail == Ids(ids.end() - static_cast<std::ptrdiff_t>(tail), ids.end()));
    }
}

TEST_CASE("a text is split at special tokens, and nothing of it is lost") {
    SegmentCache cache(specials(), 1 << 20);
    const std::string text = "<s></s>hello there<s>x</s>";
    std::string joined;
    for (const Piece& piece : cache.split(text)) {
        CHECK(piece.begin < piece.end);
        joined += text.substr(piece.begin, piece.end - piece.begin);
    }
    CHECK(joined == text);
    std::size_t unseen = 0;
    CHECK(encode(cache, text, unseen).ids() ==
          Ids{1, 70000, 'h', 'e', 'l', 'l', 'o', ' ', 't', 'h', 'e', 'r', 'e', 1, 'x', 70000});
    CHECK(cache.split("").empty());
}

TEST_CASE("a segment is remembered wherever it stands, however short: chats are full of line feeds between tokens") {
    SegmentCache cache(specials(), 1 << 20);
    std::size_t unseen = 0;
    (void)encode(cache, "<s>a segment</s>\n<s>", unseen);
    CHECK(unseen == 10);
    CHECK(encode(cache, "a segment<s>\n</s>b", unseen).ids().size() == 13);
    CHECK(unseen == 1);
    CHECK(cache.size() == 3);
}

TEST_CASE("what is remembered stays below its bound, and what is used stays longer") {
    SegmentCache cache(specials(), 20'000);
    std::size_t unseen = 0;
    for (int i = 0; i < 500; ++i) {
        (void)encode(cache, "the system prompt of all", unseen);
        CHECK((i == 0) == (unseen != 0));
        (void)encode(cache, "question number " + std::to_string(i), unseen);
        CHECK(cache.bytes() <= 20'000);
    }
    CHECK(cache.size() > 10);
}

TEST_CASE("a segment that stands twice in one text is kept once") {
    SegmentCache cache(specials(), 1 << 20);
    std::size_t unseen = 0;
    const Ids ids = encode(cache, "twice<s>twice<s>once", unseen).ids();
    CHECK(unseen == 14);
    CHECK(cache.size() == 2);
    CHECK(encode(cache, "twice<s>twice<s>once", unseen).ids() == ids);
    CHECK(unseen == 0);
}

TEST_CASE("memory comes back as segments of other sizes take the place of those before") {
    std::mt19937 random(11);
    SegmentCache cache(specials(), 50'000);
    std::size_t unseen = 0;
    for (int i = 0; i < 3000; ++i) {
        const std::string text = std::to_string(i) + std::string(random() % (i % 100 == 0 ? 8000 : 400), 'x');
        CHECK(encode(cache, text, unseen).ids() == ids_of(text));
        CHECK(cache.bytes() <= 50'000);
        CHECK(encode(cache, text, unseen).ids() == ids_of(text));
        CHECK(unseen == 0);
    }
    CHECK(cache.bytes() > 25'000);
}

TEST_CASE("a segment larger than the bound is encoded and not kept") {
    SegmentCache cache(specials(), 1000);
    std::size_t unseen = 0;
    const std::string text(2000, 'x');
    CHECK(encode(cache, text, unseen).count == 2000);
    CHECK(cache.size() == 0);
    CHECK(cache.bytes() == 0);
}

TEST_CASE("texts that differ in one byte anywhere are told apart") {
    SegmentCache cache(specials(), 1 << 20);
    for (const std::size_t size : {8u, 63u, 64u, 65u, 127u, 128u, 200u}) {
        const std::string base(size, 'a');
        std::size_t unseen = 0;
        (void)encode(cache, base, unseen);
        for (std::size_t i = 0; i < size; ++i) {
            std::string other = base;
            other[i] = 'b';
            CHECK(encode(cache, other, unseen).ids() == ids_of(other));
            CHECK(unseen == size);
        }
    }
}
