// SPDX-License-Identifier: BSL-1.0
//
// What the server's plugin `pgoutput` sends, as commits. A commit's position is where its record begins in the log,
// which the plugin tells before the changes. Rows come in binary form; columns that an UPDATE did not touch and that
// are stored apart from the row (TOAST) come without a value, and make the change a patch.
#pragma once

#include "foreshadow/postgresql/layout/layout_model.hpp"
#include "foreshadow/postgresql/log/log_messages.hpp"
#include "foreshadow/postgresql/server/bytes.hpp"
#include "foreshadow/postgresql/server/snapshot.hpp"
#include "foreshadow/postgresql/setup/event_trigger_sql.hpp"
#include "foreshadow/postgresql/table/keyless_rows.hpp"
#include "foreshadow/source/log_batch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

/// A commit by the two names that it has.
struct named_commit {
    position at;
    transaction_id transaction = 0;
};

/// What an event trigger told, where it stands in the log.
struct told_change {
    position at;
    wall_time time;
    std::string message;
};

class log_decoder {
  public:
    /// Begins after `from`, with the tables of that position. `about`: a transaction id of about that time.
    log_decoder(layout_model tables, position from, transaction_id about)
        : tables_{std::move(tables)}, about_{about}, passed_{from} {}

    /// Commits up to here are decoded for what they tell of tables only.
    void skip_to(position upto) {
        skip_to_ = upto;
        batch.after = batch.upto = upto;
    }

    log_batch batch;                    ///< what was decoded and not taken yet
    std::vector<named_commit> commits;  ///< of `batch`, and those without changes between them
    std::vector<told_change> told;      ///< changes of tables, since the beginning
    bool keeps_changes = true;          ///< without them only `commits` and the tables go on

    [[nodiscard]] const layout_model& tables() const noexcept { return tables_; }
    /// Every commit up to here was decoded.
    [[nodiscard]] position passed() const noexcept { return passed_; }

    [[nodiscard]] bool is_in_commit() const noexcept { return in_commit_; }
    /// Transaction ids that come next are near to this one.
    void expect_near(transaction_id about) noexcept { about_ = about; }

    /// The server has nothing more that begins below `end` of its log.
    void pass(position end) {
        if (in_commit_ || end.value == 0) return;
        move_to({end.value - 1});
    }

    void take(std::string_view message) {
        message_reader in{message};
        const char kind = in.number<char>();
        if (kind != 'B' && kind != 'R' && kind != 'Y' && kind != 'M' && !in_commit_)
            throw error{errc::corrupt, "the log has a change outside of a commit"};
        switch (kind) {
            case 'B':
                return begin(in);
            case 'C':
                return end();
            case 'R':
                return note_relation(in);
            case 'I':
                return insert(in);
            case 'U':
                return update(in);
            case 'D':
                return erase(in);
            case 'T':
                return truncate(in);
            case 'M':
                return hear(in);
            case 'O':  // where the commit came from
            case 'Y':  // a type's name
                return;
            default:
                throw error{errc::unsupported, std::string{"the log has a message of an unknown kind: "} + kind};
        }
    }

  private:
    void begin(message_reader& in) {
        const position at{in.number<std::uint64_t>()};
        const wall_time time{in.number<std::int64_t>() + microseconds_1970_to_2000};
        about_ = widened(in.number<std::uint32_t>(), about_);
        writer_.emplace(commit_writer{at, time, batch});
        first_ = batch.changes.size();
        layouts_ = batch.layouts.size();
        in_commit_ = true;
    }

    void end() {
        in_commit_ = false;
        tables_.end_commit(*writer_);
        const position at = writer_->at;
        if (!touched_.empty())
            throw error{errc::hold_lost,
                        "table number " + std::to_string(*touched_.begin()) +
                            " was created while the event triggers of foreshadow were switched off",
                        "the database is read again; leave event triggers on"}
                .with("position", lsn_of(at));
        if (at <= skip_to_ || !keeps_changes) {
            batch.clear();
            batch.after = batch.upto = skip_to_;
            if (at > skip_to_) commits.push_back({at, about_});
        } else {
            commits.push_back({at, about_});
            const std::size_t count = batch.changes.size() - first_;
            if (count != 0 || batch.layouts.size() != layouts_)
                batch.commits.push_back({at, writer_->time, first_, count});
        }
        move_to(at);
    }

    void move_to(position at) {
        passed_ = std::max(passed_, at);
        if (keeps_changes) batch.upto = std::max(batch.upto, passed_);
    }

    void note_relation(message_reader& in) {
        const auto oid = in.number<object_id>();
        relations_.insert_or_assign(oid, read_relation(in));
    }

    /// The table that a change is of; null where its rows are not captured.
    [[nodiscard]] const table* table_of_change(object_id oid) {
        const table* known = tables_.find(oid);
        const auto sent_as = relations_.find(oid);
        if (sent_as == relations_.end())
            throw error{errc::corrupt, "the log has a row of a table that it did not name"};
        if (known == nullptr) {
            if (!sent_as->second.is_own) touched_.insert(oid);
            return nullptr;
        }
        if (!known->is_captured()) return nullptr;
        if (!is_sent_like(*known, sent_as->second))
            throw error{
                errc::hold_lost,
                "table " + known->name + " was altered while the event triggers of foreshadow were switched off",
                "the database is read again; leave event triggers on"};
        return known;
    }

