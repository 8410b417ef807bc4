// SPDX-License-Identifier: BSL-1.0
//
// The blocking side of a target: makes the tables, loads rows in key order, makes the rest, and gives the file its
// name.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/sqlite/database/connection.hpp"
#include "foreshadow/sqlite/restore/definition_set.hpp"
#include "foreshadow/sqlite/restore/partial_files.hpp"
#include "foreshadow/sqlite/setup/map_tables.hpp"
#include "foreshadow/sqlite/table/schema.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::sqlite::detail {

/// A table that rows are loaded into.
struct loaded_table {
    schema_entry definition;
    table_shape shape;
    key_range interval;
    std::size_t columns = 0;  ///< that a whole row binds
};

class loader {
  public:
    explicit loader(std::string path) : path_{std::move(path)}, partial_{partial_name(path_, ::getpid())} {}
    loader(const loader&) = delete;
    loader& operator=(const loader&) = delete;
    ~loader() { abandon(); }

    void begin(const layout& shape) {
        abandon();
        refuse_existing();
        sweep_partials(path_);
        shape_ = shape;
        set_ = {};
        tables_.clear();
        made_tables_.clear();
        std::filesystem::remove(partial_);
        in_use_ = std::make_unique<partial_in_use>(partial_);
        db_ = std::make_unique<connection>(partial_, open_mode::create);
    }

    void load(const partition& part, const row_batch& rows) {
        if (part.holds == content::definitions) {
            for (std::size_t i = 0; i < rows.size(); ++i) set_.take(rows[i].key, rows[i].value);
            return;
        }
        make_tables();
        for (std::size_t i = 0; i < rows.size(); ++i) insert(part, rows[i]);
    }

    void complete(const partition& part) {
        if (part.holds == content::definitions) make_tables();
    }

