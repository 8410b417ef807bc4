// SPDX-License-Identifier: BSL-1.0
//
// SQLite's C interface with owners and one error type: whatever SQLite reports becomes a `foreshadow::error` that
// names the database and, where there is one, the statement. Connections never create a file, unless told to.
#pragma once

#include "foreshadow/error.hpp"

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace foreshadow::sqlite {

/// `name` as an SQL identifier.
[[nodiscard]] inline std::string identifier(std::string_view name) {
    std::string text = "\"";
    for (const char c : name) {
        if (c == '"') text += '"';
        text += c;
    }
    return text += '"';
}

/// `value` as an SQL string literal.
[[nodiscard]] inline std::string literal(std::string_view value) {
    std::string text = "'";
    for (const char c : value) {
        if (c == '\'') text += '\'';
        text += c;
    }
    return text += '\'';
}

namespace detail {

[[noreturn]] inline void fail(sqlite3* handle, int code, std::string_view path, std::string_view sql = {}) {
    const int primary = code & 0xff;
    std::string what = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
    const std::string where{path};
    const auto with_sql = [&](error&& e) {
        return sql.empty() ? std::move(e) : std::move(e).with("statement", std::string{sql.substr(0, 200)});
    };
    switch (primary) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            throw with_sql(error{errc::busy, "database " + where + " is locked by another connection",
                                 "let the other program end its transaction, or close it, and try again",
                                 retry::later});
        // Each time that the statement was prepared anew, another connection had changed the schema meanwhile.
        case SQLITE_SCHEMA:
            throw with_sql(error{errc::busy, "the schema of database " + where + " changes faster than it can be read",
                                 "let the other program finish its changes, and try again", retry::later});
        case SQLITE_FULL:
            throw with_sql(error{errc::full, "no space left to write " + where, "free space on its file system"});
        case SQLITE_NOTADB:
            throw error{errc::invalid_argument, where + " is not an SQLite database", "check the path"};
        case SQLITE_CORRUPT:
            throw with_sql(
                error{errc::corrupt, "database " + where + " is damaged: " + what, "run PRAGMA integrity_check"});
        case SQLITE_READONLY:
        case SQLITE_PERM:
            throw error{errc::invalid_argument, "database " + where + " is read-only: " + what,
                        "a hold writes triggers and a log into the database: give write access to the file "
                        "and its folder"};
        case SQLITE_CANTOPEN:
            throw error{errc::unavailable, "cannot open " + where + ": " + what, "check the path and its rights"};
        default:
            throw with_sql(error{errc::unavailable, "database " + where + ": " + what});
    }
}

}  // namespace detail

/// A prepared statement; reset it before it is run again.
class statement {
  public:
    statement() = default;
    statement(sqlite3* handle, std::string path, std::string_view sql) : path_{std::move(path)}, sql_{sql} {
        sqlite3_stmt* made = nullptr;
        const int code = sqlite3_prepare_v3(handle, sql_.data(), static_cast<int>(sql_.size()),
                                            SQLITE_PREPARE_PERSISTENT, &made, nullptr);
        owner_.reset(made);
        if (code != SQLITE_OK) detail::fail(handle, code, path_, sql_);
    }

    [[nodiscard]] sqlite3_stmt* get() const noexcept { return owner_.get(); }
    [[nodiscard]] explicit operator bool() const noexcept { return owner_ != nullptr; }

    /// Goes to the next row; false at the end, where it also resets.
    bool step() {
        const int code = sqlite3_step(get());
        if (code == SQLITE_ROW) return true;
        if (code != SQLITE_DONE) {
            struct at_exit {
                sqlite3_stmt* s;
                ~at_exit() { sqlite3_reset(s); }
            } const reset_after{get()};
            detail::fail(sqlite3_db_handle(get()), code, path_, sql_);
        }
        reset();
        return false;
    }
    void run() {
        while (step()) {
        }
    }
    void reset() noexcept { sqlite3_reset(get()); }

    void bind(int i, std::int64_t value) { check(sqlite3_bind_int64(get(), i, value)); }
    void bind(int i, double value) { check(sqlite3_bind_double(get(), i, value)); }
    void bind(int i, std::string_view text) {
        check(sqlite3_bind_text64(get(), i, at(text), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
    }
    void bind_blob(int i, std::string_view bytes) {
        check(sqlite3_bind_blob64(get(), i, at(bytes), bytes.size(), SQLITE_TRANSIENT));
    }
    void bind_null(int i) { check(sqlite3_bind_null(get(), i)); }
    void check(int code) {
        if (code != SQLITE_OK) detail::fail(sqlite3_db_handle(get()), code, path_, sql_);
    }

    [[nodiscard]] int type(int i) const { return sqlite3_column_type(get(), i); }
    [[nodiscard]] bool is_null(int i) const { return type(i) == SQLITE_NULL; }
    [[nodiscard]] std::int64_t integer(int i) const { return sqlite3_column_int64(get(), i); }
    [[nodiscard]] std::string text(int i) const {
        const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(get(), i));
        return bytes == nullptr ? std::string{}
                                : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(get(), i)));
    }
    [[nodiscard]] std::string blob(int i) const {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(get(), i));
        return bytes == nullptr ? std::string{}
                                : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(get(), i)));
    }

  private:
    struct finalizer {
        void operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }
    };
    // A null pointer would bind NULL where an empty string or blob is meant.
    static const char* at(std::string_view bytes) { return bytes.data() == nullptr ? "" : bytes.data(); }

    std::unique_ptr<sqlite3_stmt, finalizer> owner_;
    std::string path_;
    std::string sql_;
};

