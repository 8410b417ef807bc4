// SPDX-License-Identifier: BSL-1.0
//
// The file as a source. A position is the number of commits so far, so the n-th commit is at n. The file is its own
// log and forgets nothing, which makes three functions empty that are the hard ones elsewhere: `acknowledge` and
// `release` have nothing to let go, and a hold can only be lost when somebody cut the file.
#pragma once

#include "kv_file.hpp"

#include "foreshadow/error.hpp"
#include "foreshadow/run/steady_clock.hpp"
#include "foreshadow/source/source.hpp"

class kv_source {
  public:
    // A chunk is read from one look at the file, so it contains each commit up to some position and none later.
    static constexpr fs::source_traits traits{.prefix_snapshots = true};

    explicit kv_source(kv_file file) : file_{std::move(file)} {}

    fs::task<fs::source_identity> identity() {
        co_return fs::source_identity{file_.name(), "key-value file", file_.path()};
    }

    fs::task<fs::position> hold(std::optional<fs::position> from) {
        const fs::position end{file_.commits().size()};
        if (from && *from > end) throw lost(*from);
        co_return from.value_or(end);
    }
    fs::task<> acknowledge(fs::position) { co_return; }
    fs::task<> release() { co_return; }

    // One partition that is always there. A database that splits would tell how in `log_batch::layouts`.
    fs::task<fs::layout> layout() {
        fs::layout now{{file_.commits().size()}, {}};
        now.partitions.push_back({{1, {0}}, "everything", fs::key_range::all()});
        co_return now;
    }

    fs::task<fs::chunk> read(fs::key_range range, fs::read_budget budget, fs::row_batch& rows) {
        const auto commits = file_.commits();
        const auto all = kv_file::rows(commits, commits.size());
        fs::chunk made{range, fs::horizon::exactly({commits.size()})};
        std::size_t count = 0;
        std::size_t bytes = 0;
        for (auto row = all.lower_bound(range.begin); row != all.end() && range.ends_after(row->first); ++row) {
            if (count > 0 && (count >= budget.rows || bytes >= budget.bytes)) {
                made.interval.end = row->first;  // here the next chunk begins
                break;
            }
            rows.append(row->first, row->second);
            ++count;
            bytes += row->first.size() + row->second.size();
        }
        co_return made;
    }

    fs::task<> follow(fs::position after, fs::log_batch& out) {
        auto commits = file_.commits();
        for (int wait = 0; wait < 20 && commits.size() <= after.value; ++wait) {
            co_await clock_.sleep(.005);  // where a backup that is stopped leaves
            commits = file_.commits();
        }
        if (after.value > commits.size()) throw lost(after);
        out.clear();
        out.after = after;
        out.upto = {commits.size()};
        out.now = clock_.now();
        for (std::uint64_t i = after.value; i < commits.size(); ++i) {
            const kv_commit& c = commits[i];
            const fs::change_kind kind = c.value ? fs::change_kind::put : fs::change_kind::erase;
            const fs::position at{i + 1};
            out.commits.push_back({at, c.time, out.changes.size(), 1});
            out.changes.append({kind, fs::write_hint::unknown, {at, 0}, c.key, c.value.value_or("")});
        }
    }
    fs::task<fs::position> head() { co_return fs::position{file_.commits().size()}; }

    fs::task<fs::strain> strain() { co_return fs::strain{}; }

  private:
    [[nodiscard]] fs::error lost(fs::position p) const {
        return {fs::errc::hold_lost, file_.path() + " has no commit " + std::to_string(p.value),
                "somebody cut the file: back it up anew"};
    }
    kv_file file_;
    fs::steady_clock clock_;
};
static_assert(fs::source<kv_source>);
