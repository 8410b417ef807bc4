// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "truth.hpp"
#include "writer.hpp"

#include "foreshadow/catalog/restore_point.hpp"
#include "foreshadow/orchestrate/restore.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace shop {

struct job_options {
    std::filesystem::path folder;  ///< empty, or not there yet
    double seconds = 8;            ///< how long the first backup is made to last, about
    dimensions size;
};

/// A restore and how long it took.
struct timed_restore {
    foreshadow::restore_report report;
    double seconds = 0;
};

struct job_result {
    std::uint64_t database_bytes = 0;
    double pace_bytes_per_second = 0;
    foreshadow::restore_point first;
    foreshadow::restore_point
        second;           ///< made while the first one's work was still warm: only what changed costs anything
    timed_restore whole;  ///< of the second point, which has the story of both
    timed_restore without_shadows;  ///< the same point once more, as if nothing had been foretold
    timed_restore part;             ///< the partition alone that shadows kept the most of
    timed_restore part_without_shadows;
    writer_statistics writer;
    verdict truth;
    verdict first_truth;
    verdict part_truth;

    double seconds = 0;  ///< of everything

    [[nodiscard]] bool is_sound() const { return truth.is_equal() && first_truth.is_equal() && part_truth.is_equal(); }
};

/// The main job: makes a shop, lets a writer work on it, backs it up twice meanwhile, restores, compares.
job_result run_job(const job_options& options);

/// Tells a person what happened.
void print_summary(const job_options& options, const job_result& result);

/// Commands to try next; on what is in `folder`, too, where that is kept.
void print_next_steps(const std::string& tool, const std::string& folder);

}  // namespace shop