enum class open_mode : std::uint8_t { read_only, read_write, create };

/// A connection with its statements; used by one thread at a time.
class connection {
  public:
    connection(std::string path, open_mode mode, std::chrono::milliseconds busy_timeout = std::chrono::seconds{5})
        : path_{std::move(path)} {
        std::error_code ignored;
        if (mode != open_mode::create && !std::filesystem::exists(path_, ignored))
            throw error{errc::not_found, "there is no database " + path_, "check the path"};
        if (std::filesystem::is_directory(path_, ignored))
            throw error{errc::invalid_argument, path_ + " is a folder, not an SQLite database", "name the file in it"};
        const int how = mode == open_mode::read_only    ? SQLITE_OPEN_READONLY
                        : mode == open_mode::read_write ? SQLITE_OPEN_READWRITE
                                                        : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
        sqlite3* made = nullptr;
        const int code = sqlite3_open_v2(path_.c_str(), &made, how | SQLITE_OPEN_NOMUTEX, nullptr);
        owner_.reset(made);
        if (code != SQLITE_OK) detail::fail(made, code, path_);
        sqlite3_extended_result_codes(made, 1);
        patience_ = std::make_unique<patience>(patience{busy_timeout, {}});
        sqlite3_busy_handler(made, &patience::wait, patience_.get());
    }

    /// Uses a handle that stays its owner's, who keeps it open for longer.
    explicit connection(sqlite3* borrowed)
        : path_{sqlite3_db_filename(borrowed, "main")}, owner_{borrowed, closer{handle::borrowed}} {}

    [[nodiscard]] sqlite3* get() const noexcept { return owner_.get(); }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] bool in_transaction() const noexcept { return sqlite3_get_autocommit(get()) == 0; }

    void execute(const std::string& sql) {
        const int code = sqlite3_exec(get(), sql.c_str(), nullptr, nullptr, nullptr);
        if (code != SQLITE_OK) detail::fail(get(), code, path_, sql);
    }
    [[nodiscard]] statement prepare(std::string_view sql) const { return {get(), path_, sql}; }

    /// The statement for `sql`, made once and kept; reset and without old parameters.
    [[nodiscard]] statement& cached(std::string_view sql) {
        auto found = statements_.find(sql);
        if (found == statements_.end()) found = statements_.emplace(std::string{sql}, prepare(sql)).first;
        found->second.reset();
        sqlite3_clear_bindings(found->second.get());
        return found->second;
    }
    /// Drops kept statements: they pin tables that are gone.
    void forget_statements() noexcept { statements_.clear(); }
    /// Ends kept statements that were left in their middle: each keeps its snapshot alive.
    void reset_statements() noexcept {
        for (auto& [sql, kept] : statements_) kept.reset();
    }

    /// The first column of the first row as a number; 0 where there is none.
    [[nodiscard]] std::int64_t number(std::string_view sql) {
        statement& s = cached(sql);
        const std::int64_t value = s.step() ? s.integer(0) : 0;
        s.reset();
        return value;
    }
    [[nodiscard]] std::string text(std::string_view sql) {
        statement& s = cached(sql);
        std::string value = s.step() ? s.text(0) : std::string{};
        s.reset();
        return value;
    }

  private:
    /// SQLite's own waiting grows to 100 ms between two tries, and a program that writes without a pause starves it.
    struct patience {
        std::chrono::milliseconds limit;
        std::chrono::steady_clock::time_point since;

        static int wait(void* self, int tries) {
            auto& mine = *static_cast<patience*>(self);
            const auto now = std::chrono::steady_clock::now();
            if (tries == 0) mine.since = now;
            if (now - mine.since >= mine.limit) return 0;
            std::this_thread::sleep_for(std::chrono::microseconds{tries < 10 ? 100 : 500});
            return 1;
        }
    };
    enum class handle : std::uint8_t { owned, borrowed };
    struct closer {
        closer() noexcept : is{handle::owned} {}
        explicit closer(handle which) noexcept : is{which} {}
        handle is;
        void operator()(sqlite3* db) const noexcept {
            if (is == handle::owned) sqlite3_close_v2(db);
        }
    };
    std::string path_;
    std::unique_ptr<patience> patience_;
    std::unique_ptr<sqlite3, closer> owner_;
    std::map<std::string, statement, std::less<>> statements_;
};

/// A transaction that is undone unless it is committed.
class transaction {
  public:
    enum class kind : std::uint8_t { read, write };
    transaction(connection& db, kind what) : db_{&db} {
        db.cached(what == kind::read ? "BEGIN" : "BEGIN IMMEDIATE").run();
    }
    transaction(transaction&& other) noexcept : db_{std::exchange(other.db_, nullptr)} {}
    transaction& operator=(transaction&&) = delete;
    ~transaction() {
        if (db_ == nullptr) return;
        db_->reset_statements();
        if (db_->in_transaction()) sqlite3_exec(db_->get(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
    void commit() {
        db_->cached("COMMIT").run();
        db_ = nullptr;
    }

  private:
    connection* db_;
};

}  // namespace foreshadow::sqlite
