// SPDX-License-Identifier: BSL-1.0
//
// The file as a source. A position is the number of commits so far, so the n-th commit is at n. The file is its own
// log and forgets nothing, which makes two functions empty that are the hard ones elsewhere, `acknowledge` and
// `release`, and a hold is lost only where somebody cut the file.
#pragma once

#include "kv_file.hpp"

#include "foreshadow/error.hpp"
#include "foreshadow/run/steady_clock.hpp"
#include "foreshadow/source/source.hpp"

class kv_source {
  public:
    // A chunk is read from one look at the file, so it contains each commit up to some position and none later.
    static constexpr foreshadow::source_traits traits{.prefix_snapshots = true};

    explicit kv_source(kv_file file) : file_{std::move(file)} {}

    foreshadow::task<foreshadow::source_identity> identity() {
        co_return foreshadow::source_identity{file_.name(), "key-value file", file_.path()};
    }
    foreshadow::task<foreshadow::position> hold(std::optional<foreshadow::position> from) {
        const foreshadow::position end{file_.commits().size()};
        if (from && *from > end) throw lost(*from);
        co_return from.value_or(end);
    }
    foreshadow::task<> acknowledge(foreshadow::position) { co_return; }
    foreshadow::task<> release() { co_return; }
    foreshadow::task<foreshadow::position> head() { co_return foreshadow::position{file_.commits().size()}; }
    foreshadow::task<foreshadow::strain> strain() { co_return foreshadow::strain{}; }

    // One partition that is always there. A database that splits would tell how in `log_batch::layouts`.
    foreshadow::task<foreshadow::layout> layout() {
        foreshadow::layout now{{file_.commits().size()}, {}};
        now.partitions.push_back({{1, {0}}, "everything", foreshadow::key_range::all()});
        co_return now;
    }
    foreshadow::task<foreshadow::chunk> read(foreshadow::key_range range, foreshadow::read_budget budget,
                                             foreshadow::row_batch& rows) {
        const auto commits = file_.commits();
        const auto all = kv_file::rows(commits, commits.size());
        foreshadow::chunk made{range, foreshadow::horizon::exactly({commits.size()})};
        const std::size_t most = rows.size() + budget.rows;
        const std::size_t full = rows.bytes() + budget.bytes;
        for (auto row = all.lower_bound(range.begin); row != all.end() && range.ends_after(row->first); ++row) {
            rows.append(row->first, row->second);
            if (rows.size() >= most || rows.bytes() >= full) {
                made.interval.end = row->first + '\0';  // just behind this row the next chunk begins
                break;
            }
        }
        co_return made;
    }
    foreshadow::task<> follow(foreshadow::position after, foreshadow::log_batch& out) {
        // A heartbeat, and where a backup that is stopped leaves.
        if (file_.commits().size() == after.value) co_await clock_.sleep(.02);
        const auto commits = file_.commits();
        if (after.value > commits.size()) throw lost(after);
        out = {after, {commits.size()}, clock_.now(), {}, {}, {}};
        for (std::uint64_t n = after.value + 1; n <= commits.size(); ++n) {
            const kv_commit& c = commits[n - 1];
            const auto kind = c.value ? foreshadow::change_kind::put : foreshadow::change_kind::erase;
            out.commits.push_back({{n}, c.time, out.changes.size(), 1});
            out.changes.append({kind, foreshadow::write_hint::unknown, {{n}, 0}, c.key, c.value.value_or("")});
        }
    }

  private:
    [[nodiscard]] foreshadow::error lost(foreshadow::position p) const {
        return {foreshadow::errc::hold_lost, file_.path() + " ends before " + std::to_string(p.value), "back up anew"};
    }
    kv_file file_;
    foreshadow::steady_clock clock_;
};
static_assert(foreshadow::source<kv_source>);
