// SPDX-License-Identifier: BSL-1.0
//
// What of a backup is restored: all tables, or, where not everybody's rows are asked for, those that are, and what they
// are partitions of. Of such a part some statements name what is not there, or refer to rows that are not: these are
// left out, and what a restored table loses by that is told.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/postgresql/server/busy_server.hpp"
#include "foreshadow/postgresql/server/connection.hpp"
#include "foreshadow/postgresql/table/definition_set.hpp"
#include "foreshadow/source/omission.hpp"
#include "foreshadow/task.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

class restored_part {
  public:
    restored_part() = default;
    /// `all` outlives it.
    restored_part(const definition_set& all, const layout& shape) : all_{&all} {
        const auto is_asked_for = [&](const table& t) {
            return t.is_captured() && !shape.overlapping(t.interval()).empty();
        };
        is_whole_ = std::none_of(all.tables.begin(), all.tables.end(), [&](const auto& each) {
            return each.second.is_captured() && !is_asked_for(each.second);
        });
        for (const auto& [oid, t] : all.tables) {
            if (!is_whole_ && !is_asked_for(t)) continue;
            for (auto up = all.tables.find(oid); up != all.tables.end(); up = all.tables.find(up->second.parent))
                tables_.emplace(up->second.name, up->first);
        }
    }

    [[nodiscard]] bool is_whole() const noexcept { return is_whole_; }
    /// The tables that are restored, by name.
    [[nodiscard]] const std::map<std::string, object_id>& tables() const noexcept { return tables_; }
    [[nodiscard]] bool has(const table& t) const { return tables_.count(t.name) != 0; }

    /// Notes what a restored table would have, and cannot have without the rest.
    /// Told once, although several statements may be about it.
    void leave_out(std::string what, const std::string& why) {
        const auto is_it = [&](const omission& each) { return each.name == what; };
        if (std::any_of(left_out_.begin(), left_out_.end(), is_it)) return;
        const std::string because = is_whole_ ? "the server refuses it: " : "it needs what is not restored: ";
        left_out_.push_back({std::move(what), because + why});
    }
    /// What the backup does not have, and of a part what could not be made without the rest.
    [[nodiscard]] std::vector<omission> omissions() const {
        if (all_ == nullptr || !is_whole_) return left_out_;
        std::vector<omission> all = all_->omissions();
        all.insert(all.end(), left_out_.begin(), left_out_.end());
        return all;
    }

    /// How much is lost without a statement.
    enum class need : std::uint8_t {
        none,   ///< nothing that rows depend on: it is left out
        whole,  ///< a whole database without it is none; of a part it is left out where it needs the rest
        table,  ///< it makes a table that is restored: without it nothing is
    };

    /// Runs one statement, or entry of the dump. `name`: for people.
    task<> run(connection& db, std::string sql, std::string name, need of = need::whole) {
        try {
            // Two sessions may have to wait for each other: then one of them is told to try again.
            const result done = co_await while_busy([&] { return db.run(sql); });
        } catch (const error& e) {
            const std::string state = e.fact("SQLSTATE");
            if (of == need::none && !state.empty()) {
                const std::string why = state == "42501" ? "who restores may not make it" : e.message();
                if (is_whole_ || is_of_restored_table(sql)) leave_out(std::move(name), why);
                co_return;
            }
            // No table is left to whoever restores it, because its owner may not have it.
            if (state == "42501" && (is_whole_ || of == need::table)) throw not_allowed(e, sql);
            const bool is_of_rows = state == "23503";  // a foreign key
            if (is_whole_ || (!state.starts_with("42") && !is_of_rows)) throw;
            if (is_of_restored_table(sql)) leave_out(std::move(name), e.message());
        }
    }

    /// Whether the first table that a statement names is restored: it is the one that the statement is about, and what
    /// others refer to comes after it.
    [[nodiscard]] bool is_of_restored_table(std::string_view sql) const {
        // Comments of the dump name things without their schema.
        while (sql.starts_with("--") || sql.starts_with("\n"))
            sql.remove_prefix(std::min(sql.find('\n'), sql.size() - 1) + 1);
        std::size_t first = sql.size();
        bool is_restored = false;
        for (const auto& [oid, t] : all_->tables) {
            const std::size_t at = place_of(t.name, sql.substr(0, first));
            if (at == std::string_view::npos) continue;
            first = at;
            is_restored = has(t);
        }
        return is_restored;
    }

  private:
    /// A right that is missing, where a server says only of what: with the owner that things were to get.
    [[nodiscard]] static error not_allowed(const error& e, std::string_view sql) {
        constexpr std::string_view to = " OWNER TO ";
        const std::size_t given = sql.rfind(to);
        if (given == sql.npos) return e;
        const std::size_t name = given + to.size();
        const std::string owner{sql.substr(name, std::min(sql.find_first_of(";\n", name), sql.size()) - name)};
        const std::size_t alter = sql.rfind("ALTER ", given);
        const std::string what{alter == sql.npos ? "what it owns" : sql.substr(alter + 6, given - alter - 6)};
        error named{e.code(), "cannot restore " + what + " of " + owner + ": " + e.message(),
                    "restore as a superuser, or as a member of each owner, where the owner may create in its schema"};
        return std::move(named).with("SQLSTATE", e.fact("SQLSTATE"));
    }

    /// Where a statement names a table, and not another one whose name begins or ends with the same letters.
    [[nodiscard]] static std::size_t place_of(std::string_view name, std::string_view sql) {
        const auto goes_on = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
                   c == '"' || (static_cast<unsigned char>(c) & 0x80U) != 0;
        };
        for (std::size_t at = sql.find(name); at != std::string_view::npos; at = sql.find(name, at + 1)) {
            const std::size_t end = at + name.size();
            const bool begins = at == 0 || (!goes_on(sql[at - 1]) && sql[at - 1] != '.');
            if (begins && (end == sql.size() || !goes_on(sql[end]))) return at;
        }
        return std::string_view::npos;
    }

    const definition_set* all_ = nullptr;
    bool is_whole_ = true;
    std::map<std::string, object_id> tables_;
    std::vector<omission> left_out_;
};

}  // namespace foreshadow::postgresql::detail
