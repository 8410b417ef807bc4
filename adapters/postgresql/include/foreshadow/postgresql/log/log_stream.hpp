// SPDX-License-Identifier: BSL-1.0
//
// The replication connection of a slot: what it sends goes to a decoder, what was received and may be forgotten goes
// back now and then, or the server takes us for dead.
#pragma once

#include "foreshadow/postgresql/log/log_decoder.hpp"
#include "foreshadow/postgresql/server/busy_server.hpp"
#include "foreshadow/postgresql/server/connection_pool.hpp"
#include "foreshadow/run/steady_clock.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace foreshadow::postgresql::detail {

/// How the server has a slot. Columns of a slot `s`, to be selected first.
struct slot_state {
    static constexpr int columns = 3;
    [[nodiscard]] static std::string sql() {
        return "s.wal_status, s.confirmed_flush_lsn, coalesce(pg_catalog.to_jsonb(s) ->> 'invalidation_reason', '')";
    }
    [[nodiscard]] static slot_state read(const result& row) {
        if (row.is_null(0, 0)) return {};
        const position confirmed = row.is_null(0, 1) ? position{} : position_of(row.text(0, 1));
        return {std::string{row.text(0, 0)}, confirmed, std::string{row.text(0, 2)}};
    }

    std::string log;          ///< what the server says of the log that it keeps; empty where there is no slot
    position confirmed;       ///< by whoever read it last
    std::string invalidated;  ///< why, where the server gave it up
};

/// Throws where the log that a slot was to keep since `kept`, which was acknowledged, is not whole any more.
inline void check_slot(const std::string& slot, const slot_state& now, position kept) {
    const std::string again = "the database is read again";
    if (now.log.empty()) throw error{errc::hold_lost, "replication slot " + slot + " is gone", again};
    if (now.log == "lost")
        throw error{
            errc::hold_lost, "the server let go of the log that replication slot " + slot + " was to keep",
            again + "; raise " +
                (now.invalidated == "idle_timeout" ? "idle_replication_slot_timeout" : "max_slot_wal_keep_size") +
                ", or back up more often"};
    if (now.confirmed.value > kept.value + 1)
        throw error{errc::hold_lost, "somebody else moved replication slot " + slot + " on", again};
}

class log_stream {
  public:
    /// Begins after `from`, which is what was acknowledged. `about`: a transaction id of now.
    ///
    /// Errors: `hold_lost`; `busy` where somebody else reads the slot.
    static task<std::shared_ptr<log_stream>> open(connection_pool& pool, std::string slot, position from,
                                                  transaction_id& about) {
        const std::shared_ptr<log_stream> made{new log_stream};
        {
            auto db = co_await pool.take();
            const std::string sql = "SELECT " + slot_state::sql() +
                                    ", pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot()) FROM (SELECT 1) "
                                    "one LEFT JOIN pg_catalog.pg_replication_slots s ON s.slot_name = " +
                                    literal(slot);
            const result now = co_await db->run(sql);
            check_slot(slot, slot_state::read(now), from);
            about = whole_number<transaction_id>(now.text(0, slot_state::columns));
        }
        made->server_ = co_await connection::open(pool.where(), connection::kind::replication);
        const std::string start = "START_REPLICATION SLOT " + identifier(slot) + " LOGICAL " +
                                  lsn_of({from.value + 1}) +
                                  " (proto_version '1', publication_names 'foreshadow', messages 'true', "
                                  "binary 'true')";
        co_await while_busy([&] { return made->server_->begin_copy(start); });
        made->last_status_ = made->clock_.seconds();
        co_return made;
    }

    /// Decodes one message; false where none has arrived. Does not wait.
    bool take(log_decoder& to) {
        bool ended = false;
        const std::optional<connection::copied> next = server_->take_copied(ended);
        if (ended) {
            const std::string words = server_->last_words();
            throw error{errc::unavailable,
                        "the server ended the stream of its log" + (words.empty() ? words : ": " + words),
                        "is the server running?", retry::later};
        }
        if (!next) return false;
        message_reader in{next->bytes};
        const char kind = in.number<char>();
        if (kind == 'w') {
            static_cast<void>(in.bytes(24));
            to.take(next->bytes.substr(25));
            return true;
        }
        if (kind != 'k')
            throw error{errc::unsupported,
                        std::string{"the server's stream has a message of an unknown kind: "} + kind};
        const position end{in.number<std::uint64_t>()};
        static_cast<void>(in.number<std::uint64_t>());
        if (in.number<std::uint8_t>() != 0) must_reply_ = true;
        to.pass(end);
        return true;
    }

    /// Waits for more, for so long.
    task<> wait(double seconds) { static_cast<void>(co_await server_->wait_for_more(seconds)); }

    /// Whether the server waits for a status, or should get one again.
    [[nodiscard]] bool owes_status() const { return must_reply_ || clock_.seconds() - last_status_ > status_seconds; }
    /// Tells the server what was received, and what it need not keep.
    void send_status(position received, position acknowledged) {
        must_reply_ = false;
        last_status_ = clock_.seconds();
        std::string status{'r'};
        append_number(received.value + 1, status);
        append_number(acknowledged.value + 1, status);
        append_number(acknowledged.value + 1, status);
        append_number(clock_.now().microseconds - microseconds_1970_to_2000, status);
        status.push_back('\0');
        server_->post_copied(status);
    }
    void shut_down() noexcept { server_->shut_down(); }

    static constexpr double status_seconds = 5;

  private:
    log_stream() = default;

    steady_clock clock_;
    std::unique_ptr<connection> server_;
    double last_status_ = 0;
    bool must_reply_ = false;
};

}  // namespace foreshadow::postgresql::detail
