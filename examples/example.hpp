// SPDX-License-Identifier: BSL-1.0
//
// What the examples share and do not want to talk about: making a small database, counting its rows, running a task.
#pragma once

#include "foreshadow/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <sqlite3.h>

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>

/// Runs SQL on a database file, which is made where it is not there; returns the first column of the last row.
inline std::string run_sql(const std::string& path, const std::string& sql) {
    sqlite3* database = nullptr;
    std::string answer;
    const auto keep = [](void* out, int, char** values, char**) {
        *static_cast<std::string*>(out) = values[0] != nullptr ? values[0] : "";
        return 0;
    };
    const bool worked = sqlite3_open(path.c_str(), &database) == SQLITE_OK &&
                        sqlite3_busy_timeout(database, 5000) == SQLITE_OK &&
                        sqlite3_exec(database, sql.c_str(), keep, &answer, nullptr) == SQLITE_OK;
    const std::string why = sqlite3_errmsg(database);
    sqlite3_close(database);
    if (!worked) throw std::runtime_error{path + ": " + why};
    return answer;
}

/// A small shop: items and orders, in write-ahead mode as most applications have it.
inline void make_shop(const std::string& path) {
    run_sql(path,
            "PRAGMA journal_mode = WAL;"
            "CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT UNIQUE, price REAL);"
            "CREATE TABLE placed(id INTEGER PRIMARY KEY AUTOINCREMENT, item REFERENCES item, note BLOB);"
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
            "  INSERT INTO item SELECT i, 'item ' || i, i * 0.25 FROM n;"
            "INSERT INTO placed(item, note) SELECT id, randomblob(40) FROM item WHERE id % 3 = 0;");
}

inline std::string count_rows(const std::string& path, const std::string& table) {
    return run_sql(path, "SELECT count(*) FROM " + table);
}

/// Runs a task to its end; what it throws is said on standard error.
inline int run_example(foreshadow::task<> example) {
    boost::asio::io_context context;
    std::exception_ptr failure;
    boost::asio::co_spawn(context, std::move(example), [&](std::exception_ptr e) { failure = std::move(e); });
    context.run();
    try {
        if (failure) std::rethrow_exception(failure);
        return 0;
    } catch (const std::exception& e) {
        std::cerr << e.what() << std::endl;
        return 1;
    }
}
