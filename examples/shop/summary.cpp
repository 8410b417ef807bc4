// SPDX-License-Identifier: BSL-1.0
#include "job.hpp"
#include "words_for_people.hpp"

#include "foreshadow/plane/layout_history.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <vector>

namespace shop {

namespace {

double seconds_of(const foreshadow::restore_point& point) {
    return std::max(1e-3, foreshadow::seconds_between(point.figures.started, point.figures.ended));
}

std::string names(const std::vector<foreshadow::partition>& partitions) {
    std::string text;
    for (const foreshadow::partition& p : partitions) text += (text.empty() ? "" : " ") + p.name;
    return text;
}

std::string named(const foreshadow::lineage_event& e) {
    if (e.from.empty()) return names(e.to);
    if (e.to.empty()) return names(e.from);
    return names(e.from) + " -> " + names(e.to);
}

/// The surest prediction that this change settled, as it was foretold or nearly so.
const foreshadow::foretold* foretold_of(const foreshadow::lineage_event& e, const foreshadow::restore_point& point) {
    const foreshadow::foretold* best = nullptr;
    for (const foreshadow::foretold& told : point.knows.predictions) {
        const bool came =
            told.became.kind == foreshadow::outcome_kind::exact || told.became.kind == foreshadow::outcome_kind::near;
        if (came && told.became.at == e.at && (best == nullptr || best->what.issued_time > told.what.issued_time))
            best = &told;
    }
    return best;
}

void tell_changes(const foreshadow::restore_point& point) {
    std::map<std::string, std::size_t> kinds;
    const foreshadow::layout_history history = history_of(point.knows);
    for (const foreshadow::lineage_event& e : history.lineage()) {
        if (e.time < point.figures.started) continue;
        ++kinds[name_of(e.kind)];
        std::string line = "  " + decimal(foreshadow::seconds_between(point.figures.started, e.time), "%6.2f s  ") +
                           name_of(e.kind) + "  " + named(e);
        if (const foreshadow::foretold* told = foretold_of(e, point)) {
            line.resize(std::max<std::size_t>(line.size(), 58), ' ');
            line += "  foretold " + decimal(told->became.lead_seconds) + " s before, at " +
                    decimal(100 * told->what.confidence, "%.0f %%");
            if (told->became.kind == foreshadow::outcome_kind::near) line += ", at another key";
            if (told->shadow == foreshadow::shadow_fate::adopted || told->shadow == foreshadow::shadow_fate::recut)
                line += "; its shadow was kept (" + bytes_text(told->shadow_bytes) + ")";
        }
        std::cout << line << "\n";
    }
    std::string sum;
    for (const auto& [kind, count] : kinds)
        sum += (sum.empty() ? "" : ", ") + std::to_string(count) + " " + kind +
               (count == 1                            ? ""
                : kind == "create" || kind == "merge" ? "s"
                                                      : "s");
    std::cout << "  together: " << (sum.empty() ? "nothing" : sum) << "\n";
}

void tell_predictions(const foreshadow::restore_point& point) {
    std::map<foreshadow::outcome_kind, std::size_t> outcomes;
    std::vector<double> leads;
    for (const foreshadow::foretold& told : point.knows.predictions) {
        ++outcomes[told.became.kind];
        if (told.became.kind == foreshadow::outcome_kind::exact || told.became.kind == foreshadow::outcome_kind::near)
            leads.push_back(told.became.lead_seconds);
    }
    std::cout << point.knows.predictions.size()
              << " predictions in both backups: " << outcomes[foreshadow::outcome_kind::exact]
              << " came about as foretold, " << outcomes[foreshadow::outcome_kind::near] << " at another key, "
              << outcomes[foreshadow::outcome_kind::late] << " late, " << outcomes[foreshadow::outcome_kind::other_kind]
              << " in another way, " << outcomes[foreshadow::outcome_kind::none] << " not; "
              << outcomes[foreshadow::outcome_kind::pending] << " are open still.";
    std::sort(leads.begin(), leads.end());
    if (!leads.empty())
        std::cout << " Half of what came about was foretold " << decimal(leads[leads.size() / 2])
                  << " s before or earlier.";
    std::cout << "\n";
}

void tell_backup(const char* title, const foreshadow::restore_point& point) {
    const foreshadow::backup_figures& f = point.figures;
    const double seconds = seconds_of(point);
    std::cout << title << ": " << decimal(seconds) << " s; ";
    if (f.rows_read > 0)
        std::cout << "read " << count_text(f.rows_read) << " rows, " << bytes_text(f.bytes_read) << " ("
                  << bytes_text(static_cast<double>(f.bytes_read) / seconds) << "/s, " << bytes_text(f.bytes_read_twice)
                  << " twice)";
    else
        std::cout << "had no table to read again";
    std::cout << "; followed " << count_text(f.changes) << " changes\n  stored " << bytes_text(f.image_bytes)
              << " of images, " << bytes_text(f.journal_bytes) << " of journal, " << bytes_text(f.run_bytes)
              << " of shadows; " << f.shadows_opened << " shadows opened, " << f.shadows_adopted + f.shadows_recut
              << " came true, " << f.shadows_discarded << " discarded\n";
}

void tell_restore(const std::string& title, const timed_restore& r) {
    std::cout << "  " << title << ": " << decimal(r.seconds) << " s, " << count_text(r.report.rows) << " rows from "
              << bytes_text(r.report.image_bytes_read) << " of images, " << bytes_text(r.report.run_bytes_read)
              << " of shadows, " << bytes_text(r.report.journal_bytes_read) << " of journal\n";
}

void tell_verdict(const char* title, const verdict& v) {
    std::cout << "  " << title << ": " << (v.is_equal() ? "equal" : "DIFFERENT") << ", " << count_text(v.rows)
              << " rows compared";
    if (v.last_seq > 0)
        std::cout << ", after line " << count_text(static_cast<std::uint64_t>(v.last_seq)) << " of the ledger";
    std::cout << "\n";
    for (const std::string& difference : v.differences) std::cout << "    " << difference.substr(0, 200) << "\n";
}

}  // namespace

void print_summary(const job_options& options, const job_result& result) {
    const std::string folder = options.folder.string();
    const std::string restored = result.part.report.partitions.empty() ? "" : result.part.report.partitions.back().name;
    std::cout << "\nA shop of " << bytes_text(result.database_bytes)
              << " was backed up while another process wrote to it: " << count_text(result.writer.transactions)
              << " transactions\nin " << decimal(result.writer.seconds) << " s, "
              << decimal(result.writer.median_ms, "%.2f") << " ms in the median, " << decimal(result.writer.p99_ms)
              << " ms at the 99th percentile, " << decimal(result.writer.longest_ms)
              << " ms at most; partitions split above "
              << count_text(static_cast<std::uint64_t>(options.size.split_rows())) << " rows.\n\n"
              << "What changed during the first backup (slowed down to " << bytes_text(result.pace_bytes_per_second)
              << "/s, so that there is something to see):\n";
    tell_changes(result.first);
    std::cout << "\n";
    tell_predictions(result.second);
    tell_backup("First backup", result.first);
    tell_backup("Second backup", result.second);
    std::cout << "\nRestores of the second point, and what they read:\n";
    tell_restore("whole", result.whole);
    tell_restore("  had nothing been foretold", result.without_shadows);
    tell_restore("partition " + restored + " alone", result.part);
    tell_restore("  had nothing been foretold", result.part_without_shadows);
    std::cout << "\nCompared with the truth:\n";
    tell_verdict("first point", result.first_truth);
    tell_verdict("second point", result.truth);
    tell_verdict("one partition", result.part_truth);
    std::cout << "\nIt took " << decimal(result.seconds) << " s; everything is in " << folder << "\n" << std::flush;
}

void print_next_steps(const std::string& tool, const std::string& folder) {
    if (!folder.empty())
        std::cout << "\nTo look at what was made:\n"
                  << "  " << tool << " points " << folder << "/backups\n"
                  << "  " << tool << " show " << folder << "/backups\n"
                  << "  " << tool << " verify --data " << folder << "/backups\n"
                  << "  " << tool << " release sqlite:" << folder << "/shop.db\n";
    std::cout << "\nWith an SQLite database of your own, which may be in use:\n"
              << "  " << tool << " backup sqlite:YOUR.db backups\n"
              << "  " << tool << " restore backups sqlite:RESTORED.db\n"
              << "  " << tool << " release sqlite:YOUR.db       # removes what backups left in it\n"
              << std::flush;
}

}  // namespace shop
