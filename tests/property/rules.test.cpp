// SPDX-License-Identifier: BSL-1.0
//
// The replay rule and the coverage rule against the true state, over random histories: snapshots that are no prefix
// of the log, journals with gaps, runs, drops, re-creations, truncations, untold replacements, several changes of one
// key or interval in one commit. The rules are restated here key by key and position by position, as naively as can be.
#include "foreshadow/plane/coverage.hpp"
#include "foreshadow/plane/layout_history.hpp"
#include "foreshadow/row/change_row.hpp"
#include "foreshadow/row/conflict_policies.hpp"
#include "foreshadow/row/fold.hpp"
#include "foreshadow/row/merge.hpp"
#include "foreshadow/row/sorted_log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace foreshadow;

namespace {

constexpr int key_count = 12;
using state = std::map<int, std::array<int, 2>>;
using cells = std::pair<int, int>;  // [first, second) of keys

std::string row_key(int k) { return std::string(1, static_cast<char>('a' + k)); }
std::string cut(int k) { return k == 0 || k == key_count ? std::string{} : row_key(k); }
key_range range_of(cells c) { return {cut(c.first), cut(c.second)}; }
bool holds(cells c, int k) { return c.first <= k && k < c.second; }

std::string value_of(const std::array<int, 2>& row) {
    std::string value;
    for (const int column : row) append_column(std::to_string(column), value);
    return value;
}

struct random_source {
    std::mt19937_64 engine;
    int below(int n) { return static_cast<int>(engine() % static_cast<std::uint64_t>(n)); }
    int within(int low, int high) { return low + below(high - low + 1); }
    bool chance(int percent) { return below(100) < percent; }
};

enum class op { put, erase, patch, erase_range, replaced, layout };

struct event {
    op what;
    version at;
    cells keys;
    std::array<int, 2> row{};  // put: the row; patch: column and value
    state rows{};              // replaced
};

void play(state& s, const event& e) {
    switch (e.what) {
        case op::put:
            s[e.keys.first] = e.row;
            break;
        case op::erase:
            s.erase(e.keys.first);
            break;
        case op::patch:
            s.at(e.keys.first)[static_cast<std::size_t>(e.row[0])] = e.row[1];
            break;
        case op::erase_range:
        case op::replaced:
            s.erase(s.lower_bound(e.keys.first), s.lower_bound(e.keys.second));
            s.insert(e.rows.begin(), e.rows.end());
            break;
        case op::layout:
            break;
    }
}

struct history {
    int stride = 1;
    std::vector<std::vector<event>> commits;  // of position (index + 1) * stride
    std::vector<std::pair<version, std::set<cells>>> shapes;
    layout_history layouts;
    std::vector<birth> births;
    std::vector<replacement> replacements;