    void insert(message_reader& in) {
        const table* of = table_of_change(in.number<object_id>());
        if (of == nullptr) return;
        static_cast<void>(in.number<char>());
        const tuple row = read_row(*of, in);
        put(*of, row, write_hint::inserted);
    }

    void put(const table& of, const tuple& row, write_hint hint) {
        key_.clear();
        value_.clear();
        if (of.has_key())
            append_row_key(of, row.fields, key_);
        else
            append_event(of.oid, digest_of_row(row.fields), keyless_event::added, writer_->upcoming(), key_);
        for (const field& f : row.fields) append_field(f, value_);
        writer_->append(change_kind::put, key_, value_, hint);
    }

    void update(message_reader& in) {
        const table* of = table_of_change(in.number<object_id>());
        if (of == nullptr) return;
        char kind = in.number<char>();
        if (!of->has_key() && kind != 'O') throw not_whole(*of);
        std::optional<tuple> before;
        if (kind != 'N') {
            before = read_row(*of, in);
            const bool is_whole = kind == 'O';
            kind = in.number<char>();
            tuple row = read_row(*of, in);
            // What was not sent stands in the old row, or, where that has the key only, perhaps there.
            std::erase_if(row.unchanged, [&](std::size_t i) {
                if (!is_whole && !before->fields[i]) return false;
                row.fields[i] = before->fields[i];
                return true;
            });
            if (of->has_key()) return move(*of, *before, row);
            remove(*of, *before);
            return put(*of, row, write_hint::updated);
        }
        const tuple row = read_row(*of, in);
        if (row.unchanged.empty()) return put(*of, row, write_hint::updated);
        patch(*of, row);
    }

    void patch(const table& of, const tuple& row) {
        key_.clear();
        value_.clear();
        append_row_key(of, row.fields, key_);
        auto skipped = row.unchanged.begin();
        for (std::size_t i = 0; i < row.fields.size(); ++i) {
            if (skipped != row.unchanged.end() && *skipped == i) {
                ++skipped;
                continue;
            }
            std::string column;
            if (row.fields[i]) column = 'b' + std::string{*row.fields[i]};
            append_patch_column(i, column, value_);
        }
        writer_->append(change_kind::patch, key_, value_, write_hint::updated);
    }

    void move(const table& of, const tuple& before, const tuple& row) {
        key old_key;
        append_row_key(of, before.fields, old_key);
        key new_key;
        append_row_key(of, row.fields, new_key);
        if (old_key == new_key) {
            if (row.unchanged.empty()) return put(of, row, write_hint::updated);
            return patch(of, row);
        }
        writer_->append(change_kind::erase, old_key, {}, write_hint::moved);
        if (row.unchanged.empty()) return put(of, row, write_hint::moved);
        // The row is known, but for a column that stays where it is under another key: it has to be read.
        writer_->append(change_kind::replaced, new_key, successor(new_key));
    }

    /// Of a table without a key: that there is one such row less.
    void remove(const table& of, const tuple& row) {
        key_.clear();
        append_event(of.oid, digest_of_row(row.fields), keyless_event::removed, writer_->upcoming(), key_);
        writer_->append(change_kind::put, key_, {}, write_hint::updated);
    }
    [[nodiscard]] static error not_whole(const table& of) {
        return {errc::hold_lost, "table " + of.name + " has no key, and its log has no whole rows any more",
                "the database is read again; leave its replica identity FULL"};
    }

    void erase(message_reader& in) {
        const table* of = table_of_change(in.number<object_id>());
        if (of == nullptr) return;
        const char kind = in.number<char>();
        const tuple row = read_row(*of, in);
        if (!of->has_key()) {
            if (kind != 'O') throw not_whole(*of);
            return remove(*of, row);
        }
        key_.clear();
        append_row_key(*of, row.fields, key_);
        writer_->append(change_kind::erase, key_, {});
    }

    void truncate(message_reader& in) {
        auto tables = in.number<std::uint32_t>();
        static_cast<void>(in.number<std::uint8_t>());
        for (; tables > 0; --tables) {
            const table* of = tables_.find(in.number<object_id>());
            if (of != nullptr && of->is_captured()) writer_->append(change_kind::erase_range, of->interval());
        }
    }

    void hear(message_reader& in) {
        static_cast<void>(in.number<std::uint8_t>());
        static_cast<void>(in.number<std::uint64_t>());
        const std::string_view prefix = in.text();
        if (prefix != ddl_message || !in_commit_) return;
        const std::string_view text = in.bytes(in.number<std::uint32_t>());
        tables_.apply(text, touched_, *writer_);
        // Applied again later, with what the tables were; so with what was known of them then.
        std::erase_if(touched_, [&](object_id oid) { return tables_.find(oid) != nullptr; });
        told.push_back({writer_->at, writer_->time, std::string{text}});
    }

    layout_model tables_;
    transaction_id about_;
    position passed_;
    position skip_to_;
    std::map<object_id, relation> relations_;
    std::optional<commit_writer> writer_;
    std::set<object_id> touched_;  ///< written in this commit, and unknown
    std::size_t first_ = 0;
    std::size_t layouts_ = 0;
    bool in_commit_ = false;
    key key_;
    std::string value_;
};

}  // namespace foreshadow::postgresql::detail
