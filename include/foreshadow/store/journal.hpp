// SPDX-License-Identifier: BSL-1.0
//
// The journal: every change of a source's log, in segments `sources/<source>/journal/<after>-<upto>` without gaps. A
// segment groups changes by the partitions that own their keys, so that restoring one partition reads its own part.
//
// A name is never written twice: when a crash left a segment behind that no checkpoint knows, the next one over the
// same positions takes a suffix (`-1`, `-2`, …). Which segments count is said by the catalog, not by what is there.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/box.hpp"
#include "foreshadow/run/workers.hpp"
#include "foreshadow/store/detail/open_repository.hpp"
#include "foreshadow/store/detail/segment_content.hpp"
#include "foreshadow/store/journal_format.hpp"
#include "foreshadow/store/journal_reader.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow {

struct journal_options {
    std::size_t frame_least = std::size_t{64} << 10;  ///< adjacent bands share a frame until it is this long
    std::size_t frame_most = std::size_t{1} << 20;    ///< a longer stretch of one band is several frames
};

template <class Repository>
class journal_writer {
  public:
    /// Goes on from `after`: the position up to which the journal is whole. The repository outlives the writer.
    journal_writer(Repository& repository, std::string source_id, position after, journal_options options = {})
        : repository_{&repository}, source_{std::move(source_id)}, options_{options}, sealed_{after}, seen_{after} {}

    /// Takes the next batch, a `log_batch`; `at_end` is the layout after it.
    ///
    /// Errors: internal when the batch does not begin where the last one ended.
    template <class Batch>
    void add(const Batch& batch, const layout& at_end) {
        if (batch.after != seen_)
            throw error{errc::internal, "the journal has changes up to " + std::to_string(seen_.value) +
                                            " and was given those after " + std::to_string(batch.after.value)};
        for (const auto& commit : batch.commits) commits_.push_back({commit.at, commit.time});
        for (std::size_t i = 0; i < batch.changes.size(); ++i) changes_.append(batch.changes[i]);
        layouts_.insert(layouts_.end(), batch.layouts.begin(), batch.layouts.end());
        seen_ = batch.upto;
        if (begins_.empty() || at_end.at != layout_at_) {
            begins_.clear();
            for (const auto& part : at_end.partitions) begins_.push_back(part.interval.begin);
            layout_at_ = at_end.at;
        }
    }

    /// Bytes that wait to be sealed.
    [[nodiscard]] std::size_t bytes() const noexcept {
        return changes_.bytes() + commits_.size() * sizeof(journal_commit);
    }
    [[nodiscard]] position sealed() const noexcept { return sealed_; }
    [[nodiscard]] position seen() const noexcept { return seen_; }

    /// Writes what there is from the last seal up to `upto`, also when that is nothing: "no change" is said, not
    /// implied. Nothing when `upto` is sealed already. Batches may be added meanwhile; only one seal at a time.
    ///
    /// Guarantees: durable on return; after an error nothing is forgotten, and `seal` may be called again.
    /// Errors: internal when `upto` has not been added yet; the store's.
    task<std::optional<segment>> seal(position upto) {
        if (upto <= sealed_) co_return std::nullopt;
        if (upto > seen_)
            throw error{errc::internal, "the journal cannot be sealed up to " + std::to_string(upto.value) +
                                            ": it was given changes up to " + std::to_string(seen_.value)};
        auto work = std::make_shared<detail::segment_content>();
        work->head.after = sealed_;
        work->head.upto = upto;
        for (const auto& commit : commits_)
            if (commit.at <= upto) work->head.commits.push_back(commit);
        for (const auto& change : layouts_)
            if (change.at.at <= upto) work->head.layouts.push_back(change);
        detail::group_changes(changes_, upto, begins_, options_.frame_least, options_.frame_most, *work);

        const std::string stem = "sources/" + source_ + "/journal/" + padded(sealed_) + "-" + padded(upto);
        segment made{.after = sealed_, .upto = upto, .where = stem, .changes = 0, .bytes = 0};
        for (const auto& frame : work->head.frames) made.changes += frame.changes;
        for (unsigned attempt = 1;; ++attempt) {
            auto press = [work, seal = repository_->seal(), name = made.where] {
                return close_segment(*seal, name, *work);
            };
            const std::string object = co_await offload(repository_->pool(), std::move(press));
            const bool created = co_await detail::put_if_new(repository_->store(), made.where, object);
            made.bytes = object.size();
            if (created) break;
            made.where = stem + "-" + std::to_string(attempt);
        }
        repository_->count_stored(made.bytes);
        forget(upto);
        co_return made;
    }

  private:
    [[nodiscard]] static std::string padded(position p) {
        const auto digits = std::to_string(p.value);
        return std::string(20 - digits.size(), '0') + digits;
    }

    void forget(position upto) {
        sealed_ = upto;
        std::erase_if(commits_, [&](const auto& commit) { return commit.at <= upto; });
        std::erase_if(layouts_, [&](const auto& change) { return change.at.at <= upto; });
        change_batch rest;
        for (std::size_t i = 0; i < changes_.size(); ++i)
            if (changes_[i].at.at > upto) rest.append(changes_[i]);
        changes_ = std::move(rest);
    }

    Repository* repository_;
    std::string source_;
    journal_options options_;
    position sealed_;
    position seen_;
    std::vector<journal_commit> commits_;
    std::vector<layout_change> layouts_;
    change_batch changes_;
    std::vector<key> begins_;  ///< of the partitions of the latest layout
    position layout_at_;
};

}  // namespace foreshadow
