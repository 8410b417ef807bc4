// SPDX-License-Identifier: BSL-1.0
//
// What a backup of a database would meet, found out before anything is touched.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/sqlite/database/connection.hpp"
#include "foreshadow/sqlite/setup/capture.hpp"
#include "foreshadow/sqlite/setup/name_clashes.hpp"
#include "foreshadow/sqlite/source_options.hpp"
#include "foreshadow/sqlite/table/schema.hpp"

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::sqlite {

enum class severity : std::uint8_t {
    note,     ///< good to know
    warning,  ///< works, with a cost or a risk
    obstacle  ///< a hold would fail
};

/// One line of a preflight, with what mends it.
struct finding {
    severity how = severity::note;
    std::string text;
    std::string remedy;
};

namespace detail {

inline void inspect_tables(connection& db, const source_options& options, std::vector<finding>& found) {
    for (const table_shape& table : read_tables(db, {options.writers_use_recursive_triggers})) {
        if (!table.refused.empty())
            found.push_back({severity::warning, "table " + table.name + " is not backed up: " + table.refused,
                             "what it holds must be kept in another way; everything else is backed up"});
        else if (table.hidden_rowid)
            found.push_back({severity::note,
                             "table " + table.name +
                                 " has no INTEGER PRIMARY KEY: VACUUM may renumber its rows, and it is "
                                 "then read again as a whole",
                             "give it an INTEGER PRIMARY KEY, or do not VACUUM during a backup"});
    }
    if (table_exists(db, "sqlite_stat1"))
        found.push_back({severity::note, "statistics of ANALYZE are not backed up", "run ANALYZE after a restore"});
}

/// What costs more than it need, whatever the tables are.
inline void inspect_database(connection& db, const std::string& path, std::vector<finding>& found) {
    if (db.text("PRAGMA journal_mode") != "wal")
        found.push_back(
            {severity::warning,
             "database " + path +
                 " is not in WAL mode: commits wait while a chunk is read (some 0.1 s), and those of programs "
                 "without a busy timeout often fail with SQLITE_BUSY",
             "PRAGMA journal_mode = WAL, once"});
    const auto folder = std::filesystem::absolute(path).parent_path();
    std::error_code unknown;
    const auto space = std::filesystem::space(folder, unknown);
    const auto size = std::filesystem::file_size(path, unknown);
    if (!unknown && space.available < size / 4)
        found.push_back({severity::warning,
                         "only " + std::to_string(space.available >> 20) + " MiB are free beside a database of " +
                             std::to_string(size >> 20) + " MiB: the log and the WAL need room",
                         "free space, or back up more often"});
}

/// In a line each, what a backup should be warned of; see `source`.
[[nodiscard]] inline std::vector<std::string> cautions(const std::string& path, const source_options& options) {
    connection db{path, open_mode::read_only, options.busy_timeout};
    std::vector<finding> found;
    inspect_database(db, path, found);
    std::vector<std::string> lines;
    for (const finding& each : found) lines.push_back(each.text + "; hint: " + each.remedy);
    return lines;
}

/// Errors that a hold would throw become obstacles.
[[nodiscard]] inline std::vector<finding> preflight(const std::string& path, const source_options& options) {
    std::vector<finding> found;
    try {
        connection db{path, open_mode::read_only, options.busy_timeout};
        (void)db.number("PRAGMA schema_version");
        const auto folder = std::filesystem::absolute(path).parent_path();
        if (::access(path.c_str(), W_OK) != 0 || ::access(folder.c_str(), W_OK) != 0)
            found.push_back({severity::obstacle, "database " + path + " or its folder is read-only",
                             "give write access to both: a hold adds triggers and a log"});
        refuse_name_clashes(db);
        inspect_database(db, path, found);
        inspect_tables(db, options, found);
        if (has_log(db))
            found.push_back({severity::note, "a hold is in place already",
                             "if no backup uses it, `foreshadow release` removes it"});
    } catch (const error& e) {
        found.push_back({severity::obstacle, e.message(), e.hint()});
    }
    return found;
}

}  // namespace detail

}  // namespace foreshadow::sqlite
