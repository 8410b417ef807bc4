// SPDX-License-Identifier: BSL-1.0
//
// libpq with owners, coroutines and one error type. Nothing blocks: every wait is for the readiness of the socket (but
// for the resolution of host names, which libpq does in place). Whatever goes wrong becomes a `foreshadow::error` of
// one line, without the connection's text, which may contain a password.
//
// A connection whose coroutine was cancelled in the middle of a statement is in no state to go on: it is closed.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/postgresql/server/address.hpp"
#include "foreshadow/postgresql/server/server_error.hpp"
#include "foreshadow/postgresql/server/sql_text.hpp"
#include "foreshadow/run/readiness.hpp"
#include "foreshadow/task.hpp"

#include <libpq-fe.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

/// Rows that a statement returned.
class result {
  public:
    explicit result(PGresult* made) : owner_{made} {}

    [[nodiscard]] PGresult* get() const noexcept { return owner_.get(); }
    [[nodiscard]] int rows() const { return PQntuples(get()); }
    [[nodiscard]] bool is_null(int row, int column) const { return PQgetisnull(get(), row, column) != 0; }
    [[nodiscard]] std::string_view text(int row, int column) const {
        if (row >= rows() || column >= PQnfields(get()))
            throw error{errc::unavailable, "the server returns fewer values than were asked for"};
        return {PQgetvalue(get(), row, column), static_cast<std::size_t>(PQgetlength(get(), row, column))};
    }

  private:
    struct clearer {
        void operator()(PGresult* r) const noexcept { PQclear(r); }
    };
    std::unique_ptr<PGresult, clearer> owner_;
};

class connection {
  public:
    enum class kind { ordinary, replication };

    /// Connects, and makes the session one whose answers do not depend on the settings of server, database or role.
    static task<std::unique_ptr<connection>> open(address where, kind what = kind::ordinary) {
        std::unique_ptr<connection> made{new connection};
        parameters all{where};
        all.add("fallback_application_name", "foreshadow");
        all.add("client_encoding", "UTF8");
        if (what == kind::replication) all.add("replication", "database");
        made->owner_.reset(PQconnectStartParams(all.names(), all.values(), 0));
        if (!made->owner_) throw error{errc::unavailable, "no memory for a connection"};
        PQsetNoticeProcessor(made->get(), [](void*, const char*) {}, nullptr);
        PQsetErrorVerbosity(made->get(), PQERRORS_VERBOSE);  // or the server's answer comes without its SQLSTATE
        for (PostgresPollingStatusType next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;) {
            if (PQstatus(made->get()) == CONNECTION_BAD || next == PGRES_POLLING_FAILED)
                throw made->why_not_connected();
            const bool reads = next == PGRES_POLLING_READING;
            co_await wait_until_ready(PQsocket(made->get()), reads ? readiness::readable : readiness::writable);
            next = PQconnectPoll(made->get());
        }
        PQsetErrorVerbosity(made->get(), PQERRORS_DEFAULT);
        PQsetnonblocking(made->get(), 1);
        const std::string settings =
            "SET synchronous_commit = local; SET lock_timeout = 0; SET statement_timeout = 0; "
            "SET idle_in_transaction_session_timeout = 0; SET row_security = off; SET search_path = ''; "
            "SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET jit = off; "
            "SET standard_conforming_strings = on; SET default_transaction_isolation = 'read committed'; "
            "SET default_transaction_read_only = off; SET default_transaction_deferrable = off";
        if (what == kind::ordinary) co_await made->run(settings);
        co_return made;
    }

    [[nodiscard]] PGconn* get() const noexcept { return owner_.get(); }
    [[nodiscard]] int server_version() const { return PQserverVersion(get()); }
    /// Whether the next statement may be sent: none is under way, no transaction is open.
    [[nodiscard]] bool is_idle() const {
        return !is_busy_ && PQstatus(get()) == CONNECTION_OK && PQtransactionStatus(get()) == PQTRANS_IDLE;
    }

