// SPDX-License-Identifier: Apache-2.0
// What the texts between special tokens are in ids, remembered: the next turn of a long chat only has to tokenize what
// is new. Ids are kept in MessagePack's form, so that a prompt goes to the engine as a row of copies. Knows texts and
// ids, and no tokenizer: whoever fills it has made sure that a segment's ids do not depend on its neighbours.
// One thread at a time (the GIL's holder).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hash_index.hpp"
#include "id_run.hpp"
#include "special_tokens.hpp"

namespace fastfront {

struct Piece;

/// A prompt's ids as the elements of a MessagePack array, without its head.
struct EncodedIds {
    std::vector<std::shared_ptr<const IdRun>> parts;  // what comes before `msgpack`
    std::string msgpack;
    std::size_t count = 0;
    std::vector<std::uint32_t> tail;  // the last kTail of them, or all

    static constexpr std::size_t kTail = IdRun::kTail;

    void append(std::span<const std::uint32_t> ids);
    /// Append what pieces of a text are; each must have its ids.
    void append(std::span<const Piece> pieces);
    /// Append runs, of which none is null. Copied only where something is there already.
    void append(std::span<const std::shared_ptr<const IdRun>> runs);
    /// Append the bytes, piece by piece.
    void view(std::vector<std::string_view>& views) const;
    /// All of them, read back.
    [[nodiscard]] std::vector<std::uint32_t> ids() const;
    /// The last of them that is one of `wanted`, if any is. Fast where it is among the last kTail.
    [[nodiscard]] std::optional<std::uint32_t> last_of(std::span<const std::uint32_t> wanted) const;

  private:
    class TailBuilder;
};

/// A special token, or the text between two.
struct Piece {
    std::size_t begin;
    std::size_t end;
    bool special = false;
    std::uint32_t special_id = 0;
    std::uint64_t hash = 0;            // of a text
    std::shared_ptr<const IdRun> ids;  // of a text; null: not known yet
};

/// What pieces of a text are in ids, of which each must have its own.
[[nodiscard]] std::shared_ptr<const IdRun> join(std::span<const Piece> pieces);

class SegmentCache {
  public:
    /// `max_bytes` bounds texts and ids together.
    SegmentCache(SpecialTokens special, std::size_t max_bytes);

    /// Split the text; pieces that are remembered have their ids.
    [[nodiscard]] std::vector<Piece> split(std::string_view text);
    /// Remember what a piece of `split`, whose text is `segment`, is in ids; the piece has them from now on.
    void remember(Piece& piece, std::string_view segment, std::span<const std::uint32_t> ids);

    [[nodiscard]] std::size_t size() const noexcept { return index_.size(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  private:
    struct Slot {
        std::uint64_t hash = 0;
        std::shared_ptr<const IdRun> run;  // null: vacant
        bool used = false;                 // since it was last considered for eviction
    };

    [[nodiscard]] std::uint64_t hash(std::string_view text) const noexcept;
    [[nodiscard]] std::shared_ptr<const IdRun> find(std::uint64_t hash, std::string_view segment);
    void make_room(std::size_t bytes);
    [[nodiscard]] static std::size_t cost(const IdRun& run) noexcept;

    SpecialTokens special_;
    std::size_t max_bytes_;
    std::size_t bytes_ = 0;
    std::uint64_t seeds_[4];
    HashIndex index_;  // of slots_, by the texts' hashes
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> vacant_;
    std::size_t hand_ = 0;  // goes round the slots: what was not used since it last came by is forgotten
};

}  // namespace fastfront
