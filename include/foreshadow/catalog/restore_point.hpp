// SPDX-License-Identifier: BSL-1.0
//
// A restore point is a published T with its proof; a checkpoint is a backup under way, made durable. Both are
// written after everything that they name (publish rule), under names that are never used twice.
#pragma once

#include "foreshadow/catalog/catalog.hpp"
#include "foreshadow/plane/coverage.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace foreshadow {

/// What a backup did, in numbers: bytes are of keys and values where nothing else is said.
struct backup_figures {
    wall_time started;
    wall_time ended;
    std::uint64_t resumed = 0;  ///< how often it went on after an interruption
    std::uint64_t chunks = 0;
    std::uint64_t rows_read = 0;
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_read_twice = 0;  ///< of keys that an image of this backup knew already
    std::uint64_t commits = 0;
    std::uint64_t changes = 0;
    std::uint64_t journal_bytes = 0;  ///< as stored
    std::uint64_t image_bytes = 0;    ///< as stored, shared blocks not counted
    std::uint64_t run_bytes = 0;      ///< as stored: the extra bytes that shadows cost
    std::uint64_t layout_changes = 0;
    std::uint64_t shadows_opened = 0;
    std::uint64_t shadows_adopted = 0;
    std::uint64_t shadows_recut = 0;
    std::uint64_t shadows_discarded = 0;
    std::uint64_t checkpoints = 0;
};

/// One stretch of the proof: the box that knows these keys first, and the boxes that know every change since.
struct proven_step {
    std::string by;     ///< "run" or "journal"
    std::string where;  ///< of the run; empty for the journal
    position after;
    position upto;

    friend bool operator==(const proven_step&, const proven_step&) = default;
};
struct proven_piece {
    key_range interval;
    partition_id owner;
    std::string image;  ///< where its rows are; empty: born empty at `since`
    version since;
    horizon seen;
    std::vector<proven_step> chain;

    friend bool operator==(const proven_piece&, const proven_piece&) = default;
};

struct restore_point {
    std::string id;  ///< also the last part of its object's name
    position at;
    wall_time time;  ///< of the last commit up to `at`, or of the source's clock where nothing was written
    catalog knows;
    std::vector<proven_piece> proof;
    backup_figures figures;
    std::vector<omission> omissions;  ///< what was in the source at its end, and is not in the backup
};

struct checkpoint {
    std::string backup;
    std::uint64_t sequence = 0;
    catalog knows;
    backup_figures figures;
};

/// The id of the point at `at`: names sort by timeline, then by position, which never repeats within one.
[[nodiscard]] inline std::string point_id(std::uint64_t timeline, position at) {
    char digits[48];
    std::snprintf(digits, sizeof digits, "%04llu-%020llu", static_cast<unsigned long long>(timeline),
                  static_cast<unsigned long long>(at.value));
    return digits;
}

[[nodiscard]] inline std::string point_object(const std::string& source, const std::string& id) {
    return "sources/" + source + "/points/" + id;
}

/// The proof in words that stay true when boxes are renumbered.
[[nodiscard]] inline std::vector<proven_piece> spelled_out(const proof& p, const boxes& known) {
    std::vector<proven_piece> pieces;
    pieces.reserve(p.pieces.size());
    for (const proof_piece& piece : p.pieces) {
        proven_piece out{.interval = piece.interval,
                         .owner = piece.owner,
                         .image = piece.image ? known.images[*piece.image].where : std::string{},
                         .since = piece.since,
                         .seen = piece.seen,
                         .chain = {}};
        for (const change_step& step : piece.chain)
            out.chain.push_back({.by = step.is_run ? "run" : "journal",
                                 .where = step.is_run ? known.runs[step.run].where : std::string{},
                                 .after = step.after,
                                 .upto = step.upto});
        pieces.push_back(std::move(out));
    }
    return pieces;
}

BOOST_DESCRIBE_STRUCT(backup_figures, (),
                      (started, ended, resumed, chunks, rows_read, bytes_read, bytes_read_twice, commits, changes,
                       journal_bytes, image_bytes, run_bytes, layout_changes, shadows_opened, shadows_adopted,
                       shadows_recut, shadows_discarded, checkpoints))
BOOST_DESCRIBE_STRUCT(proven_step, (), (by, where, after, upto))
BOOST_DESCRIBE_STRUCT(proven_piece, (), (interval, owner, image, since, seen, chain))
BOOST_DESCRIBE_STRUCT(restore_point, (), (id, at, time, knows, proof, figures, omissions))
BOOST_DESCRIBE_STRUCT(checkpoint, (), (backup, sequence, knows, figures))

}  // namespace foreshadow