    [[nodiscard]] position at(std::size_t commit) const { return {static_cast<std::uint64_t>(stride) * (commit + 1)}; }
    [[nodiscard]] int end() const { return stride * static_cast<int>(commits.size()); }
    [[nodiscard]] const std::set<cells>& shape(position t) const {
        const std::set<cells>* found = &shapes.front().second;
        for (const auto& [from, shape] : shapes)
            if (from.at <= t) found = &shape;
        return *found;
    }
};

std::uint64_t next_native = 0;

partition make_partition(cells c, position created, bool born_empty) {
    return {.id = {++next_native, created}, .name = "p", .interval = range_of(c), .born_empty = born_empty};
}

/// Lets the owners of `gone` end and owners of `come` begin.
void reshape(history& h, std::set<cells>& now, std::vector<event>& changes, version at, std::vector<cells> gone,
             std::vector<cells> come, bool born_empty = false) {
    layout_change change{.at = at, .time = {}, .retired = {}, .begun = {}};
    const layout before = h.layouts.current();
    for (const cells& c : gone) {
        change.retired.push_back(before.owner(c.first == 0 ? key{} : cut(c.first))->id);
        now.erase(c);
    }
    for (const cells& c : come) {
        change.begun.push_back(make_partition(c, at.at, born_empty));
        now.insert(c);
    }
    h.layouts.apply(change);
    h.shapes.emplace_back(at, now);
    const cells first = gone.empty() ? come.front() : gone.front();
    const cells last = gone.empty() ? come.back() : gone.back();
    changes.push_back({op::layout, at, {first.first, last.second}});
}

history make_history(random_source& r) {
    history h;
    h.stride = r.chance(70) ? 1 : 3;
    std::set<cells> now{{0, key_count}};
    h.shapes.emplace_back(version{}, now);
    h.layouts = layout_history{layout{{0}, {make_partition({0, key_count}, {0}, false)}}};
    state s;
    const int length = r.within(8, 40);
    for (int n = 0; n < length; ++n) {
        const position here = h.at(h.commits.size());
        std::vector<event> changes;
        const auto next_version = [&] { return version{here, static_cast<std::uint32_t>(changes.size())}; };
        const auto add = [&](event e) {
            play(s, e);
            changes.push_back(std::move(e));
        };
        const auto any_owned = [&] { return *std::next(now.begin(), r.below(static_cast<int>(now.size()))); };
        for (int c = r.within(1, 4); c > 0; --c) {
            const int u = r.below(100);
            const int k = r.below(key_count);
            const bool is_owned = std::any_of(now.begin(), now.end(), [&](cells p) { return holds(p, k); });
            if (u < 42) {
                if (is_owned) add({op::put, next_version(), {k, k + 1}, {r.below(100), r.below(100)}});
            } else if (u < 56) {
                if (is_owned) add({op::erase, next_version(), {k, k + 1}});
            } else if (u < 72) {
                if (is_owned && s.count(k) != 0)
                    add({op::patch, next_version(), {k, k + 1}, {r.below(2), r.below(100)}});
            } else if (u < 77) {
                if (!now.empty()) add({op::erase_range, next_version(), any_owned()});
            } else if (u < 80) {
                if (now.empty()) continue;
                event e{op::replaced, next_version(), any_owned()};
                for (int i = e.keys.first; i < e.keys.second; ++i)
                    if (r.chance(50)) e.rows[i] = {r.below(100), r.below(100)};
                h.replacements.push_back({range_of(e.keys), e.at});
                add(std::move(e));
            } else if (u < 86) {
                if (now.empty()) continue;
                const cells p = any_owned();
                if (p.second - p.first < 2) continue;
                const int middle = r.within(p.first + 1, p.second - 1);
                reshape(h, now, changes, next_version(), {p}, {{p.first, middle}, {middle, p.second}});
            } else if (u < 91) {
                if (now.size() < 2) continue;
                const auto left = std::next(now.begin(), r.below(static_cast<int>(now.size()) - 1));
                const cells a = *left;
                const cells b = *std::next(left);
                if (a.second == b.first) reshape(h, now, changes, next_version(), {a, b}, {{a.first, b.second}});
            } else if (u < 95) {
                if (now.empty()) continue;
                const cells p = any_owned();
                add({op::erase_range, next_version(), p});
                reshape(h, now, changes, next_version(), {p}, {});
            } else {
                std::vector<int> holes;
                for (int i = 0; i < key_count; ++i)
                    if (std::none_of(now.begin(), now.end(), [&](cells p) { return holds(p, i); })) holes.push_back(i);
                if (holes.empty()) continue;
                const int a = holes[static_cast<std::size_t>(r.below(static_cast<int>(holes.size())))];
                int b = a + 1;
                while (std::count(holes.begin(), holes.end(), b) != 0 && r.chance(60)) ++b;
                const version at = next_version();
                const bool born_empty = r.chance(80);
                reshape(h, now, changes, at, {}, {{a, b}}, born_empty);
                if (born_empty) {
                    h.births.push_back({range_of({a, b}), at});
                } else {
                    event e{op::replaced, next_version(), {a, b}};
                    e.rows[a] = {r.below(100), r.below(100)};
                    h.replacements.push_back({range_of(e.keys), e.at});
                    add(std::move(e));
                }
            }
        }
        h.commits.push_back(std::move(changes));
    }
    return h;
}

bool are_in_conflict(const std::vector<event>& a, const std::vector<event>& b) {
    for (const event& x : a)
        for (const event& y : b)
            if (x.keys.first < y.keys.second && y.keys.first < x.keys.second) return true;
    return false;
}

/// An order in which commits become visible: the log's, with neighbours swapped where no lock would order them.
std::vector<std::size_t> visibility(random_source& r, const history& h) {
    std::vector<std::size_t> order(h.commits.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    for (std::size_t swaps = 3 * order.size(); swaps > 0; --swaps) {
        const auto i = static_cast<std::size_t>(r.below(static_cast<int>(order.size()) - 1));
        if (!are_in_conflict(h.commits[order[i]], h.commits[order[i + 1]])) std::swap(order[i], order[i + 1]);
    }
    return order;
}

struct stored_run {
    cells keys;
    change_batch changes;
};

struct backup {
    boxes known;
    std::vector<cells> image_keys;
    std::vector<state> image_rows;
    std::vector<stored_run> runs;
};

void read_image(random_source& r, const history& h, const std::vector<std::size_t>& order, cells keys, backup& out) {
    const int count = r.within(0, static_cast<int>(order.size()));
    std::set<std::size_t> seen(order.begin(), order.begin() + count);
    horizon what;
    std::size_t low = 0;
    while (seen.count(low) != 0) ++low;
    if (low > 0) what.low = h.at(low - 1);
    what.high = what.low;
    state s;
    for (const std::size_t c : seen) {
        for (const event& e : h.commits[c]) play(s, e);
        if (c < low) continue;
        what.also.push_back(h.at(c));
        what.high = h.at(c);
    }
    state rows;
    for (const auto& [k, row] : s)
        if (holds(keys, k)) rows[k] = row;
    out.known.images.push_back({range_of(keys), what, "image", rows.size(), 0});
    out.image_keys.push_back(keys);
    out.image_rows.push_back(std::move(rows));
}

cells any_cells(random_source& r) {
    const int a = r.below(key_count);
    return {a, r.within(a + 1, key_count)};
}

position at_int(int p) { return {static_cast<std::uint64_t>(p)}; }

change_batch journal(const history& h, position after, position upto) {
    change_batch out;
    for (std::size_t c = 0; c < h.commits.size(); ++c) {
        if (h.at(c) <= after || h.at(c) > upto) continue;
        for (const event& e : h.commits[c]) {
            const std::string where = row_key(e.keys.first);
            const key_range range = range_of(e.keys);
            std::string patch;
            switch (e.what) {
                case op::put:
                    out.append({change_kind::put, {}, e.at, where, value_of(e.row)});
                    break;
                case op::erase:
                    out.append({change_kind::erase, {}, e.at, where, {}});
                    break;
                case op::patch:
                    append_patch_column(static_cast<std::uint64_t>(e.row[0]), std::to_string(e.row[1]), patch);
                    out.append({change_kind::patch, {}, e.at, where, patch});
                    break;
                case op::erase_range:
                    out.append({change_kind::erase_range, {}, e.at, range.begin, range.end});
                    break;
                case op::replaced:
                    out.append({change_kind::replaced, {}, e.at, range.begin, range.end});
                    break;
                case op::layout:
                    break;
            }
        }
    }
    return out;
}

void make_run(random_source& r, const history& h, backup& out) {
    const int after = r.below(h.end());
    int upto = r.within(after + 1, h.end());
    const cells keys = any_cells(r);
    for (const replacement& what : h.replacements)
        if (what.at.at > at_int(after) && what.at.at <= at_int(upto) && what.interval.overlaps(range_of(keys)))
            upto = std::min(upto, static_cast<int>(what.at.at.value) - 1);
    if (after >= upto) return;
    run made{.interval = range_of(keys), .after = at_int(after), .upto = at_int(upto), .where = "run", .erasures = {}};
    change_batch changes = journal(h, made.after, made.upto);
    change_batch folded;
    fold(changes, made.interval, folded, made.erasures);
    row_batch rows;
    for (std::size_t i = 0; i < folded.size(); ++i) append_change_row(folded[i], rows);
    stored_run stored{keys, {}};
    for (std::size_t i = 0; i < rows.size(); ++i) stored.changes.append(read_change_row(rows[i]));
    out.known.runs.push_back(std::move(made));
    out.runs.push_back(std::move(stored));
}

backup make_backup(random_source& r, const history& h) {
    backup b;
    b.known.births = h.births;
    b.known.replacements = h.replacements;
    const std::vector<std::size_t> order = visibility(r, h);
    for (int n = r.within(2, 14); n > 0; --n) read_image(r, h, order, any_cells(r), b);
    const bool is_full = r.chance(60);
    for (int p = 0; p < h.end();) {
        const int q = std::min(h.end(), p + r.within(1, 9));
        if (is_full || r.chance(85)) b.known.segments.push_back({at_int(p), at_int(q), "segment", 0, 0});
        if (r.chance(10)) b.known.segments.push_back({at_int(p), at_int(std::min(h.end(), q + 2)), "segment", 0, 0});
        p = q;
    }
    std::shuffle(b.known.segments.begin(), b.known.segments.end(), r.engine);
    for (int n = r.within(0, 8); n > 0; --n) make_run(r, h, b);
    if (r.chance(50))
        for (int a = 0; a < key_count; a += 3) read_image(r, h, order, {a, a + 3}, b);
    return b;
}

// ---- the rules, key by key and position by position --------------------------------------------------------

struct naive {
    const history& h;
    const backup& b;

    [[nodiscard]] bool is_covered(int k, position low, position upto) const {
        for (std::uint64_t p = low.value + 1; p <= upto.value; ++p) {
            const auto lies_over = [&](const auto& box) { return box.after.value < p && p <= box.upto.value; };
            bool is_known = std::any_of(b.known.segments.begin(), b.known.segments.end(), lies_over);
            for (std::size_t i = 0; i < b.known.runs.size(); ++i)
                is_known = is_known ||
                           (holds(b.runs[i].keys, k) && b.known.runs[i].upto <= upto && lies_over(b.known.runs[i]));
            if (!is_known) return false;
        }
        return true;
    }

    /// Whether the key's state at `upto` comes about; `told`: the last position of which anything is known.
    [[nodiscard]] bool is_known(int k, position upto, position told, position newest_image) const {
        const std::string where = row_key(k);
        std::vector<version> untold;
        for (const replacement& what : h.replacements)
            if (what.interval.contains(where) && what.at.at <= told) untold.push_back(what.at);
        for (std::size_t i = 0; i < b.known.images.size(); ++i) {
            const image& what = b.known.images[i];
            if (!holds(b.image_keys[i], k) || what.seen.high > newest_image) continue;
            const bool has_all =
                std::all_of(untold.begin(), untold.end(), [&](version v) { return what.seen.contains(v.at); });
            if (has_all && is_covered(k, what.seen.low, upto)) return true;
        }
        for (const birth& what : h.births) {
            if (!what.interval.contains(where) || what.at.at > told) continue;
            const bool is_last = std::all_of(untold.begin(), untold.end(), [&](version v) { return v < what.at; });
            if (is_last && is_covered(k, {what.at.at.value - 1}, upto)) return true;
        }
        return false;
    }
};

// ---- restoring ---------------------------------------------------------------------------------------------

/// Gives what there is in batches of a few, so that keys fall across them.
template <class Batch>
struct in_pieces {
    std::shared_ptr<const Batch> all;
    std::size_t piece;
    std::size_t next = 0;

    task<bool> operator()(Batch& out) {
        out.clear();
        for (std::size_t end = std::min(all->size(), next + piece); next < end; ++next) copy((*all)[next], out);
        co_return !out.empty();
    }
    static void copy(row_view row, row_batch& out) { out.append(row.key, row.value); }
    static void copy(const change_view& change, change_batch& out) { out.append(change); }
};

merge_plan plan_of(random_source& r, const history& h, const backup& b, const proof_piece& piece, position t) {
    merge_plan plan{.interval = piece.interval,
                    .seen = piece.seen,
                    .since = piece.since,
                    .upto = t,
                    .erasures = {},
                    .base = {},
                    .changes = {},
                    .partition = "p"};
    const auto some = [&] { return static_cast<std::size_t>(r.within(1, 4)); };
    if (piece.image) {
        auto rows = std::make_shared<row_batch>();
        for (const auto& [k, row] : b.image_rows[*piece.image]) {
            if (!piece.interval.contains(row_key(k)) && r.chance(50))
                continue;  // a stream may give more than asked for
            rows->append(row_key(k), value_of(row));
            if (r.chance(5)) rows->append(row_key(k), value_of(row));
        }
        plan.base = in_pieces<row_batch>{rows, some()};
    }
    for (const change_step& step : piece.chain) {
        if (step.is_run) {
            const run& from = b.known.runs[step.run];
            plan.erasures.insert(plan.erasures.end(), from.erasures.begin(), from.erasures.end());
            auto changes = std::make_shared<change_batch>(b.runs[step.run].changes);
            plan.changes.push_back(in_pieces<change_batch>{changes, some()});
            continue;
        }
        const change_batch told = journal(h, step.after, step.upto);
        sorted_log log{4096};
        for (int times = r.chance(10) ? 2 : 1; times > 0; --times)
            for (std::size_t i = 0; i < told.size(); ++i) log.add(told[i]);
        log.seal();
        plan.erasures.insert(plan.erasures.end(), log.erasures().begin(), log.erasures().end());
        auto changes = std::make_shared<change_batch>();
        sorted_log::cursor cursor = log.read(r.chance(50) ? piece.interval : key_range::all());
        static_cast<void>(cursor.next(*changes));
        plan.changes.push_back(in_pieces<change_batch>{changes, some()});
    }
    std::shuffle(plan.changes.begin(), plan.changes.end(), r.engine);
    return plan;
}

task<> run_merge(merge_plan& plan, std::map<std::string, std::string>& out) {
    fail policy;
    merge<fail> merging{std::move(plan), policy};
    row_batch rows;
    std::string last;
    while (true) {
        const bool has_rows = co_await merging.next(rows);
        if (!has_rows) break;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (rows[i].key <= last) throw error{errc::internal, "rows out of order"};
            last = rows[i].key;
            out.emplace(rows[i].key, rows[i].value);
        }
    }
}

std::map<std::string, std::string> restore(boost::asio::io_context& context, merge_plan plan) {
    std::map<std::string, std::string> out;
    std::exception_ptr failure;
    boost::asio::co_spawn(context, run_merge(plan, out), [&](std::exception_ptr e) { failure = std::move(e); });
    context.restart();
    context.run();
    if (failure) std::rethrow_exception(failure);
    return out;
}

struct counts {
    int proved = 0;
    int refused = 0;
    int pieces = 0;
};

void check_position(random_source& r, boost::asio::io_context& context, const history& h, const backup& b, position t,
                    bool with_rows, counts& count) {
    const layout at_t = h.layouts.at(t);
    const std::set<cells>& shape = h.shape(t);
    REQUIRE(at_t.partitions.size() == shape.size());
    const proof found = prove(b.known, at_t, t);
    (found.is_complete() ? count.proved : count.refused) += 1;

    state truth;
    for (std::size_t c = 0; c < h.commits.size() && h.at(c) <= t; ++c)
        for (const event& e : h.commits[c]) play(truth, e);

    const naive rule{h, b};
    for (int k = 0; k < key_count; ++k) {
        CAPTURE(k);
        const std::string where = row_key(k);
        const bool is_owned = std::any_of(shape.begin(), shape.end(), [&](cells p) { return holds(p, k); });
        const auto pieces = std::count_if(found.pieces.begin(), found.pieces.end(),
                                          [&](const proof_piece& p) { return p.interval.contains(where); });
        const bool has_gap =
            std::any_of(found.gaps.begin(), found.gaps.end(), [&](const gap& g) { return g.interval.contains(where); });
        const bool is_known = is_owned && rule.is_known(k, t, t, t);
        REQUIRE(pieces == (is_known ? 1 : 0));
        REQUIRE(has_gap == (is_owned && !is_known));
    }
    for (std::size_t i = 0; i < found.pieces.size(); ++i) {
        const proof_piece& piece = found.pieces[i];
        position reached = piece.seen.low;
        for (const change_step& step : piece.chain) {
            REQUIRE(step.after == reached);
            REQUIRE(step.after < step.upto);
            reached = step.upto;
        }
        REQUIRE(reached == std::max(t, piece.seen.low));
        REQUIRE(at_t.owner(piece.interval.begin)->id == piece.owner);
        if (i > 0 && found.pieces[i - 1].interval.end == piece.interval.begin) {
            proof_piece joined = found.pieces[i - 1];
            joined.interval = piece.interval;
            REQUIRE_FALSE(joined == piece);
        }
        if (!with_rows) continue;
        ++count.pieces;
        std::map<std::string, std::string> expected;
        for (const auto& [k, row] : truth)
            if (piece.interval.contains(row_key(k))) expected.emplace(row_key(k), value_of(row));
        REQUIRE(restore(context, plan_of(r, h, b, piece, t)) == expected);
    }
}

void check_scan(const history& h, const backup& b, position followed) {
    const layout now = h.layouts.current();
    const std::vector<key_range> missing = to_scan(b.known, now, followed);
    const naive rule{h, b};
    for (int k = 0; k < key_count; ++k) {
        CAPTURE(k, followed.value);
        const bool is_owned = now.owner(row_key(k)) != nullptr;
        const bool is_asked =
            std::any_of(missing.begin(), missing.end(), [&](const key_range& m) { return m.contains(row_key(k)); });
        REQUIRE(is_asked == (is_owned && !rule.is_known(k, followed, position::last(), position::last())));
    }
    if (followed == at_int(h.end())) {
        const proof at_end = prove(b.known, now, followed);
        REQUIRE(missing.empty() == at_end.is_complete());
    }
}

}  // namespace

