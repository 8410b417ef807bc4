// SPDX-License-Identifier: BSL-1.0
//
// What a source of several logs orders them with. Positions order one log, and the core knows one; a sharded database
// has a log a shard, and a commit can have parts in some of them. A cut names a position in each log, and is closed
// where it has all parts of a commit or none. Closed cuts, one after another, are one log: each step from a cut to
// the next is a commit of it, and the position of a cut is the sum of its positions, which grows with every step.
//
// A step is as small as it can be. Two commits that two logs have in opposite orders come in one step, since no closed
// cut lies between them. Which log goes first is the caller's choice, so the order is not given by the logs alone:
// whoever tells it to others makes it durable first, and goes on from there after a restart.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/position.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace foreshadow {

/// What one log has of a commit.
struct commit_part {
    std::uint64_t commit = 0;  ///< names the commit in every log that has a part of it
    std::size_t logs = 1;      ///< how many have one
    bool arrives = false;      ///< keys come from another log by hand-off: told after the parts that do not arrive
    position at;               ///< in its own log
};

class closed_cuts {
  public:
    /// A part that a step has, by its log.
    struct member {
        std::size_t log = 0;
        std::uint64_t commit = 0;

        friend bool operator==(const member&, const member&) = default;
    };

    explicit closed_cuts(std::size_t logs) : ahead_(logs), passed_(logs), cut_(logs) {}

    /// The next part of a log.
    void add(std::size_t log, const commit_part& part) {
        places_[part.commit].push_back({log, passed_[log] + ahead_[log].size(), part.arrives});
        ahead_[log].push_back(part);
    }

    /// Moves the cut on by the smallest closed step that has the next part of `log`, and returns its parts in an order
    /// that keeps the logs' own and hand-offs. Nothing moves, and nothing is returned, where a part is not there yet.
    ///
    /// Errors: `corrupt` where hand-offs contradict one another. Complexity: O(parts of the step · logs).
    [[nodiscard]] std::vector<member> advance(std::size_t log) {
        if (ahead_[log].empty()) return {};
        std::vector<std::size_t> upto(ahead_.size());  // how many parts of each log the step has
        std::vector<std::pair<std::size_t, std::size_t>> unseen{{log, 0}};
        upto[log] = 1;
        while (!unseen.empty()) {
            const auto [of, index] = unseen.back();
            unseen.pop_back();
            const commit_part& part = ahead_[of][index];
            const std::vector<place>& places = places_.find(part.commit)->second;
            if (places.size() < part.logs) return {};
            for (const place& other : places)
                for (const std::size_t needed = other.number - passed_[other.log] + 1; upto[other.log] < needed;)
                    unseen.emplace_back(other.log, upto[other.log]++);
        }
        std::vector<member> step = told(upto);
        take(upto);
        return step;
    }

    /// The last position of each log that the cut has.
    [[nodiscard]] const std::vector<position>& cut() const noexcept { return cut_; }

    /// The position of the cut in the order of all logs.
    [[nodiscard]] position at() const noexcept {
        position sum;
        for (const position each : cut_) sum.value += each.value;
        return sum;
    }

  private:
    struct place {
        std::size_t log;
        std::size_t number;  ///< counted from the beginning of the log
        bool arrives;
    };

    /// One part of each log in turn; one that arrives waits for those of its commit that leave.
    [[nodiscard]] std::vector<member> told(const std::vector<std::size_t>& upto) const {
        std::vector<member> step;
        std::vector<std::size_t> next(upto.size());
        const auto is_told = [&](const place& p) { return p.arrives || p.number - passed_[p.log] < next[p.log]; };
        for (bool moved = true; moved;) {
            moved = false;
            for (std::size_t log = 0; log < upto.size(); ++log) {
                if (next[log] == upto[log]) continue;
                const commit_part& part = ahead_[log][next[log]];
                const std::vector<place>& places = places_.find(part.commit)->second;
                if (part.arrives && !std::all_of(places.begin(), places.end(), is_told)) continue;
                step.push_back({log, part.commit});
                ++next[log];
                moved = true;
            }
        }
        if (next != upto)
            throw error{errc::corrupt, "the logs contradict one another: keys arrive from a log before they left it"};
        return step;
    }

    void take(const std::vector<std::size_t>& upto) {
        for (std::size_t log = 0; log < upto.size(); ++log) {
            for (std::size_t i = 0; i < upto[log]; ++i) {
                cut_[log] = ahead_[log].front().at;
                places_.erase(ahead_[log].front().commit);
                ahead_[log].pop_front();
            }
            passed_[log] += upto[log];
        }
    }

    std::vector<std::deque<commit_part>> ahead_;  ///< of each log, what the cut does not have yet
    std::vector<std::size_t> passed_;             ///< of each log, how many parts the cut has
    std::vector<position> cut_;
    std::unordered_map<std::uint64_t, std::vector<place>> places_;
};

}  // namespace foreshadow
