// SPDX-License-Identifier: BSL-1.0
//
// Copies the rows of one partition of the layout into the tables that they are of, over a session of its own: several
// partitions are filled side by side. Each table is emptied in the transaction that fills it, so that nobody can see it
// yet: then rows may come frozen, and nothing ever has to look at them again. Rows of a table without a key come as
// what happened to them, and are written as often as that leaves them.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/postgresql/server/bytes.hpp"
#include "foreshadow/postgresql/server/connection_pool.hpp"
#include "foreshadow/postgresql/table/definition_set.hpp"
#include "foreshadow/postgresql/table/keyless_rows.hpp"
#include "foreshadow/postgresql/table/rows_error.hpp"
#include "foreshadow/postgresql/table/table.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/row/varint.hpp"
#include "foreshadow/task.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace foreshadow::postgresql::detail {

class row_copy {
  public:
    /// `all` outlives it.
    row_copy(connection_pool::lease session, const definition_set& all) : session_{std::move(session)}, all_{all} {}

    /// Errors: `corrupt` for rows that are not of the definitions; the server's.
    task<> append(const partition& part, const row_batch& rows) {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const object_id oid = table_of(rows[i].key);
            if (into_ == nullptr || into_->oid != oid) co_await open(oid, part);
            if (into_->has_key())
                append_row(rows[i]);
            else
                count(rows[i]);
            if (buffer_.size() >= most_buffered) co_await send();
        }
    }

    /// Sends the last rows, and that they are the last. The server then commits, which takes it a while.
    task<> send_end() {
        if (into_ == nullptr) co_return;
        append_counted();
        append_number(std::int16_t{-1}, buffer_);
        co_await send();
        task<> sending = session_->end_copy();
        co_await named(std::move(sending));
    }
    /// Whether `finish` would not have to wait; after `send_end`.
    [[nodiscard]] bool is_committed() { return into_ == nullptr || session_->has_answered(); }
    /// Waits until the server has committed; after `send_end`. Errors: the server's, about any of the rows.
    task<> finish() {
        if (into_ == nullptr) co_return;
        task<> sending = session_->finish_copy();
        co_await named(std::move(sending));
        into_ = nullptr;
    }

  private:
    static constexpr std::size_t most_buffered = std::size_t{64} << 10;

    /// What goes wrong says with which table.
    task<> named(task<> sending) {
        try {
            co_await std::move(sending);
        } catch (const error& e) {
            const auto find = [&](object_id oid) {
                const auto found = all_.tables.find(oid);
                return found == all_.tables.end() ? nullptr : &found->second;
            };
            throw rows_error(e, "cannot restore", title_of(*into_, find));
        }
    }
    task<> open(object_id oid, const partition& part) {
        co_await send_end();
        co_await finish();
        const auto found = all_.tables.find(oid);
        if (found == all_.tables.end() || !found->second.is_captured())
            throw error{errc::corrupt,
                        "partition " + part.name + " brings a row of table number " + std::to_string(oid) +
                            ", which is not defined",
                        "the definitions and the rows are not of the same backup"};
        into_ = &found->second;
        // Statements that are sent together are one transaction.
        const std::string columns = into_->columns.empty() ? "" : " (" + column_list(*into_) + ")";
        const std::string copy =
            "TRUNCATE ONLY " + into_->name + "; COPY " + into_->name + columns + " FROM STDIN (FORMAT binary, FREEZE)";
        task<> sending = session_->begin_copy(copy);
        co_await named(std::move(sending));
        buffer_.assign("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", 19);
    }

    /// Of a table without a key: what became of equal rows comes together.
    void count(row_view event) {
        if (!counted_.starts_with(row_of(event.key))) {
            append_counted();
            counted_ = row_of(event.key);
        }
        if (event_of(event.key) == keyless_event::removed) {
            --copies_;
        } else {
            ++copies_;
            value_ = event.value;
        }
    }
    /// As often as it is left.
    void append_counted() {
        if (copies_ < 0)
            throw error{errc::corrupt, "of table " + into_->name + " a row was removed more often than it was there",
                        "restore another point; `foreshadow verify` finds those that are whole"};
        for (; copies_ > 0; --copies_) append_row({counted_, value_});
        counted_.clear();
    }

    void append_row(row_view row) {
        append_number(static_cast<std::int16_t>(into_->columns.size()), buffer_);
        std::size_t count = 0;
        for (std::string_view left = row.value; !left.empty(); ++count) {
            const field value = field_of(read_sized(left));
            append_number(value ? static_cast<std::int32_t>(value->size()) : -1, buffer_);
            if (value) buffer_.append(*value);
        }
        if (count != into_->columns.size())
            throw error{errc::corrupt, "a row of table " + into_->name + " has " + std::to_string(count) +
                                           " values, and the table " + std::to_string(into_->columns.size()) +
                                           " columns"}
                .with("key", printable(row.key));
    }
    task<> send() {
        task<> sending = session_->send_copied(buffer_);
        co_await named(std::move(sending));
        buffer_.clear();
    }

    connection_pool::lease session_;
    const definition_set& all_;
    const table* into_ = nullptr;  ///< that rows are copied into
    std::string buffer_;
    std::string counted_;  ///< the row whose events come, by its digest
    std::string value_;
    std::int64_t copies_ = 0;
};

}  // namespace foreshadow::postgresql::detail
