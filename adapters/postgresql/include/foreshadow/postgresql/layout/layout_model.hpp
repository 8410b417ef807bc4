// SPDX-License-Identifier: BSL-1.0
//
// The tables as the log has them: what a hold found, and each change of it that the event triggers told. Every table
// with a key is a partition, under its oid, whatever tree it is a leaf of: so attaching and detaching moves no row, and
// a split is what its users do: new tables, rows inserted, an old table dropped. That it was one, lineage is told by
// the ranges that partitions had and have. All that a commit does to the layout is one change, before its first row.
#pragma once

#include "foreshadow/json/tree.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/postgresql/layout/bound_ranges.hpp"
#include "foreshadow/postgresql/layout/moved_bounds.hpp"
#include "foreshadow/postgresql/table/definition_key.hpp"
#include "foreshadow/postgresql/table/table.hpp"
#include "foreshadow/source/log_batch.hpp"
#include "foreshadow/source/omission.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

/// The one partition that is no table.
[[nodiscard]] inline partition definitions_partition() {
    return {.id = {}, .name = "definitions", .interval = definitions_interval(), .holds = content::definitions};
}

/// Where changes of one commit go.
struct commit_writer {
    position at;
    wall_time time;
    log_batch& out;
    std::uint32_t ordinal = 1;  ///< before it stands what the commit does to the layout

    [[nodiscard]] version upcoming() const { return {at, ordinal}; }
    [[nodiscard]] version next() { return {at, ordinal++}; }
    void append(change_kind kind, std::string_view k, std::string_view payload, write_hint hint = write_hint::unknown) {
        out.changes.append({kind, hint, next(), k, payload});
    }
    void append(change_kind kind, const key_range& range) { append(kind, range.begin, range.end); }
};

class layout_model {
  public:
    /// Whose partition a table is, and for what.
    struct place {
        object_id parent = 0;
        std::string bound;

        friend bool operator==(const place&, const place&) = default;
    };
    /// A table with the partition that it is.
    struct entry {
        table what;
        partition_id id;
        place told = {};             ///< where it is, as lineage has it: nowhere while it is not captured
        wall_time waits = {};        ///< since when it is elsewhere, and somebody is to cover its range
        bool is_born_empty = false;  ///< in this commit

        [[nodiscard]] place now() const { return {what.parent, what.bound}; }
    };

    /// Adds a table that was there when the log was held.
    void add(table found, position held) {
        const object_id oid = found.oid;
        place where = found.is_captured() ? place{found.parent, found.bound} : place{};
        tables_.insert_or_assign(oid, entry{std::move(found), {oid, held}, std::move(where)});
    }

    /// The table, or null.
    [[nodiscard]] const table* find(object_id oid) const {
        const auto found = tables_.find(oid);
        return found == tables_.end() ? nullptr : &found->second.what;
    }
    /// The first captured table from this number on, or null.
    [[nodiscard]] const table* first_captured(object_id from) const {
        for (auto t = tables_.lower_bound(from); t != tables_.end(); ++t)
            if (t->second.what.is_captured()) return &t->second.what;
        return nullptr;
    }
    [[nodiscard]] const std::map<object_id, entry>& tables() const noexcept { return tables_; }

    /// As of `at`, after the last whole commit.
    [[nodiscard]] layout layout_at(position at) const {
        std::map<object_id, const entry*> laid;
        for (const auto& [oid, t] : tables_)
            if (t.what.is_captured()) laid.emplace(oid, &t);
        for (const auto& [oid, was] : before_) {
            laid.erase(oid);
            if (is_laid(was)) laid.emplace(oid, &*was);
        }
        layout shape{at, {definitions_partition()}};
        for (const auto& [oid, t] : laid) shape.partitions.push_back(partition_of(*t));
        return shape;
    }
    [[nodiscard]] std::vector<omission> omissions() const {
        std::vector<omission> all;
        for (const auto& [oid, t] : tables_) t.what.append_omissions(all);
        return all;
    }

