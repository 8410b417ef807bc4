// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/row/change.hpp"
#include "foreshadow/store/journal_format.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::detail {

/// A segment before it is compressed.
struct segment_content {
    journal_directory head;           // its frames know everything but how they are stored
    std::vector<std::string> frames;  // encoded changes
};

/// A frame that is being filled, for a stretch of bands or for range operations.
struct growing_frame {
    journal_frame about;
    std::string changes;

    void add(const change_view& change, position after) {
        const bool is_first = about.changes == 0;
        append_change(change, is_first ? after : about.last, changes);
        if (is_first) about.first = change.at.at;
        about.last = change.at.at;
        if (is_first || change.key < about.first_key) about.first_key = change.key;
        if (is_first || change.key > about.last_key) about.last_key = change.key;
        ++about.changes;
    }
};

/// Distributes the changes up to `upto` over frames: those of adjacent bands together until they are `least` long,
/// none much longer than `most`. Within a frame, and within a key, in log order.
inline void group_changes(const change_batch& changes, position upto, const std::vector<key>& begins, std::size_t least,
                          std::size_t most, segment_content& out) {
    const auto band_of = [&](key_view k) {
        return static_cast<std::size_t>(std::upper_bound(begins.begin(), begins.end(), k) - begins.begin());
    };
    std::vector<std::size_t> band_bytes(begins.size() + 1);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const auto change = changes[i];
        if (!change.is_range() && change.at.at <= upto)
            band_bytes[band_of(change.key)] += change.key.size() + change.payload.size() + 8;
    }
    std::vector<std::size_t> group_of(band_bytes.size());
    std::size_t groups = 0;
    for (std::size_t band = 0, held = 0; band < band_bytes.size(); ++band) {
        // A band that is long enough by itself stands by itself, whatever came before it.
        if (held >= least || (held > 0 && band_bytes[band] >= least)) {
            ++groups;
            held = 0;
        }
        group_of[band] = groups;
        held += band_bytes[band];
    }
    std::vector<growing_frame> growing(groups + 2);  // the last is for range operations
    growing.back().about.ranges = true;
    const auto end_frame = [&](growing_frame& frame) {
        if (frame.about.changes == 0) return;
        const bool ranges = frame.about.ranges;
        frame.about.raw = static_cast<std::uint32_t>(frame.changes.size());
        out.head.frames.push_back(std::exchange(frame.about, {}));
        out.frames.push_back(std::exchange(frame.changes, {}));
        frame.about.ranges = ranges;
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const auto change = changes[i];
        if (change.at.at > upto) continue;
        auto& frame = change.is_range() ? growing.back() : growing[group_of[band_of(change.key)]];
        if (frame.changes.size() + change.key.size() + change.payload.size() > most) end_frame(frame);
        frame.add(change, out.head.after);
    }
    for (auto& frame : growing) end_frame(frame);
}

}  // namespace foreshadow::detail

namespace foreshadow {

/// The bytes of the object `name`. Frames stay as they are, since another name may have to be tried.
template <class Codec, class Cipher>
[[nodiscard]] std::string close_segment(const detail::sealing<Codec, Cipher>& with, const std::string& name,
                                        const detail::segment_content& content) {
    journal_directory head = content.head;
    std::string frames;
    for (std::size_t i = 0; i < content.frames.size(); ++i) {
        const auto closed = with.close(content.frames[i], name);
        auto& about = head.frames[i];
        about.stored = static_cast<std::uint32_t>(closed.bytes.size());
        about.raw = static_cast<std::uint32_t>(closed.raw);
        about.codec = closed.codec;
        about.seal = detail::frame_seal(with.keys.object, name, i, closed.bytes);
        frames += closed.bytes;
    }
    const auto closed = with.close(detail::encode_journal_head(head), name);
    std::string object{detail::journal_magic};
    object += static_cast<char>(detail::journal_version);
    object += static_cast<char>(closed.codec);
    object += static_cast<char>(Cipher::id);
    object += '\0';
    detail::append_u32(object, static_cast<std::uint32_t>(closed.bytes.size()));
    detail::append_u32(object, static_cast<std::uint32_t>(closed.raw));
    object += detail::bound_to(with.keys.object, name, std::string_view{object}, std::string_view{closed.bytes}).view();
    object += closed.bytes;
    return object += frames;
}

}  // namespace foreshadow
