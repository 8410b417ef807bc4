// SPDX-License-Identifier: BSL-1.0
//
// partitions DATABASE VERB ...: makes, splits, merges and drops partitions of a table, for tests that are not C++.
// Reads one change a line from standard input and answers each with one line, so that a test can keep it open.
#include "foreshadow/sqlite/database/connection.hpp"
#include "foreshadow/sqlite/partitioned_table.hpp"

#include <exception>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

namespace sqlite = foreshadow::sqlite;

/// create TABLE COLUMNS... | split TABLE CHILD KEY | merge TABLE LEFT RIGHT | drop TABLE CHILD
std::string change(sqlite::connection& db, const std::string& line) {
    std::istringstream words{line};
    std::string verb;
    std::string table;
    words >> verb >> table;
    if (verb == "create") {
        std::string columns;
        std::getline(words >> std::ws, columns);
        return sqlite::partitioned_table::create(db, table, {.columns = columns, .indexes = {"(v)"}})
            .partitions()
            .front()
            .child;
    }
    auto whole = sqlite::partitioned_table::open(db, table);
    std::string child;
    std::string other;
    words >> child >> other;
    if (verb == "split") return whole.split(child, std::stoll(other));
    if (verb == "merge") return whole.merge(child, other), child;
    if (verb == "drop") return whole.drop(child), child;
    throw std::runtime_error{"there is no verb " + verb};
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 2) throw std::runtime_error{"usage: partitions DATABASE"};
        sqlite::connection db{argv[1], sqlite::open_mode::read_write};
        for (std::string line; std::getline(std::cin, line);) std::cout << change(db, line) << std::endl;
        return 0;
    } catch (const std::exception& e) {
        std::cerr << "partitions: " << e.what() << std::endl;
        return 1;
    }
}
