// SPDX-License-Identifier: BSL-1.0
//
// The tables as the log has them: what a hold found, and each change of it that the event triggers told. Every table
// with a key is a partition, under its oid, whatever tree it is a leaf of: so attaching and detaching moves no row, and
// a split is what its users do: new tables, rows inserted, an old table dropped.
#pragma once

#include "foreshadow/json/tree.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/postgresql/definition_key.hpp"
#include "foreshadow/postgresql/table.hpp"
#include "foreshadow/source/log_batch.hpp"
#include "foreshadow/source/omission.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
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
    std::uint32_t ordinal = 0;

    [[nodiscard]] version next() { return {at, ordinal++}; }
    void append(change_kind kind, std::string_view k, std::string_view payload, write_hint hint = write_hint::unknown) {
        out.changes.append({kind, hint, next(), k, payload});
    }
    void append(change_kind kind, const key_range& range) { append(kind, range.begin, range.end); }
};

class layout_model {
  public:
    /// A table with the partition that it is.
    struct entry {
        table what;
        partition_id id;
    };

    /// Adds a table that was there when the log was held.
    void add(table found, position held) {
        const object_id oid = found.oid;
        tables_.insert_or_assign(oid, entry{std::move(found), {oid, held}});
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

    [[nodiscard]] layout layout_at(position at) const {
        layout shape{at, {definitions_partition()}};
        for (const auto& [oid, t] : tables_)
            if (t.what.is_captured()) shape.partitions.push_back(partition_of(t));
        return shape;
    }
    [[nodiscard]] std::vector<omission> omissions() const {
        std::vector<omission> all;
        for (const auto& [oid, t] : tables_)
            if (t.what.is_omitted()) all.push_back({t.what.name, t.what.why_not});
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
        layout_change change{.at = {}, .time = to.time, .retired = {}, .begun = {}};
        for (const json_tree& each : described<json_tree::list>(described_member(*told, "dropped"))) {
            const auto oid = static_cast<object_id>(described_number(each));
            drop(oid, change, to);
            touched.erase(oid);
        }
        std::set<object_id> created;
        for (const json_tree& oid : described<json_tree::list>(described_member(*told, "created")))
            created.insert(static_cast<object_id>(described_number(oid)));
        for (const json_tree& t : described<json_tree::list>(described_member(*told, "tables"))) {
            table now = read_table(t);
            const bool is_empty = created.count(now.oid) != 0 && touched.count(now.oid) == 0;
            take(std::move(now), is_empty, change, to);
        }
        for (const json_tree& oid : described<json_tree::list>(described_member(*told, "rewritten"))) {
            const table* t = find(static_cast<object_id>(described_number(oid)));
            if (t != nullptr && t->is_captured()) to.append(change_kind::replaced, t->interval());
        }
        has_new_schema_ = has_new_schema_ || described<bool>(described_member(*told, "schema"));
        if (change.retired.empty() && change.begun.empty()) return;
        change.at = to.next();
        to.out.layouts.push_back(std::move(change));
    }

    /// Ends a commit. The dump of the schema leaves partitions out, so it is replaced only where something else has
    /// changed from the commit's beginning to its end: a table that was made to become a partition has not.
    void end_commit(commit_writer& to) {
        for (const auto& [oid, before] : before_) {
            const table* now = find(oid);
            const std::string after = now == nullptr || now->is_partition() ? std::string{} : now->digest;
            has_new_schema_ = has_new_schema_ || before != after;
        }
        if (has_new_schema_) to.append(change_kind::replaced, schema_interval());
        before_.clear();
        has_new_schema_ = false;
    }

    /// As a text that `parse` reads.
    [[nodiscard]] std::string text() const {
        std::string all;
        for (const auto& [oid, t] : tables_)
            all += (all.empty() ? "[{\"native\":" : ",{\"native\":") + std::to_string(t.id.native) +
                   ",\"created\":" + std::to_string(t.id.created.value) + ",\"table\":" + t.what.text + "}";
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
            model.tables_.insert_or_assign(oid, entry{std::move(t), id});
        }
        return model;
    }

  private:
    using json_tree = foreshadow::detail::json_tree;

    [[nodiscard]] static partition partition_of(const entry& t, bool is_empty = false) {
        return {.id = t.id, .name = t.what.name, .interval = t.what.interval(), .born_empty = is_empty};
    }

    /// Notes what a table was before the commit; empty: a partition, or nothing.
    void note(object_id oid) {
        const table* now = find(oid);
        before_.try_emplace(oid, now == nullptr || now->is_partition() ? std::string{} : now->digest);
    }

    void drop(object_id oid, layout_change& change, commit_writer& to) {
        note(oid);
        const auto found = tables_.find(oid);
        if (found == tables_.end()) return;
        if (found->second.what.is_captured()) {
            retire(found->second, change);
            to.append(change_kind::erase_range, found->second.what.interval());
        }
        to.append(change_kind::erase, table_definition_key(oid), {});
        tables_.erase(found);
    }

    /// One that began in the same change is as if it had never been.
    static void retire(const entry& t, layout_change& change) {
        if (std::erase_if(change.begun, [&](const partition& p) { return p.id == t.id; }) == 0)
            change.retired.push_back(t.id);
    }

    void take(table now, bool is_empty, layout_change& change, commit_writer& to) {
        note(now.oid);
        to.append(change_kind::put, table_definition_key(now.oid), table_definition(now));
        const auto found = tables_.find(now.oid);
        const bool was_known = found != tables_.end();
        const bool was_captured = was_known && found->second.what.is_captured();
        const bool is_same = was_captured && now.is_captured() && found->second.what.is_stored_like(now);
        if (is_same && found->second.what.name == now.name) {
            found->second.what = std::move(now);
            return;
        }
        if (was_captured) retire(found->second, change);
        const object_id oid = now.oid;
        entry fresh{std::move(now), {oid, to.at}};
        // Within one commit an oid may begin more than once; ids are never used again.
        if (was_known && found->second.id.created == to.at) fresh.id.native = found->second.id.native + (1ULL << 32);
        const bool is_captured = fresh.what.is_captured();
        if (was_captured && !is_captured) to.append(change_kind::erase_range, fresh.what.interval());
        if (is_captured && !is_same && !(is_empty && !was_known))
            to.append(change_kind::replaced, fresh.what.interval());
        if (is_captured) change.begun.push_back(partition_of(fresh, is_empty && !was_known));
        tables_.insert_or_assign(oid, std::move(fresh));
    }

    std::map<object_id, entry> tables_;
    std::map<object_id, std::string> before_;  ///< what tables were when the commit began
    bool has_new_schema_ = false;
};

}  // namespace foreshadow::postgresql::detail
