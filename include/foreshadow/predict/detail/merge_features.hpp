// SPDX-License-Identifier: BSL-1.0
//
// What is known of two neighbours, as the numbers and cells that the merge model learns on. Engines merge a pair when
// both are small, together not too large, and left alone since a split for long enough. So what merged pairs looked
// like gives the limits, and the question becomes how far this pair is from being like them, and how fast it comes
// nearer.
#pragma once

#include "foreshadow/predict/detail/feature_tables.hpp"
#include "foreshadow/predict/detail/first_passage.hpp"
#include "foreshadow/predict/detail/growth.hpp"
#include "foreshadow/predict/detail/log_odds.hpp"
#include "foreshadow/predict/detail/split_features.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace foreshadow::detail {

/// The outlines of what merged lately: of the last 256, all but the two outermost, since a threshold is an edge. By
/// rows and by bytes, since the measure that decides is learnt, too.
class merged_pairs {
  public:
    /// The limits that pairs which merge keep to.
    struct outline {
        double larger = 0;  ///< the larger of both sizes
        double smaller = 0;
        double sum = 0;
    };
    struct pair {
        std::array<outline, 2> sizes;  ///< by rows and by bytes
        double since_split;            ///< seconds since either was split
    };
    static constexpr std::size_t most = 256;

    void add(const pair& p) {
        if (seen_.size() < most)
            seen_.push_back(p);
        else
            seen_[turn_++ % most] = p;
        total_ += 1;
        draw();
    }

    [[nodiscard]] double total() const noexcept { return total_; }
    [[nodiscard]] const outline& limits(measure m) const noexcept { return limits_[m == by_rows ? 0 : 1]; }
    [[nodiscard]] double cool_down() const noexcept { return cool_down_; }

    template <class Archive>
    void visit(Archive& archive) {
        seen_.resize(std::min(archive.count(seen_.size()), most));
        for (pair& p : seen_) {
            for (outline& o : p.sizes)
                for (double* n : {&o.larger, &o.smaller, &o.sum}) archive.number(*n);
            archive.number(p.since_split);
        }
        archive.number(total_);
        archive.number(turn_);
    }
    void settle() { draw(); }

  private:
    template <class Get>
    [[nodiscard]] double edge(Get get, bool highest) const {
        std::vector<double> all;
        for (const pair& p : seen_) all.push_back(get(p));
        if (all.empty()) return 0;
        const std::size_t outer = std::min<std::size_t>(2, (all.size() - 1) / 4);
        const std::size_t at = highest ? all.size() - 1 - outer : outer;
        std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(at), all.end());
        return all[at];
    }
    void draw() {
        for (std::size_t m = 0; m < limits_.size(); ++m)
            for (double outline::* side : {&outline::larger, &outline::smaller, &outline::sum})
                limits_[m].*side = edge([&](const pair& p) { return p.sizes[m].*side; }, true);
        cool_down_ = edge([](const pair& p) { return p.since_split; }, false);
    }

    std::vector<pair> seen_;
    std::size_t turn_ = 0;
    double total_ = 0;
    std::array<outline, 2> limits_{};
    double cool_down_ = 0;
};

struct merge_features {
    static constexpr std::size_t number_count = 17;
    std::array<float, number_count> numbers{};

    enum input {
        left,
        right,
        larger,
        sum,
        cooled,
        age,
        soon_1,
        soon_7,
        soon_30,
        idle,
        writes,
        since,
        dead,
        after,
        small_after,
        lowest,
        before_it,
        behind_it,
        input_count
    };
    static constexpr feature_tables<input_count, 15> tables{.axes = {{{-5, 3, 32},
                                                                      {-5, 3, 32},
                                                                      {-3, 3, 48},
                                                                      {-4, 2, 32},
                                                                      {-8, 8, 32},
                                                                      {0, 8, 24},
                                                                      {-3, 3, 24},
                                                                      {-3, 3, 24},
                                                                      {-3, 3, 24},
                                                                      {0, 7, 64},
                                                                      {0, 9, 16},
                                                                      {0, 8, 32},
                                                                      {-2, 4, 16},
                                                                      {-3, 3, 48},
                                                                      {-5, 3, 32},
                                                                      {-3, 3, 24},
                                                                      {-5, 3, 16},
                                                                      {-5, 3, 16}}},
                                                            .pairs = {{{left, right},
                                                                       {larger, cooled},
                                                                       {larger, age},
                                                                       {larger, soon_7},
                                                                       {sum, cooled},
                                                                       {since, idle},
                                                                       {larger, soon_30},
                                                                       {larger, dead},
                                                                       {idle, dead},
                                                                       {larger, idle},
                                                                       {after, cooled},
                                                                       {after, larger},
                                                                       {after, small_after},
                                                                       {after, before_it},
                                                                       {after, behind_it}}}};
    static constexpr std::size_t cell_count = tables.cell_count();
    static_assert(cell_count < 0xffff);
    decltype(tables)::cells cells{};