    /// Runs one or more statements; returns what the last one returned.
    task<result> run(std::string sql) {
        is_busy_ = true;
        if (PQsendQuery(get(), sql.c_str()) == 0) fail_connection();
        result last = co_await last_result(sql);
        co_return last;
    }
    /// Runs statements one after the other.
    task<> run_all(std::vector<std::string> statements) {
        for (std::string& statement : statements) {
            const result done = co_await run(std::move(statement));
        }
    }
    /// Runs one statement with parameters in text form.
    task<result> run(std::string sql, std::vector<std::string> parameters) {
        is_busy_ = true;
        std::vector<const char*> values;
        for (const std::string& p : parameters) values.push_back(p.c_str());
        if (PQsendQueryParams(get(), sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr,
                              nullptr, 0) == 0)
            fail_connection();
        result last = co_await last_result(sql);
        co_return last;
    }

    /// Begins a COPY, in either or both directions; statements may come before it, in the same transaction.
    task<> begin_copy(std::string sql) {
        is_busy_ = true;
        if (PQsendQuery(get(), sql.c_str()) == 0) fail_connection();
        co_await flush();
        for (;;) {
            co_await arrive();
            const result begun{PQgetResult(get())};
            const ExecStatusType status = PQresultStatus(begun.get());
            if (status == PGRES_COPY_OUT || status == PGRES_COPY_IN || status == PGRES_COPY_BOTH) co_return;
            if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) continue;
            error why = error_of(begun, sql);
            co_await drain();
            throw why;
        }
    }

    struct memory_freer {
        void operator()(char* bytes) const noexcept { PQfreemem(bytes); }
    };
    /// A piece of what COPY sends.
    struct copied {
        std::unique_ptr<char, memory_freer> owner;
        std::string_view bytes;
    };
    /// The next piece that has arrived; without one `ended` tells whether more will come. Does not wait.
    [[nodiscard]] std::optional<copied> take_copied(bool& ended) {
        char* bytes = nullptr;
        const int size = PQgetCopyData(get(), &bytes, 1);
        ended = size == -1;
        if (size == -2) fail_connection();
        if (size <= 0) return std::nullopt;
        return copied{std::unique_ptr<char, memory_freer>{bytes}, {bytes, static_cast<std::size_t>(size)}};
    }
    /// Waits for more to arrive, for so long; whether something did.
    task<bool> wait_for_more(std::optional<double> seconds = {}) {
        const bool ready = co_await wait_until_ready(PQsocket(get()), readiness::readable, seconds);
        if (ready && PQconsumeInput(get()) == 0) fail_connection();
        co_return ready;
    }
    /// Sends a piece of a COPY.
    task<> send_copied(std::string_view bytes) {
        int sent = 0;
        while ((sent = PQputCopyData(get(), bytes.data(), static_cast<int>(bytes.size()))) == 0) co_await flush();
        if (sent < 0) fail_connection();
        co_await flush();
    }
    /// Sends a small piece of a COPY as far as that is possible at once; the rest goes with what is sent next.
    void post_copied(std::string_view bytes) {
        const int sent = PQputCopyData(get(), bytes.data(), static_cast<int>(bytes.size()));
        if (sent < 0 || PQflush(get()) < 0) fail_connection();
    }
    /// Ends the connection for the other side, and wakes who waits for it.
    void shut_down() noexcept {
        if (PQsocket(get()) >= 0) ::shutdown(PQsocket(get()), SHUT_RDWR);
    }
    /// Whether what the server says next can be taken without waiting, if only that it says nothing more.
    [[nodiscard]] bool has_answered() { return PQconsumeInput(get()) == 0 || PQisBusy(get()) == 0; }
    /// Sends the end of a COPY that this side sends.
    task<> end_copy() {
        int sent = 0;
        while ((sent = PQputCopyEnd(get(), nullptr)) == 0) co_await flush();
        if (sent < 0) fail_connection();
        co_await flush();
    }
    /// What COPY came to, when everything was taken or sent.
    task<> finish_copy() { const result last = co_await last_result("COPY"); }

    /// What the server said when it ended a COPY that has no end; nothing where it said nothing.
    [[nodiscard]] std::string last_words() {
        const result last{PQisBusy(get()) == 0 ? PQgetResult(get()) : nullptr};
        return last.get() == nullptr ? std::string{} : one_line(PQresultErrorMessage(last.get()));
    }

    task<> flush() {
        for (int left = PQflush(get()); left != 0; left = PQflush(get())) {
            if (left < 0) fail_connection();
            co_await wait_until_ready(PQsocket(get()), readiness::writable);
            // The server may wait for its own output to be taken.
            if (PQconsumeInput(get()) == 0) fail_connection();
        }
    }

  private:
    connection() = default;

    /// A session that was there is asked for again, whatever ended it.
    [[noreturn]] void fail_connection() {
        if (PQstatus(get()) == CONNECTION_BAD) throw lost();
        const std::string why = one_line(PQerrorMessage(get()));
        throw error{errc::unavailable, why.empty() ? "the connection to the server failed" : why};
    }
    [[nodiscard]] error lost() const {
        const std::string why = one_line(PQerrorMessage(get()));
        return {errc::unavailable, why.empty() ? "the connection to the server was lost" : why,
                "is the server running?", retry::later};
    }

    /// What a server refuses by a SQLSTATE, or no server of PostgreSQL answers, is not asked for again.
    [[nodiscard]] error why_not_connected() {
        std::string why = one_line(PQerrorMessage(get()));
        if (const std::string state = take_state(why); !state.empty()) return failure(state, std::move(why));
        const std::size_t told = why.rfind("failed: ");
        const auto says = [&](const char* what) {
            return why.find(what, told == std::string::npos ? 0 : told) != std::string::npos;
        };
        if (says("no password supplied"))
            return {errc::invalid_argument, std::move(why), "check user, password and pg_hba.conf"};
        if (says("invalid response to SSL negotiation") || says("server does not support SSL") ||
            says("certificate verify failed"))
            return {errc::invalid_argument, std::move(why), "is it a PostgreSQL server, and sslmode as it wants it?"};
        return {errc::unavailable, std::move(why), "is the server running?", retry::later};
    }

    [[nodiscard]] error error_of(const result& failed, std::string_view sql) {
        const char* state = PQresultErrorField(failed.get(), PG_DIAG_SQLSTATE);
        const char* primary = PQresultErrorField(failed.get(), PG_DIAG_MESSAGE_PRIMARY);
        if (state == nullptr) return lost();
        error e =
            failure(state, one_line(primary)).with("statement", one_line(std::string{sql.substr(0, 120)}.c_str()));
        const char* constraint = PQresultErrorField(failed.get(), PG_DIAG_CONSTRAINT_NAME);
        return constraint == nullptr ? std::move(e) : std::move(e).with("constraint", constraint);
    }

    task<> arrive() {
        while (PQisBusy(get()) != 0) co_await wait_for_more();
    }
    task<> drain() {
        for (;;) {
            co_await arrive();
            const result next{PQgetResult(get())};
            if (next.get() == nullptr) break;
            const ExecStatusType status = PQresultStatus(next.get());
            if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH)
                throw error{errc::internal, "a statement began a COPY that nobody asked for"};
        }
        is_busy_ = false;
    }
    task<result> last_result(std::string_view of) {
        const std::string sql{of.substr(0, 120)};
        co_await flush();
        result last{nullptr};
        std::optional<error> failed;
        for (;;) {
            co_await arrive();
            result next{PQgetResult(get())};
            if (next.get() == nullptr) break;
            const ExecStatusType status = PQresultStatus(next.get());
            const bool is_good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
            if (!is_good && !failed) failed.emplace(error_of(next, sql));
            if (!is_good && PQstatus(get()) == CONNECTION_BAD) break;
            last = std::move(next);
        }
        is_busy_ = false;
        if (failed) throw *failed;
        co_return last;
    }

    struct closer {
        void operator()(PGconn* c) const noexcept { PQfinish(c); }
    };
    std::unique_ptr<PGconn, closer> owner_;
    bool is_busy_ = false;
};

}  // namespace foreshadow::postgresql::detail
