// SPDX-License-Identifier: BSL-1.0
//
// Progress for a person: one line that is redrawn on a terminal, plain lines elsewhere. Drawn a few times a second at
// most, however many events there are; what matters (layout changes, outcomes, warnings, the point) gets its own line.
#pragma once

#include "foreshadow/observe/observer.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <iostream>
#include <ostream>
#include <string>
#include <utility>
#include <variant>

namespace foreshadow {

/// Not for standard output, which belongs to results. Time may be given, in seconds, for tests.
class progress_bar {
  public:
    struct options {
        bool is_terminal = false;
        double seconds_between_lines = 5;  ///< where there is no terminal
        double seconds_between_redraws = 0.1;
        std::function<double()> seconds = [] {
            return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
        };
    };

    /// Draws on standard error; a bar when that is a terminal.
    progress_bar() : progress_bar{std::cerr, on_standard_error()} {}
    progress_bar(std::ostream& out, options chosen) : out_{&out}, options_{std::move(chosen)} {
        last_ = options_.seconds();
    }
    progress_bar(const progress_bar&) = default;
    progress_bar& operator=(const progress_bar&) = default;
    /// What was drawn is taken back: results follow on a line of their own.
    ~progress_bar() {
        if (drawn_) *out_ << "\r\x1b[K" << std::flush;
    }

    void on(const event& e) {
        std::visit([this](const auto& what) { note(what); }, e);
    }

  private:
    [[nodiscard]] static options on_standard_error() {
        options chosen;
        chosen.is_terminal = isatty(STDERR_FILENO) == 1;
        return chosen;
    }

    /// Where backups follow one another, each has figures of its own.
    void note(const backup_started& e) {
        rows_ = bytes_ = of_ = changes_ = predictions_ = shadows_ = 0;
        say((e.resumed ? "resuming the backup of " : "backing up ") + printable(e.source) + ", " +
            std::to_string(e.partitions) + " partitions");
    }
    void note(const held_from&) {}
    void note(const chunk_read& e) {
        rows_ += e.rows;
        bytes_ += e.bytes;
        draw();
    }
    void note(const log_followed& e) {
        changes_ += e.changes;
        draw();
    }
    void note(const layout_changed& e) {
        std::string text = name_of(e.what.kind);
        for (const partition& p : e.what.from) text += " " + printable(p.name);
        if (!e.what.to.empty()) text += e.what.from.empty() ? "" : " into";
        for (const partition& p : e.what.to) text += " " + printable(p.name);
        say(text);
    }
    void note(const predicted&) { ++predictions_; }
    void note(const outcome_known& e) {
        if (e.became.kind != outcome_kind::exact && e.became.kind != outcome_kind::near) return;
        char lead[32];
        std::snprintf(lead, sizeof lead, "%.1f", e.became.lead_seconds);
        say("  foretold " + std::string{lead} + " s before" +
            (e.became.kind == outcome_kind::near ? ", at another boundary" : ""));
    }
    void note(const shadow_opened&) { ++shadows_; }
    void note(const shadow_adopted&) {}
    void note(const shadow_discarded&) {}
    void note(const pace_changed&) {}
    void note(const checkpointed&) {}
    void note(const point_published& e) { say("restore point " + printable(e.id) + ": " + state()); }
    void note(const restore_progress& e) {
        rows_ = e.rows;
        bytes_ = e.bytes;
        of_ = e.of;
        draw();
    }
    void note(const verify_progress& e) {
        if (e.done == e.of) say("verified " + std::to_string(e.done) + " of " + std::to_string(e.of));
    }
    /// Several parts of a backup may wait at once, and each asks again soon: one line is enough for a while.
    void note(const source_busy& e) {
        const double now = options_.seconds();
        if (waits_ && now - last_wait_ < options_.seconds_between_lines) return;
        waits_ = true;
        last_wait_ = now;
        say("waiting: " + printable(e.why));
    }
    void note(const warning& e) { say("warning: " + e.text); }

    [[nodiscard]] std::string state() const {
        std::string text = size(bytes_) + " in " + std::to_string(rows_) + " rows";
        if (of_ > 0) {
            const double share = static_cast<double>(bytes_ < of_ ? bytes_ : of_) / static_cast<double>(of_);
            const auto filled = static_cast<std::size_t>(share * 20);
            text = "[" + std::string(filled, '#') + std::string(20 - filled, '.') + "] " + text;
        }
        if (changes_ > 0) text += ", " + std::to_string(changes_) + " changes followed";
        if (predictions_ > 0) text += ", " + std::to_string(predictions_) + " predictions";
        if (shadows_ > 0) text += ", " + std::to_string(shadows_) + " shadows";
        return text;
    }

    /// A line that stays.
    void say(const std::string& text) {
        if (drawn_) *out_ << "\r\x1b[K";
        drawn_ = false;
        *out_ << text << '\n' << std::flush;
    }

    /// The state, when it is time again.
    void draw() {
        const double now = options_.seconds();
        if (now - last_ < (options_.is_terminal ? options_.seconds_between_redraws : options_.seconds_between_lines))
            return;
        last_ = now;
        if (options_.is_terminal) {
            // One line only: a wrapped line could not be taken back.
            *out_ << "\r\x1b[K" << state().substr(0, 78) << std::flush;
            drawn_ = true;
        } else {
            *out_ << state() << '\n' << std::flush;
        }
    }

    [[nodiscard]] static std::string size(std::uint64_t bytes) {
        static constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
        double value = static_cast<double>(bytes);
        std::size_t unit = 0;
        for (; value >= 1024 && unit < 4; ++unit) value /= 1024;
        char text[32];
        std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
        return text;
    }

    std::ostream* out_;
    options options_;
    double last_ = 0;
    double last_wait_ = 0;
    bool waits_ = false;
    bool drawn_ = false;
    std::uint64_t rows_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t of_ = 0;
    std::uint64_t changes_ = 0;
    std::uint64_t predictions_ = 0;
    std::uint64_t shadows_ = 0;
};

static_assert(observer<progress_bar>);

}  // namespace foreshadow