    double rests_for = 0;  ///< units until both have been left alone for long enough
    double passage = 0;    ///< the probability that both are small enough within the horizon

    struct side {
        double size = 0;
        motion moves;
        double idle = 0;  ///< in units, as the next two
        double age = 0;
        double since_split = 0;
        double dead = 0;        ///< log of bytes a row over what is usual
        double due = 0;         ///< of the size, what will vanish within the horizon
        double held = 0;        ///< and what ever will
        double beyond = 1e300;  ///< size of the neighbour on the other side at the end of the horizon

        [[nodiscard]] double after() const noexcept { return std::max(size - due, 0.0); }
    };
    struct limits {
        merged_pairs::outline sizes;
        double cool_down = 0;  ///< in units
    };

    void fill(const side& l, const side& r, const limits& at) {
        const double limit = std::max(at.sizes.larger, 1e-9);
        std::array<double, input_count> in{};
        const side& large = l.size > r.size ? l : r;
        const auto log_of = [](double v) { return std::log2(std::max(v, 1e-6)); };
        in[left] = log_of(l.size / limit);
        in[right] = log_of(r.size / limit);
        in[larger] = std::max(in[left], in[right]);
        in[sum] = log_of((l.size + r.size) / std::max(at.sizes.sum, 1e-9));
        const double rested = std::min(l.since_split, r.since_split);
        in[cooled] = rested - at.cool_down;
        in[since] = std::log2(1 + rested);
        in[age] = std::log2(1 + std::min(l.age, r.age));
        in[idle] = std::log2(1 + large.idle);
        in[writes] = std::log2(1 + 100 * (l.moves.writes + r.moves.writes));
        in[dead] = large.dead;
        in[after] = log_of(std::max(l.after(), r.after()) / limit);
        in[small_after] = log_of(std::min(l.after(), r.after()) / std::max(at.sizes.smaller, 1e-9));
        in[lowest] = log_of((std::max(l.size - l.held, r.size - r.held)) / limit);
        in[before_it] = log_of(l.beyond / limit);
        in[behind_it] = log_of(r.beyond / limit);
        // How large the larger will be at the end of the horizon, as each half-life sees it.
        const auto later = [&](std::size_t j) {
            return log_of(std::max(l.size + units_ahead * l.moves.drift[j], r.size + units_ahead * r.moves.drift[j]) /
                          limit);
        };
        in[soon_1] = later(0);
        in[soon_7] = later(1);
        in[soon_30] = later(2);

        const auto shrinks = [&](const side& s, std::size_t j) {
            const double deviation =
                std::max(s.moves.deviation, 0.3 * std::abs(s.moves.drift[2])) + 1e-3 * s.size + 1e-9;
            // What vanishes is known, and is a part of the drift.
            const double drift = s.due > 0 ? std::max(s.moves.drift[j], 0.0) : s.moves.drift[j];
            return first_passage(s.after() - limit, -units_ahead * drift, deviation * std::sqrt(units_ahead));
        };
        passage = 0;
        std::array<double, 3> both{};
        for (std::size_t j = 0; j < both.size(); ++j) {
            both[j] = shrinks(l, j) * shrinks(r, j);
            passage += both[j] / 3;
        }
        rests_for = std::max(0.0, at.cool_down - rested);
        const bool rests = rested + units_ahead >= at.cool_down;
        if (!rests) passage *= 0.01;

        std::size_t n = 0;
        const auto put = [&](double v) { numbers[n++] = static_cast<float>(v); };
        put(1);
        put(std::clamp(logit(passage), -12.0, 12.0) / 4);
        for (const double p : both) put(std::clamp(logit(p), -12.0, 12.0) / 4);
        put(rests ? 0 : -2);
        put(rested >= at.cool_down ? 1 : 0);
        put(std::clamp(in[sum], -4.0, 2.0) / 2);
        for (const input i : {age, idle, writes, since}) put(in[i] / 4);
        put(in[dead]);
        put(std::clamp(in[soon_7], -4.0, 4.0) / 2);
        put(std::clamp(in[after], -4.0, 4.0) / 2);
        put(in[after] > 0 ? 0 : 1);
        put(std::clamp(in[small_after], -4.0, 4.0) / 2);

        cells = tables.cells_of(in);
    }
};

}  // namespace foreshadow::detail
