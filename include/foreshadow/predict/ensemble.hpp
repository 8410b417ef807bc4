// SPDX-License-Identifier: BSL-1.0
//
// Several predictors as one. What they say of the same change is mixed in log-odds, each weighted by how well it did
// lately: softmax of minus its decayed loss (Vovk 1990, with forgetting). A predictor that says nothing of a change
// that another foretells is taken to find it unlikely. Losses are told by what comes: a change that came within the
// horizon, or the end of it. Boundaries, times and evidence are those of the member that believes most strongly.
//
// Worth it where databases differ and nobody knows which predictor fits; it costs what its members cost.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/predict/detail/follow_merge.hpp"
#include "foreshadow/predict/detail/log_odds.hpp"
#include "foreshadow/predict/detail/name_stem.hpp"
#include "foreshadow/predict/detail/subject.hpp"
#include "foreshadow/predict/predictor.hpp"
#include "foreshadow/predict/silent.hpp"

#include <boost/hana/for_each.hpp>
#include <boost/hana/tuple.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow {

template <predictor... Members>
    requires(sizeof...(Members) > 0)
class ensemble {
  public:
    static constexpr std::string_view name = "ensemble";
    static constexpr std::size_t count = sizeof...(Members);

    ensemble() = default;
    explicit ensemble(Members... members)
        requires(count > 0)
        : members_{std::move(members)...} {}

    void start(const layout& now) {
        waiting_.clear();
        each([&](auto& member, std::size_t) { member.start(now); });
    }
    void observe(const log_batch& batch, const layout& now) {
        each([&](auto& member, std::size_t) { member.observe(batch, now); });
    }
    /// For the members that take measurements; the others are not asked.
    void measured(const layout& told)
        requires(takes_measurements<Members> || ...)
    {
        each([&]<class Member>(Member& member, std::size_t) {
            if constexpr (takes_measurements<Member>) member.measured(told);
        });
    }

    void learn(const lineage_event& event) {
        for (said& s : waiting_) {
            if (s.came || s.about.kind != event.kind || event.time <= s.at || event.time > s.until) continue;
            if (is_in(event, s.about))
                s.came = true;
            else if (event.kind == lineage_kind::merge)
                detail::follow_merge(s.about.partitions, event);  // a step of it
        }
        each([&](auto& member, std::size_t) { member.learn(event); });
    }

    void forecast(wall_time now, double horizon_seconds, std::vector<prediction>& out) {
        settle(now);
        std::map<detail::subject, opinions> all;
        each([&](auto& member, std::size_t which) {
            std::vector<prediction> told;
            member.forecast(now, horizon_seconds, told);
            for (prediction& p : told) {
                if (!(p.confidence >= 0 && p.confidence <= 1)) continue;
                opinions& about = all[detail::subject{p}];
                about.odds[which] = std::max(about.odds[which], log_odds(p.confidence));
                if (p.confidence > about.best.confidence || about.best.predictor.empty()) about.best = std::move(p);
            }
        });
        const std::array<double, count> w = weights();
        const double ahead = std::isfinite(horizon_seconds) ? std::clamp(horizon_seconds, 0.0, 1e9) : 0;
        for (auto& [about, said_of_it] : all) {
            double odds = 0;
            for (std::size_t i = 0; i < count; ++i) odds += w[i] * said_of_it.odds[i];
            said_of_it.best.confidence = detail::sigmoid(odds);
            said_of_it.best.predictor = std::string{name};
            out.push_back(std::move(said_of_it.best));
            if (waiting_.size() < most_waiting)
                waiting_.push_back({about, now, after_seconds(now, ahead), said_of_it.odds, false});
        }
    }

    /// How much each member is believed; they sum to 1.
    [[nodiscard]] std::array<double, count> weights() const {
        const double best = *std::min_element(loss_.begin(), loss_.end());
        std::array<double, count> w{};
        double total = 0;
        for (std::size_t i = 0; i < count; ++i) total += w[i] = std::exp(best - loss_[i]);
        for (double& each_weight : w) each_weight /= total;
        return w;
    }

