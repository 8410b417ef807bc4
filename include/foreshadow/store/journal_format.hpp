// SPDX-License-Identifier: BSL-1.0
//
// A journal segment as bytes: what it covers, then its changes in frames. The head says for each frame where it is and
// which keys and positions it has, so a reader fetches the frames it needs and no others; each frame is compressed,
// sealed and checked by itself.
//
//    0  4  "FSHJ"                   8  4  stored size of the head
//    4  1  version, 1              12  4  raw size of the head
//    5  1  codec of the head       16 32  HMAC over name, bytes 0 to 15, stored head
//    6  1  cipher                  48     head, then the frames one after the other
//    7  1  zero
//
// Head, before compression (times zigzag, in microseconds; positions of commits as differences):
//    varint after, varint upto
//    varint n; per commit:  varint position, zigzag time
//    varint n; per layout change:  see `layout_format.hpp`
//    varint n; per frame:  varint stored, varint raw, u8 codec, u8 flags (1: range operations), varint changes,
//                          varint first and last position, sized first key, sized last key, HMAC (32)
//
// A frame, before compression, in log order:
//    per change:  varint position (difference), varint ordinal, u8 kind + 8 * hint, sized key, sized payload
//
// A frame's HMAC is over the object's name, "#", its number (u64), and its stored bytes.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/key_set.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/row/change.hpp"
#include "foreshadow/store/detail/bytes.hpp"
#include "foreshadow/store/detail/section.hpp"
#include "foreshadow/store/envelope.hpp"
#include "foreshadow/store/layout_format.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow {

struct journal_commit {
    position at;
    wall_time time;

    friend bool operator==(const journal_commit&, const journal_commit&) = default;
};

/// A frame of a segment, as its head lists it.
struct journal_frame {
    std::uint64_t offset = 0;  ///< in the object
    std::uint32_t stored = 0;
    std::uint32_t raw = 0;
    std::uint8_t codec = 0;
    bool ranges = false;  ///< holds `erase_range` and `replaced`, which every reader reads
    std::uint64_t changes = 0;
    position first;
    position last;
    key first_key;
    key last_key;
    digest seal;

    /// Whether it may hold a change with `after < at <= upto` of a key in `interest`.
    [[nodiscard]] bool concerns(const key_set& interest, position after, position upto) const {
        if (last <= after || first > upto) return false;
        return ranges || interest.overlaps({first_key, successor(last_key)});
    }
};

/// What a segment says before any of its changes is read.
struct journal_directory {
    position after;
    position upto;
    std::vector<journal_commit> commits;
    std::vector<layout_change> layouts;
    std::vector<journal_frame> frames;
    std::uint64_t stored = 0;  ///< bytes fetched to know this
    std::uint64_t end = 0;     ///< size of the whole object
};

namespace detail {

inline constexpr std::string_view journal_magic = "FSHJ";
inline constexpr std::uint8_t journal_version = 1;
inline constexpr std::size_t journal_prelude = 48;

[[nodiscard]] inline std::string encode_journal_head(const journal_directory& directory) {
    std::string head;
    append_varint(directory.after.value, head);
    append_varint(directory.upto.value, head);
    append_varint(directory.commits.size(), head);
    position at = directory.after;
    wall_time time;
    for (const auto& commit : directory.commits) {
        append_varint(commit.at.value - std::exchange(at, commit.at).value, head);
        append_varint(zigzag(commit.time.microseconds - std::exchange(time, commit.time).microseconds), head);
    }
    append_varint(directory.layouts.size(), head);
    for (const auto& change : directory.layouts) append_layout_change(change, head);
    append_varint(directory.frames.size(), head);
    for (const auto& frame : directory.frames) {
        append_varint(frame.stored, head);
        append_varint(frame.raw, head);
        head += static_cast<char>(frame.codec);
        head += static_cast<char>(frame.ranges ? 1 : 0);
        append_varint(frame.changes, head);
        append_varint(frame.first.value, head);
        append_varint(frame.last.value, head);
        append_sized(frame.first_key, head);
        append_sized(frame.last_key, head);
        head += frame.seal.view();
    }
    return head;
}

/// `frames_begin`: where in the object the frames begin.
[[nodiscard]] inline journal_directory decode_journal_head(std::string_view head, std::uint64_t frames_begin) {
    byte_reader reader{head};
    journal_directory directory;
    directory.after.value = reader.varint();
    directory.upto.value = reader.varint();
    directory.commits.resize(reader.count(2));
    position at = directory.after;
    wall_time time;
    for (auto& commit : directory.commits) {
        at.value += reader.varint();
        time.microseconds = static_cast<std::int64_t>(static_cast<std::uint64_t>(time.microseconds) +
                                                      static_cast<std::uint64_t>(unzigzag(reader.varint())));
        commit = {at, time};
    }
    const auto layouts = reader.count(4);
    for (std::size_t i = 0; i < layouts; ++i) directory.layouts.push_back(read_layout_change(reader));
    directory.frames.resize(reader.count(41));
    for (auto& frame : directory.frames) {
        frame.offset = frames_begin;
        const auto stored = reader.varint();
        const auto raw = reader.varint();
        if (stored > 0xffff'ffffU || raw > 0xffff'ffffU) throw error{errc::corrupt, "a frame is larger than any frame"};
        frame.stored = static_cast<std::uint32_t>(stored);
        frame.raw = static_cast<std::uint32_t>(raw);
        frame.codec = reader.u8();
        frame.ranges = reader.u8() != 0;
        frame.changes = reader.varint();
        frame.first.value = reader.varint();
        frame.last.value = reader.varint();
        frame.first_key = reader.text();
        frame.last_key = reader.text();
        frame.seal = digest::from(reader.take(32));
        frames_begin += stored;
    }
    reader.expect_end();
    directory.end = frames_begin;
    return directory;
}

/// Appends a change to a frame; `before` is the position of the one in front of it.
inline void append_change(const change_view& change, position before, std::string& frame) {
    append_varint(change.at.at.value - before.value, frame);
    append_varint(change.at.ordinal, frame);
    frame += static_cast<char>(static_cast<unsigned>(change.kind) + 8 * static_cast<unsigned>(change.hint));
    append_sized(change.key, frame);
    append_sized(change.payload, frame);
}

/// Takes a change off the front of a frame; it points into the frame.
[[nodiscard]] inline change_view read_change(byte_reader& reader, position before) {
    change_view change;
    change.at.at.value = before.value + reader.varint();
    const auto ordinal = reader.varint();
    const unsigned kinds = reader.u8();
    if (ordinal > 0xffff'ffffU || kinds % 8 > static_cast<unsigned>(change_kind::replaced) ||
        kinds / 8 > static_cast<unsigned>(write_hint::moved))
        throw error{errc::corrupt, "a change of a frame is of no known kind"};
    change.at.ordinal = static_cast<std::uint32_t>(ordinal);
    change.kind = static_cast<change_kind>(kinds % 8);
    change.hint = static_cast<write_hint>(kinds / 8);
    change.key = reader.text();
    change.payload = reader.text();
    return change;
}

[[nodiscard]] inline digest frame_seal(const digest& under, const std::string& name, std::uint64_t number,
                                       std::string_view stored) {
    std::string index;
    append_u64(index, number);
    return bound_to(under, name, std::string_view{"#"}, std::string_view{index}, stored);
}

}  // namespace detail

}  // namespace foreshadow
