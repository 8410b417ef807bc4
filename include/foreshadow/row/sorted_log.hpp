// SPDX-License-Identifier: BSL-1.0
//
// Changes sorted by (key, version) within bounded memory: the journal is read once, and then serves every partition
// of a restore. What does not fit is spilled, sorted, to a file without a name, which the system takes back however
// the program ends. Each spilled stretch has a sparse index, so a cursor for any interval opens without reading the
// rest. Not for keeping: the file is gone with the last of the log and its cursors.
#pragma once

#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/row/change.hpp"
#include "foreshadow/row/detail/spill_file.hpp"
#include "foreshadow/row/detail/spilled_stretch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace foreshadow {

/// Sorts the point changes of a log; erasures of whole intervals are collected apart, and `replaced` is passed over.
///
/// Memory: about `memory_bytes` while changes are added; sealed, what was not spilled, and per cursor one block a
/// stretch. Disk: the changes once, for a while up to twice where there are very many stretches. Errors: `full` when
/// the disk is; `unavailable` when the file cannot be made, written or read.
class sorted_log {
    struct state;

  public:
    class cursor;

    explicit sorted_log(std::size_t memory_bytes,
                        std::filesystem::path spill_folder = std::filesystem::temp_directory_path())
        : limit_{std::max<std::size_t>(memory_bytes / 2, 4096)},  // growing doubles what a batch holds
          folder_{std::move(spill_folder)},
          state_{std::make_shared<state>()} {
        state_->block_bytes = std::clamp<std::size_t>(memory_bytes / 256, 1024, std::size_t{64} << 10);
    }

    /// Not after `seal`.
    void add(const change_view& change) {
        if (change.kind == change_kind::replaced) return;
        if (change.kind == change_kind::erase_range) {
            erasures_.push_back({change.at, {key{change.key}, key{change.payload}}});
            return;
        }
        bytes_ += change.key.size() + change.payload.size();
        state_->rest.append(change);
        if (state_->rest.bytes() >= limit_) spill();
    }

    /// Ends the adding: from here on it can be read.
    void seal() {
        if (state_->stretches.empty()) {
            state_->rest.sort();
            return;
        }
        if (!state_->rest.empty()) spill();
        state_->rest = change_batch{};
        while (state_->stretches.size() > fan_in) join();
    }

    /// The changes of `interval`, in order. Several cursors may be open at once, also in several threads; each keeps
    /// alive what it reads from.
    [[nodiscard]] cursor read(key_range interval) const;

    /// In the order in which they were added.
    [[nodiscard]] const std::vector<range_erasure>& erasures() const noexcept { return erasures_; }
    /// Keys and payloads that were added, without erasures of whole intervals.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

  private:
    static constexpr std::size_t fan_in = 64;

    struct state {
        std::size_t block_bytes = 0;
        detail::spill_file file;
        std::vector<detail::spilled_stretch> stretches;
        change_batch rest;  ///< what is in memory
    };

    void spill() {
        if (!state_->file.is_open()) state_->file.open(folder_);
        state_->rest.sort();
        detail::stretch_writer writer{state_->file, state_->block_bytes};
        for (std::size_t i = 0; i < state_->rest.size(); ++i) writer.append(state_->rest[i]);
        state_->stretches.push_back(writer.finish());
        state_->rest.clear();
    }

    /// Joins stretches, so that a cursor has few to read from.
    void join();

    std::size_t limit_;
    std::filesystem::path folder_;
    std::shared_ptr<state> state_;
    std::vector<range_erasure> erasures_;
    std::uint64_t bytes_ = 0;
};

/// Reads the changes of one interval in the order of (key, version), each once.
class sorted_log::cursor {
  public:
    /// Replaces `out` by the next changes, a few hundred kilobytes; false, and empty, at the end.
    ///
    /// Changes of one key and version stay together; those with the same bytes come once, others all come.
    [[nodiscard]] bool next(change_batch& out) {
        out.clear();
        std::size_t group = 0;  // where the changes of the last key and version begin
        while (const change_view* change = heads_.top()) {
            const bool is_same = !out.empty() && out[group].key == change->key && out[group].at == change->at;
            if (!is_same) {
                if (out.bytes() >= batch_bytes) return true;
                group = out.size();
            }
            if (!is_in(out, group, *change)) out.append(*change);
            heads_.advance();
        }
        return !out.empty();
    }

  private:
    friend class sorted_log;
    static constexpr std::size_t batch_bytes = std::size_t{256} << 10;

    cursor(std::shared_ptr<const state> from, key_range interval)
        : from_{std::move(from)}, heads_{from_->file, from_->stretches, from_->rest, std::move(interval)} {}

    [[nodiscard]] static bool is_in(const change_batch& out, std::size_t group, const change_view& change) {
        for (std::size_t i = group; i < out.size(); ++i)
            if (out[i].kind == change.kind && out[i].payload == change.payload) return true;
        return false;
    }

    std::shared_ptr<const state> from_;
    detail::stretch_heads heads_;
};

inline sorted_log::cursor sorted_log::read(key_range interval) const { return cursor{state_, std::move(interval)}; }

inline void sorted_log::join() {
    std::vector<detail::spilled_stretch> joined;
    std::vector<detail::spilled_stretch>& old = state_->stretches;
    for (std::size_t i = 0; i < old.size(); i += fan_in) {
        const auto first = old.begin() + static_cast<std::ptrdiff_t>(i);
        const auto last = old.begin() + static_cast<std::ptrdiff_t>(std::min(i + fan_in, old.size()));
        const std::vector<detail::spilled_stretch> group{std::make_move_iterator(first), std::make_move_iterator(last)};
        detail::stretch_heads heads{state_->file, group, state_->rest, key_range::all()};
        detail::stretch_writer writer{state_->file, state_->block_bytes};
        for (; const change_view* change = heads.top(); heads.advance()) writer.append(*change);
        joined.push_back(writer.finish());
        for (const detail::spilled_stretch& stretch : group) stretch.give_back(state_->file);
    }
    old = std::move(joined);
}

}  // namespace foreshadow