    /// The members' states behind the losses.
    [[nodiscard]] std::string save() const {
        std::string bytes{magic};
        for (const double loss : loss_) append(bytes, loss);
        each([&](const auto& member, std::size_t) {
            const std::string state = member.save();
            append(bytes, static_cast<std::uint64_t>(state.size()));
            bytes += state;
        });
        return bytes;
    }
    /// Errors: `corrupt` when the state is of another ensemble; then nothing is changed.
    void load(std::string_view state) {
        const auto refuse = [] {
            throw error{errc::corrupt, "the saved model is not of this ensemble", "the backup can go on without it"};
        };
        if (!state.starts_with(magic)) refuse();
        state.remove_prefix(magic.size());
        std::array<double, count> losses{};
        for (double& loss : losses)
            if (!take(state, loss) || !std::isfinite(loss)) refuse();
        boost::hana::tuple<Members...> loaded = members_;
        each_of(loaded, [&](auto& member, std::size_t) {
            std::uint64_t size = 0;
            if (!take(state, size) || size > state.size()) refuse();
            member.load(state.substr(0, size));
            state.remove_prefix(size);
        });
        if (!state.empty()) refuse();
        members_ = std::move(loaded);
        loss_ = losses;
    }

  private:
    static constexpr std::string_view magic = "foreshadow ensemble 1\n";
    static constexpr double unlikely = -7;  ///< log-odds of what a member does not mention: one in a thousand
    static constexpr double memory =
        0.02;  ///< share of the newest outcome in the decayed losses: the last fifty decide
    static constexpr double sharpness = 20;
    static constexpr std::size_t most_waiting = 16'384;

    struct opinions {
        opinions() { odds.fill(unlikely); }
        std::array<double, count> odds;
        prediction best;
    };
    struct said {
        detail::subject about;
        wall_time at;
        wall_time until;
        std::array<double, count> odds;
        bool came;
    };

    /// Of an event of that kind.
    [[nodiscard]] static bool is_in(const lineage_event& event, const detail::subject& about) {
        if (about.kind == lineage_kind::create)
            return std::any_of(event.to.begin(), event.to.end(), [&](const partition& p) {
                return about.name.empty() ? p.interval.contains(about.begin) : detail::is_called(p.name, about.name);
            });
        return std::all_of(about.partitions.begin(), about.partitions.end(), [&](partition_id id) {
            return std::any_of(event.from.begin(), event.from.end(), [&](const partition& p) { return p.id == id; });
        });
    }

    [[nodiscard]] static double log_odds(double p) { return detail::logit(std::clamp(p, 1e-3, 1 - 1e-3)); }

    /// Counts the losses of what is known by now.
    void settle(wall_time now) {
        while (!waiting_.empty() && waiting_.front().until <= now) {
            const said& s = waiting_.front();
            std::array<double, count> off{};
            for (std::size_t i = 0; i < count; ++i) off[i] = std::log1p(std::exp(s.came ? -s.odds[i] : s.odds[i]));
            // What all of them knew alike is no reason to forget who knew more: most partitions do nothing.
            const auto [least, most] = std::minmax_element(off.begin(), off.end());
            const double keep = 1 - memory * std::min(*most - *least, 1.0);
            for (std::size_t i = 0; i < count; ++i) loss_[i] = keep * loss_[i] + memory * sharpness * (off[i] - *least);
            waiting_.pop_front();
        }
    }

    template <class Tuple, class F>
    static void each_of(Tuple& members, F&& f) {
        std::size_t which = 0;
        boost::hana::for_each(members, [&](auto& member) { f(member, which++); });
    }
    template <class F>
    void each(F&& f) {
        each_of(members_, f);
    }
    template <class F>
    void each(F&& f) const {
        each_of(members_, f);
    }

    template <class T>
    static void append(std::string& to, T value) {
        char raw[sizeof value];
        std::memcpy(raw, &value, sizeof value);
        to.append(raw, sizeof value);
    }
    template <class T>
    [[nodiscard]] static bool take(std::string_view& from, T& value) {
        if (from.size() < sizeof value) return false;
        from.copy(reinterpret_cast<char*>(&value), sizeof value);
        from.remove_prefix(sizeof value);
        return true;
    }

    boost::hana::tuple<Members...> members_;
    std::array<double, count> loss_{};
    std::deque<said> waiting_;
};

static_assert(predictor<ensemble<silent, silent>> && !takes_measurements<ensemble<silent, silent>>);

}  // namespace foreshadow
