// SPDX-License-Identifier: BSL-1.0
//
// Asks the predictor, records what it says, opens shadows and sets the pace. Nothing in here can change what is
// restored (prediction rule): what a predictor returns is cleaned first, and every budget is hard.
#pragma once

#include "foreshadow/orchestrate/patiently.hpp"
#include "foreshadow/orchestrate/session.hpp"
#include "foreshadow/predict/sanitize.hpp"
#include "foreshadow/schedule/outlook.hpp"
#include "foreshadow/schedule/pace.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow {

template <class Parts>
class forecaster {
  public:
    explicit forecaster(backup_session<Parts>& session) : session_{session} {}

    /// Ticks until it is cancelled or the session stops.
    task<> run() {
        while (!session_.stopping) {
            forecast();
            const strain felt = co_await patiently(session_, [this] { return session_.with.source.strain(); });
            set_pace(felt);
            co_await session_.with.clock.sleep(session_.options.forecast_seconds);
        }
    }

    /// One forecast: what is new is recorded; what lapsed gets its outcome; shadows follow.
    void forecast() {
        auto& s = session_;
        const wall_time now = s.with.clock.now();
        std::vector<prediction> said;
        if constexpr (backup_session<Parts>::counts_sizes)
            if (s.sizes.has_news()) s.with.predictor.measured(s.sizes.tell(s.layouts.current()));
        s.with.predictor.forecast(now, s.options.horizon_seconds, said);
        sanitize(said, s.layouts.current(), s.options.horizon_seconds);
        for (prediction& p : said)
            if (p.confidence >= s.options.least_confidence && is_news(p)) record(std::move(p), now);
        lapse();
        note_fates(s.judged.live());
    }

    /// The outcome of predictions whose time is over is known: nothing came of them.
    void lapse() {
        auto& s = session_;
        for (const auto& [id, became] : s.judged.lapse(s.with.clock.now())) {
            foretold* told = s.find_prediction(id);
            if (told == nullptr) continue;
            told->became = became;
            s.tell(outcome_known{.prediction = id, .became = became});
            if (!s.shadows.discard(id)) continue;
            told->shadow = shadow_fate::discarded;
            s.tell(shadow_discarded{.prediction = id});
        }
    }

    /// Lets `candidates` open shadows, and notes which opened and which gave way, and why.
    void note_fates(std::span<const prediction> candidates) {
        auto& s = session_;
        for (const auto& [id, fate] :
             s.shadows.consider(candidates, s.layouts.current(), s.followed, s.stored_bytes())) {
            foretold* told = s.find_prediction(id);
            if (told != nullptr) told->shadow = fate;
            if (fate == shadow_fate::open)
                s.tell(shadow_opened{.prediction = id});
            else
                s.tell(shadow_discarded{.prediction = id});
        }
        for (const auto& [id, account] : s.shadows.take_accounts())
            if (foretold* told = s.find_prediction(id)) told->account = account;
    }

  private:
    /// A change that is foretold already is news again only when it became likely enough for a shadow.
    [[nodiscard]] bool is_news(const prediction& p) const {
        const double threshold = session_.options.shadows.confidence_threshold;
        const std::optional<double> known = session_.judged.confidence_in(p);
        return !known || (*known < threshold && p.confidence >= threshold);
    }

    void record(prediction p, wall_time now) {
        auto& s = session_;
        p.id = s.knows.next_prediction++;
        p.issued_at = s.followed;
        p.issued_time = now;
        if (p.predictor.empty()) p.predictor = std::string{s.with.predictor.name};
        s.tell(predicted{p});
        s.judged.record(p);
        s.knows.predictions.push_back(
            {.what = std::move(p), .became = {}, .shadow = shadow_fate::none, .shadow_bytes = 0, .account = {}});
    }

    void set_pace(const strain& felt) {
        auto& s = session_;
        const double now = s.with.clock.seconds();
        const pace_input input = look(felt, now);
        const pace_decision decided = s.with.pace.decide(input);
        // Whatever a pace says, NaN included, the backup goes on at the floor or above, but for single pauses.
        rate_ = decided.bytes_per_second >= s.options.least_bytes_per_second ? decided.bytes_per_second
                                                                             : s.options.least_bytes_per_second;
        pauses_ = decided.pause && !pauses_;
        s.tokens.rate(pauses_ ? 0 : rate_);
        last_ = now;
        last_read_ = s.figures.bytes_read;
        s.tell(pace_changed{.rate = pauses_ ? 0 : rate_,
                            .predicted_change_rate = input.predicted_change_rate,
                            .needed_rate = input.needed_rate,
                            .latency_seconds = felt.latency_seconds,
                            .reason = std::string{decided.reason}});
    }

    [[nodiscard]] pace_input look(const strain& felt, double now) {
        auto& s = session_;
        const double passed = std::max(now - last_, 1e-3);
        const outlook ahead = look_ahead(s.plan.pieces(), s.judged.live());
        pace_input input{.seconds_since_last = passed,
                         .latency_seconds = felt.latency_seconds,
                         .predicted_change_rate = ahead.change_rate,
                         .needed_rate = ahead.needed_rate,
                         .scanned_bytes_rate = static_cast<double>(s.figures.bytes_read - last_read_) / passed,
                         .remaining_bytes = ahead.remaining_bytes,
                         .allowed_rate = rate_};
        if (s.options.finish_within_seconds > 0)
            input.deadline_seconds = std::max(begun_ + s.options.finish_within_seconds - now, 1.0);
        return input;
    }

    backup_session<Parts>& session_;
    double begun_ = session_.with.clock.seconds();
    double last_ = begun_;
    bool pauses_ = false;
    double rate_ = std::numeric_limits<double>::infinity();
    std::uint64_t last_read_ = 0;
};

}  // namespace foreshadow