    /// Applies what an event trigger told in a commit, and writes what follows from it. `touched`: tables that were
    /// written in the same commit before anything was told of them; those that were dropped are taken out.
    ///
    /// Errors: `hold_lost` where the trigger could not tell what happened.
    void apply(std::string_view message, std::set<object_id>& touched, commit_writer& to) {
        const auto told = foreshadow::detail::json_tree_of(message);
        if (!told) throw error{errc::corrupt, "the log tells of a change of schema in a way that is not understood"};
        if (const auto* why = told->find("untold"); why != nullptr)
            throw error{errc::hold_lost,
                        "a change of schema could not be told in the log: " + described<std::string>(*why),
                        "the database is read again"};
        for (const json_tree& each : described<json_tree::list>(described_member(*told, "dropped"))) {
            const auto oid = static_cast<object_id>(described_number(each));
            drop(oid, to);
            touched.erase(oid);
        }
        std::set<object_id> created;
        for (const json_tree& oid : described<json_tree::list>(described_member(*told, "created")))
            created.insert(static_cast<object_id>(described_number(oid)));
        for (const json_tree& t : described<json_tree::list>(described_member(*told, "tables"))) {
            table now = read_table(t);
            const bool is_empty = created.count(now.oid) != 0 && touched.count(now.oid) == 0;
            take(std::move(now), is_empty, to);
        }
        for (const json_tree& oid : described<json_tree::list>(described_member(*told, "rewritten"))) {
            const table* t = find(static_cast<object_id>(described_number(oid)));
            if (t != nullptr && t->is_captured()) to.append(change_kind::replaced, t->interval());
        }
        has_new_schema_ = has_new_schema_ || described<bool>(described_member(*told, "schema"));
    }

    /// Ends a commit. The dump of the schema leaves partitions out, so it is replaced only where something else has
    /// changed from the commit's beginning to its end: a table that was made to become a partition has not.
    void end_commit(commit_writer& to) {
        if (before_.empty() && !has_new_schema_) return;
        for (const auto& [oid, before] : before_)
            has_new_schema_ = has_new_schema_ || dumped(before ? &before->what : nullptr) != dumped(find(oid));
        if (has_new_schema_) to.append(change_kind::replaced, schema_interval());
        layout_change change{.at = {to.at, 0}, .time = to.time, .retired = {}, .begun = {}};
        settle(change);
        lay(change);
        if (!change.retired.empty() || !change.begun.empty()) to.out.layouts.push_back(std::move(change));
        before_.clear();
        has_new_schema_ = false;
    }

    /// As a text that `parse` reads.
    [[nodiscard]] std::string text() const {
        std::string all;
        for (const auto& [oid, t] : tables_) {
            all += (all.empty() ? "[{\"native\":" : ",{\"native\":") + std::to_string(t.id.native) +
                   ",\"created\":" + std::to_string(t.id.created.value) + ",\"table\":" + t.what.text;
            if (t.told != t.now())
                all += ",\"parent\":" + std::to_string(t.told.parent) +
                       ",\"bound\":" + foreshadow::detail::text_of(json_tree{t.told.bound}) +
                       ",\"waits\":" + std::to_string(t.waits.microseconds);
            all += "}";
        }
        return all.empty() ? "[]" : all + "]";
    }
    [[nodiscard]] static layout_model parse(std::string_view text) {
        const auto tree = foreshadow::detail::json_tree_of(text);
        if (!tree) throw error{errc::corrupt, "the layout that the hold keeps is no JSON"};
        layout_model model;
        for (const json_tree& one : described<json_tree::list>(*tree)) {
            table t = read_table(described_member(one, "table"));
            const object_id oid = t.oid;
            const partition_id id{static_cast<std::uint64_t>(described_number(described_member(one, "native"))),
                                  {static_cast<std::uint64_t>(described_number(described_member(one, "created")))}};
            entry known{std::move(t), id};
            if (known.what.is_captured()) known.told = known.now();
            if (one.find("bound") != nullptr) {
                known.told.parent = static_cast<object_id>(described_number(described_member(one, "parent")));
                known.told.bound = described<std::string>(described_member(one, "bound"));
                known.waits = {described_number(described_member(one, "waits"))};
            }
            model.tables_.insert_or_assign(oid, std::move(known));
        }
        return model;
    }

  private:
    using json_tree = foreshadow::detail::json_tree;

    static constexpr double longest_wait = 86'400;  ///< seconds

    [[nodiscard]] static partition partition_of(const entry& t) {
        return {.id = t.id, .name = t.what.name, .interval = t.what.interval(), .born_empty = t.is_born_empty};
    }
    /// What the dump of the schema has of a table.
    [[nodiscard]] static std::string_view dumped(const table* t) {
        return t == nullptr || t->is_partition() ? std::string_view{} : t->digest;
    }
    [[nodiscard]] static bool is_laid(const std::optional<entry>& t) { return t && t->what.is_captured(); }
    [[nodiscard]] bool is_laid(object_id oid) const {
        const table* t = find(oid);
        return t != nullptr && t->is_captured();
    }