    void finish() {
        make_tables();
        for (const schema_entry& e : set_.indexes)
            if (is_made(e.table)) db_->execute(e.sql);
        if (is_whole()) {
            make_virtual_tables();
            for (const schema_entry& e : set_.views) db_->execute(e.sql);
        }
        make_map();
        if (is_whole())
            for (const schema_entry& e : set_.triggers)
                if (!is_omitted(e.table)) db_->execute(e.sql);
        set_counters();
        db_->execute("COMMIT");
        db_->forget_statements();
        if (text("journal_mode") == "wal") {
            db_->execute("PRAGMA locking_mode = NORMAL; SELECT 1 FROM sqlite_schema; PRAGMA journal_mode = WAL");
            db_->execute("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        db_.reset();
        in_use_.reset();
        sync(partial_);
        // A hard link fails where the name is taken; a rename would replace the file.
        if (::link(partial_.c_str(), path_.c_str()) != 0) {
            const int why = errno;
            if (why == EEXIST) refuse_existing();
            throw error{errc::unavailable,
                        "cannot give " + partial_ + " the name " + path_ + ": " + std::strerror(why)};
        }
        const auto folder = std::filesystem::absolute(path_).parent_path();
        std::filesystem::remove(partial_);
        sync(folder.string());
    }

    [[nodiscard]] std::vector<omission> omissions() const {
        return is_whole() ? set_.omissions : std::vector<omission>{};
    }

    void abandon() noexcept {
        db_.reset();
        in_use_.reset();
        remove_partial(partial_);
    }

  private:
    void refuse_existing() const {
        std::error_code ignored;
        if (std::filesystem::exists(std::filesystem::symlink_status(path_, ignored)))
            throw error{errc::already_exists, path_ + " exists already", "restore to another name, or move it away"};
    }

    static void sync(const std::string& path) {
        const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        const bool done = file >= 0 && ::fsync(file) == 0;
        const int why = errno;
        if (file >= 0) ::close(file);
        if (!done) throw error{errc::unavailable, "cannot make " + path + " durable: " + std::strerror(why)};
    }

    [[nodiscard]] std::string text(std::string_view setting) const {
        const auto found = set_.settings.find(setting);
        return found == set_.settings.end() ? std::string{} : found->second.bytes;
    }
    [[nodiscard]] std::string number(std::string_view setting) const {
        const auto found = set_.settings.find(setting);
        return std::to_string(found == set_.settings.end() ? 0 : found->second.integer);
    }

    [[nodiscard]] bool is_made(std::string_view table) const { return made_tables_.count(table) != 0; }
    [[nodiscard]] bool is_omitted(std::string_view table) const {
        return std::any_of(set_.omissions.begin(), set_.omissions.end(),
                           [&](const auto& o) { return o.name == table; });
    }
    [[nodiscard]] bool is_whole() const { return tables_.size() == set_.tables.size(); }

    void make_tables() {
        if (made_) return;
        if (set_.settings.empty())
            throw error{errc::not_restorable, "the backup brings no definitions for " + path_,
                        "restore the partition of definitions with the others"};
        set_.arrange();
        db_->execute("PRAGMA page_size = " + number("page_size") + "; PRAGMA encoding = " + literal(text("encoding")) +
                     "; PRAGMA auto_vacuum = " + number("auto_vacuum"));
        db_->execute(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA "
            "foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA cell_size_check = OFF");
        db_->execute("BEGIN");
        encoding_ = encoding_of(*db_);
        for (const schema_entry& e : set_.tables) make_table(e);
        std::sort(tables_.begin(), tables_.end(),
                  [](const auto& a, const auto& b) { return a.interval.begin < b.interval.begin; });
        made_ = true;
    }

    void make_table(const schema_entry& e) {
        const auto mapped = set_.map.find(e.name);
        // Only one that is asked for: an interval of the layout has its number, and its keys.
        if (mapped == set_.map.end() && !is_wanted(prefixed(table_prefix(e.prefix)))) return;
        // Without a journal nothing can be taken back, so a look at the table is taken elsewhere.
        connection scratch{":memory:", open_mode::create};
        scratch.execute(e.sql);
        loaded_table t{.definition = e, .shape = {}, .interval = prefixed(table_prefix(e.prefix))};
        t.shape = read_table(scratch, e.name, {.writers_use_recursive_triggers = true});
        if (mapped != set_.map.end())
            t.interval = interval_of(mapped->second, table_prefix(e.prefix), t.shape, encoding_);
        if (!is_wanted(t.interval)) return;
        db_->execute(e.sql);
        t.columns = t.shape.stored.size() + (t.shape.hidden_rowid ? 1 : 0);
        made_tables_.insert(e.name);
        tables_.push_back(std::move(t));
    }

    /// Their tables are there: only the schema has to say that they belong together. Made by its own statement, each
    /// would make new ones.
    void make_virtual_tables() {
        if (set_.virtual_tables.empty()) return;
        db_->execute("PRAGMA writable_schema = ON");
        for (const schema_entry& e : set_.virtual_tables) {
            statement& s = db_->cached(
                "INSERT INTO sqlite_schema(type, name, tbl_name, rootpage, sql) VALUES('table', ?1, ?1, 0, ?2)");
            s.bind(1, e.name);
            s.bind(2, e.sql);
            s.run();
        }
        db_->forget_statements();
        db_->execute("PRAGMA writable_schema = RESET");
    }

    [[nodiscard]] bool is_wanted(const key_range& interval) const {
        const auto owners = shape_.overlapping(interval);
        return std::any_of(owners.begin(), owners.end(), [](const partition& p) { return p.holds == content::data; });
    }

    void insert(const partition& part, const row_view& row) {
        const auto next = std::upper_bound(tables_.begin(), tables_.end(), row.key,
                                           [](key_view k, const loaded_table& t) { return k < t.interval.begin; });
        if (next == tables_.begin() || !std::prev(next)->interval.contains(row.key))
            throw error{errc::corrupt,
                        "partition " + part.name + " brings a row that no table owns: " + printable(row.key),
                        "the definitions and the rows are not of the same backup"};
        const loaded_table& t = *std::prev(next);
        // A row from before ADD COLUMN has fewer values: the rest are defaults, as in the original.
        std::vector<value_view> values;
        if (t.shape.hidden_rowid) {
            key_view rest = row.key.substr(4);
            values.push_back({.kind = value_kind::integer, .integer = take_rowid(rest).value_or(0)});
        }
        for (std::string_view left = row.value; !left.empty();) values.push_back(take_value(left));
        if (values.size() > t.columns)
            throw error{errc::corrupt,
                        "a row of table " + t.definition.name + " has more values than the table columns"};
        statement& s = db_->cached(insert_sql(t, values.size()));
        for (std::size_t i = 0; i < values.size(); ++i) bind_value(s, static_cast<int>(i) + 1, values[i]);
        s.run();
    }

    [[nodiscard]] static std::string insert_sql(const loaded_table& t, std::size_t count) {
        std::string names;
        std::string marks;
        std::size_t left = count;
        const auto add = [&](const std::string& name) {
            if (left == 0) return;
            --left;
            names += (names.empty() ? "" : ", ") + identifier(name);
            marks += marks.empty() ? "?" : ", ?";
        };
        if (t.shape.hidden_rowid) add(t.shape.rowid);
        for (const std::string& column : t.shape.stored) add(column);
        return "INSERT INTO " + identifier(t.definition.name) + "(" + names + ") VALUES(" + marks + ")";
    }

    void make_map() {
        if (set_.logicals.empty()) return;
        create_map_tables(*db_);
        for (const logical_entry& e : set_.logicals) {
            auto s = db_->prepare("INSERT INTO foreshadow_map_table VALUES(?1, ?2, ?3, ?4, ?5)");
            s.bind(1, e.name);
            s.bind(2, e.columns);
            s.bind(3, e.options);
            s.bind(4, e.indexes);
            s.bind(5, e.next);
            s.run();
        }
        for (const loaded_table& t : tables_) {
            const auto mapped = set_.map.find(t.definition.name);
            if (mapped == set_.map.end()) continue;
            write_map_entry(*db_, mapped->second);
            write_guard(*db_, mapped->second, t.shape);
        }
    }

    void set_counters() {
        if (table_exists(*db_, "sqlite_sequence")) {
            db_->execute("DELETE FROM sqlite_sequence");
            for (const auto& [name, value] : set_.sequences) {
                if (!is_made(name)) continue;
                auto s = db_->prepare("INSERT INTO sqlite_sequence(name, seq) VALUES(?1, ?2)");
                s.bind(1, name);
                s.bind(2, value);
                s.run();
            }
        }
        db_->execute("PRAGMA user_version = " + number("user_version") +
                     "; PRAGMA application_id = " + number("application_id"));
    }

    std::string path_;
    std::string partial_;
    layout shape_;
    definition_set set_;
    std::unique_ptr<partial_in_use> in_use_;  ///< let go after the connection: closing it ends SQLite's own locks
    std::unique_ptr<connection> db_;
    std::vector<loaded_table> tables_;
    std::set<std::string, std::less<>> made_tables_;  ///< their names
    text_encoding encoding_ = text_encoding::utf8;
    bool made_ = false;
};

}  // namespace foreshadow::sqlite::detail