TEST_CASE("whatever the coverage rule proves the replay rule restores, and it refuses nothing else") {
    constexpr std::uint64_t first_seed = 1;
    constexpr std::uint64_t histories = 2500;
    boost::asio::io_context context{1};
    counts count;
    for (std::uint64_t seed = first_seed; seed < first_seed + histories; ++seed) {
        CAPTURE(seed);
        random_source r{std::mt19937_64{seed}};
        const history h = make_history(r);
        const backup b = make_backup(r, h);
        std::set<int> with_rows{h.end()};
        for (int n = 0; n < 6; ++n) with_rows.insert(r.within(0, h.end()));
        for (const layout_change& change : h.layouts.changes()) {
            const int v = static_cast<int>(change.at.at.value);
            if (r.chance(50)) with_rows.insert({std::max(0, v - 1), v, std::min(h.end(), v + 1)});
        }
        for (int t = 0; t <= h.end(); ++t) {
            CAPTURE(t);
            check_position(r, context, h, b, at_int(t), with_rows.count(t) != 0, count);
        }
        check_scan(h, b, at_int(h.end()));
        check_scan(h, b, at_int(r.within(0, h.end())));
    }
    CAPTURE(count.proved, count.refused, count.pieces);
    CHECK(count.proved > 5000);  // else the histories have become too mean to say anything
    CHECK(count.refused > 5000);
}