    /// Notes what a table was before the commit.
    void note(object_id oid) {
        const auto found = tables_.find(oid);
        before_.try_emplace(oid, found == tables_.end() ? std::nullopt : std::optional{found->second});
    }

    void drop(object_id oid, commit_writer& to) {
        note(oid);
        const auto found = tables_.find(oid);
        if (found == tables_.end()) return;
        if (found->second.what.is_captured()) to.append(change_kind::erase_range, found->second.what.interval());
        to.append(change_kind::erase, table_definition_key(oid), {});
        tables_.erase(found);
    }

    void take(table now, bool is_empty, commit_writer& to) {
        note(now.oid);
        to.append(change_kind::put, table_definition_key(now.oid), table_definition(now));
        const auto found = tables_.find(now.oid);
        const bool is_new = found == tables_.end();
        const bool was_captured = !is_new && found->second.what.is_captured();
        const bool is_captured = now.is_captured();
        const bool is_same = was_captured && is_captured && found->second.what.is_stored_like(now);
        if (was_captured && !is_captured) to.append(change_kind::erase_range, now.interval());
        if (is_captured && !is_same && !(is_empty && is_new)) to.append(change_kind::replaced, now.interval());
        entry& kept = tables_[now.oid];
        kept.is_born_empty = is_new ? is_empty && is_captured : kept.is_born_empty;
        kept.what = std::move(now);
    }

    /// Where partitions came to lie, and what lineage is told of it.
    void settle(layout_change& change) {
        std::vector<moved_bound> moved;
        for (const auto& [oid, was] : before_)
            if (is_laid(was) && !is_laid(oid)) moved.push_back({oid, ranges_of(was->told), {}, true});
        for (auto& [oid, t] : tables_) {
            if (!t.what.is_captured()) t.told = {};
            if (t.told == t.now() || !t.what.is_captured()) continue;
            if (t.waits == wall_time{}) t.waits = change.time;
            const bool is_over = seconds_between(t.waits, change.time) > longest_wait;
            moved.push_back({oid, ranges_of(t.told), ranges_of(t.now()), is_over});
        }
        for (const bound_group& group : groups_of(moved)) {
            if (!group.is_settled) continue;
            std::map<object_id, partition_id> ids;  // that they had
            for (const moved_bound* m : group.members) {
                const auto was = before_.find(m->of);
                const auto found = tables_.find(m->of);
                if (was == before_.end())
                    ids.emplace(m->of, found->second.id);
                else if (is_laid(was->second))
                    ids.emplace(m->of, was->second->id);
                if (found == tables_.end() || !found->second.what.is_captured()) continue;
                note(m->of);
                found->second.told = found->second.now();
                found->second.waits = {};
                if (group.has_descents()) found->second.id = {};
            }
            for (const moved_bound* from : group.members)
                for (const moved_bound* to : group.members)
                    if (group.has_descents() && overlap(from->before, to->now))
                        change.descents.push_back({ids.at(from->of), {to->of, change.at.at}});
        }
    }
    [[nodiscard]] std::vector<key_range> ranges_of(const place& where) const {
        const table* parent = find(where.parent);
        return parent == nullptr ? std::vector<key_range>{} : bound_ranges(*parent, where.bound);
    }

    /// Which partitions end and begin.
    void lay(layout_change& change) {
        for (const auto& [oid, was] : before_) {
            const auto found = tables_.find(oid);
            const bool is_there = is_laid(oid);
            const bool is_same = is_laid(was) && is_there && found->second.id == was->id &&
                                 was->what.name == found->second.what.name &&
                                 was->what.is_stored_like(found->second.what);
            if (is_same) continue;
            if (is_laid(was)) change.retired.push_back(was->id);
            if (found == tables_.end()) continue;
            found->second.id = {oid, change.at.at};
            if (is_there) change.begun.push_back(partition_of(found->second));
            found->second.is_born_empty = false;
        }
    }

    std::map<object_id, entry> tables_;
    std::map<object_id, std::optional<entry>> before_;  ///< what tables were when the commit began
    bool has_new_schema_ = false;
};

}  // namespace foreshadow::postgresql::detail
