// SPDX-License-Identifier: BSL-1.0
#include "trial.hpp"

#include "foreshadow/predict/hazard_predictor.hpp"
#include "foreshadow/predict/silent.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"
#include "foreshadow/schedule/at_risk_first.hpp"
#include "foreshadow/schedule/by_key.hpp"
#include "foreshadow/schedule/fixed_rate.hpp"
#include "foreshadow/schedule/flat_out.hpp"
#include "foreshadow/schedule/hottest_last.hpp"
#include "foreshadow/schedule/latency_guard.hpp"
#include "foreshadow/schedule/two_thresholds.hpp"
#include "foreshadow/testing/faulty_predictor.hpp"
#include "foreshadow/testing/hostile.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

namespace support {

namespace {

/// Something that must not be.
struct broken {
    std::string what;
};

[[nodiscard]] any_scan_order made(order which) {
    switch (which) {
        case order::by_key:
            return fs::by_key{};
        case order::hottest_last:
            return fs::hottest_last{};
        case order::at_risk_first:
            break;
    }
    return fs::at_risk_first{};
}

[[nodiscard]] any_pace made(speed which) {
    switch (which) {
        case speed::fixed:
            return fs::fixed_rate{.bytes_per_second = 256 << 10};
        case speed::two_thresholds:
            return fs::two_thresholds{{.slowest = 64 << 10, .fastest = 1 << 20, .first = 128 << 10}};
        case speed::latency_guard:
            return fs::latency_guard{{.slowest = 64 << 10, .fastest = 1 << 20, .first = 128 << 10}};
        case speed::flat_out:
            break;
    }
    return fs::flat_out{};
}

/// What is going to happen to a database, learnt from one of the same seed that nobody backs up.
[[nodiscard]] std::vector<fs::lineage_event> future_of(const trial& which) {
    ft::simulation time;
    ft::simulated_database ahead{time.clock(), which.database};
    time.run(ahead.live(which.steps));
    return ft::future_of(ahead.past());
}

class living_trial {
  public:
    explicit living_trial(const trial& which)
        : which_{which}, world_{which.database, which.what_goes_wrong, which.shards} {
        world_.be_known_when_dead();
        world_.scan_in(made(which.in));
        world_.go_at(made(which.at));
        if (which.says == foreteller::prophet || which.says == foreteller::liar || which.says == foreteller::laggard)
            future_ = future_of(which);
    }

    trial_result perform() {
        try {
            live();
        } catch (const broken& e) {
            result_.wrong = e.what;
        } catch (const fs::error& e) {
            result_.wrong = "unexpected: " + e.line();
        } catch (const std::exception& e) {
            result_.wrong = std::string{"unexpected: "} + e.what();
        }
        return std::move(result_);
    }

  private:
    /// A point, and the database that it is of.
    struct known_point {
        fs::restore_point point;
        simulated_home home;
    };

    void live() {
        world_.live(which_.steps);
        std::optional<known_point> last;
        std::optional<simulated_home> copy;
        fs::position whole_from{};
        const std::uint64_t backups = 2 + (which_.seed % 4 == 0 || which_.is_put_back);
        for (std::uint64_t number = 1; number <= backups; ++number) {
            const fs::restore_point point = back_up();
            // Where the hold was lost, what lies before is the older points' alone.
            const bool is_anew = last && last->point.knows.timeline != point.knows.timeline;
            if (!last || is_anew) whole_from = point.at;
            if (last) check_timeline(*last, is_anew);
            restore_everywhere(point, whole_from, last && !is_anew ? last->point.at : point.at);
            restore_one_partition(point);
            if (last) restore(*last, last->point.at, true);
            note_outcomes(point);
            last = {point, world_.home()};
            if (which_.is_put_back && number == 1) copy = world_.home().copy();
            if (which_.is_put_back && number == 2) put_back(std::move(*copy));
            world_.time().run(world_.time().clock().sleep(.3));
        }
        check_store(last->point);
        note_state();
    }

    /// Later points tell of the same predictions again.
    void note_outcomes(const fs::restore_point& point) {
        for (const fs::foretold& told : point.knows.predictions) {
            const bool is_exact = told.became.kind == fs::outcome_kind::exact;
            if (!is_exact || !came_true_.emplace(point.knows.timeline, told.what.id).second) continue;
            ++result_.came_true;
            result_.came_true_in_shards += world_.home().shards != nullptr;
        }
    }

    void put_back(simulated_home copy) {
        copy.database->diverge(which_.seed + 1'000);
        world_.put_back(std::move(copy));
        world_.live(which_.steps / 2);
    }

    /// A source is read again exactly where its log was lost, or other commits took the place of those that were
    /// followed.
    void check_timeline(const known_point& last, bool is_anew) {
        const bool is_another =
            last.home.database != world_.home().database && world_.home().retained_at_copy < last.point.at;
        expect(!is_another || is_anew, "a database that was put back is followed on");
        expect(is_another || !is_anew || which_.what_goes_wrong.log_truncated > 0,
               "a log that is whole is not followed on");
    }

    /// As whoever runs a backup from a timer: again and again, until it says that it is done.
    fs::restore_point back_up() {
        constexpr int patience = 25;
        for (int attempt = 0;; ++attempt) {
            world_.fate().bring(attempt < patience ? which_.what_goes_wrong : ft::faults{});
            try {
                world_.open();
                fs::restore_point point = world_.back_up(predictor(), which_.how);
                world_.fate().cease();
                world_.open();
                ++result_.points;
                expect(point.omissions == which_.database.omissions, "a point does not say what is left out");
                result_.resumed += point.figures.resumed;
                return point;
            } catch (const ft::process_death&) {
                ++result_.deaths;
            } catch (const fs::error& e) {
                ++result_.errors;
                expect(attempt < patience, "it fails although nothing goes wrong any more: " + e.line());
                expect(is_clear(e), "an error that nobody caused: " + e.line());
            }
            world_.fate().cease();
            world_.time().run(world_.time().clock().sleep(.01));
        }
    }

    [[nodiscard]] bool is_clear(const fs::error& e) const {
        const ft::faults& wrong = which_.what_goes_wrong;
        switch (e.code()) {
            case fs::errc::unavailable:
                return wrong.read_error + wrong.log_error + wrong.deaf + wrong.store_error + wrong.lost_answer > 0;
            case fs::errc::full:
                return wrong.full > 0;
            case fs::errc::hold_lost:
                return wrong.log_truncated > 0;
            default:
                return false;
        }
    }

    [[nodiscard]] any_predictor predictor() {
        const auto forgetful = [&](auto one) { return ft::faulty_predictor{std::move(one), world_.fate()}; };
        using manner = ft::prophet::manner;
        switch (which_.says) {
            case foreteller::size_extrapolation:
                return forgetful(fs::size_extrapolation{});
            case foreteller::hazard:
                return forgetful(fs::hazard_predictor{});
            case foreteller::prophet:
                return forgetful(ft::prophet{future_});
            case foreteller::liar:
                return forgetful(ft::prophet{future_, manner::wrong});
            case foreteller::laggard:
                return forgetful(ft::prophet{future_, manner::too_late});
            case foreteller::certain:
                return forgetful(ft::always_certain{});
            case foreteller::erratic:
                return forgetful(ft::erratic{which_.seed});
            case foreteller::malformed:
                return forgetful(ft::malformed{});
            case foreteller::silent:
                break;
        }
        return forgetful(fs::silent{});
    }

    /// At T, and around each layout change since `since`; from `whole_from` on, nothing may be refused.
    void restore_everywhere(const fs::restore_point& point, fs::position whole_from, fs::position since) {
        const std::set<fs::position> all = world_.interesting_positions(point, since);
        const std::size_t stride = all.size() / most_restores_ + 1;
        std::size_t i = which_.seed % stride;
        const known_point known{point, world_.home()};
        const std::uint64_t elsewhere = dice_.below(most_restores_);
        std::uint64_t restored = 0;
        for (const fs::position at : all) {
            if (at != point.at && i++ % stride != 0) continue;
            const bool must = at == point.at || (at >= whole_from && point.knows.known.replacements.empty());
            const std::optional<ft::rows_by_key> rows = restore(known, at, must);
            const bool is_chosen = at == point.at ? result_.placed < result_.points : restored++ == elsewhere;
            if (rows && is_chosen) restore_elsewhere(known.point, at, *rows);
        }
    }

    /// Returns the rows; nothing where that rightly is refused.
    std::optional<ft::rows_by_key> restore(const known_point& known, fs::position at, bool must) {
        const fs::restore_point& point = known.point;
        const std::string what = "position " + std::to_string(at.value) + " of point " + point.id;
        fs::restore_options options;
        if (at != point.at) options.at = at;
        try {
            // One partition after another, and up to four side by side.
            const auto [into, report] = world_.restore(point, options, 1 + at.value % 4);
            expect(report.at == at, what + " is restored as " + std::to_string(report.at.value));
            ft::rows_by_key expected = known.home.state_at(at);
            expect(into.rows() == expected, what + " is restored with wrong rows");
            expect(is_same_shape(into.shape(), known.home.layout_at(at)), what + " is restored into a wrong layout");
            ++result_.exact;
            return expected;
        } catch (const fs::error& e) {
            expect(!must && e.code() == fs::errc::not_restorable, what + " is refused: " + e.line());
            ++result_.refused;
        }
        return std::nullopt;
    }

    /// Into a layout that has nothing to do with the source's.
    void restore_elsewhere(const fs::restore_point& point, fs::position at, const ft::rows_by_key& expected) {
        const ft::placement where = some_placement(expected);
        const std::string what = "position " + std::to_string(at.value) + " of point " + point.id + ", restored into " +
                                 std::to_string(where.partitions()) + (where.is_hashed() ? " hashed" : " other") +
                                 " partitions,";
        fs::restore_options options;
        if (at != point.at) options.at = at;
        const ft::simulated_target into = world_.restore_into_layout(where, point, options);
        ft::rows_by_key all = into.rows();  // definitions
        std::size_t rows = all.size();
        for (std::size_t i = 0; i < where.partitions(); ++i) {
            for (const auto& [k, value] : into.placed()[i])
                expect(where.is_hashed() ? where.of(k) == i : where.range_of(i).contains(k),
                       what + " has a row in a partition where it does not belong");
            rows += into.placed()[i].size();
            all.insert(into.placed()[i].begin(), into.placed()[i].end());
        }
        expect(rows == all.size(), what + " has a row twice");
        expect(all == expected, what + " has wrong rows");
        ++result_.exact;
        ++result_.placed;
    }

    /// One to 32 partitions, hashed or cut anywhere: at keys of rows, right after them, and where nobody ever cut.
    [[nodiscard]] ft::placement some_placement(const ft::rows_by_key& rows) {
        const std::size_t partitions = dice_.between(1, 32);
        if (dice_.chance(.5)) return ft::placement::by_hash(partitions);
        std::vector<fs::key> boundaries;
        while (boundaries.size() + 1 < partitions) {
            fs::key cut(1, static_cast<char>('a' + dice_.below(6)));
            for (std::size_t digits = dice_.below(7); digits > 0; --digits)
                cut += static_cast<char>('0' + dice_.below(10));
            const auto row = rows.lower_bound(cut);
            if (row != rows.end() && dice_.chance(.4)) cut = dice_.chance(.5) ? row->first : fs::successor(row->first);
            boundaries.push_back(std::move(cut));
        }
        return ft::placement::by_ranges(std::move(boundaries));
    }

    /// Sizes are estimates; everything else must be as it was.
    [[nodiscard]] static bool is_same_shape(const fs::layout& a, const fs::layout& b) {
        return std::equal(a.partitions.begin(), a.partitions.end(), b.partitions.begin(), b.partitions.end(),
                          [](const fs::partition& x, const fs::partition& y) {
                              return x.id == y.id && x.interval == y.interval && x.name == y.name;
                          });
    }

    void restore_one_partition(const fs::restore_point& point) {
        const fs::layout shape = world_.home().layout_at(point.at);
        if (shape.partitions.empty()) return;
        const std::string name = shape.partitions[which_.seed % shape.partitions.size()].name;
        fs::restore_options options;
        options.partitions.push_back(name);
        const auto [into, report] = world_.restore(point, options);
        ft::rows_by_key expected;
        for (const auto& row : world_.home().state_at(point.at)) {
            const fs::partition* owner = shape.owner(row.first);
            if (owner != nullptr && (owner->name == name || owner->holds == fs::content::definitions))
                expected.insert(row);
        }
        expect(into.rows() == expected, "partition " + name + " of point " + point.id + " is restored wrong");
        ++result_.exact;
    }

    void check_store(const fs::restore_point& point) {
        const fs::verify_report verified = world_.verify(true);
        for (const fs::finding& f : verified.findings) throw broken{"verify finds " + f.object + ": " + f.what};
        const std::uint64_t primary = point.figures.image_bytes + point.figures.journal_bytes;
        expect(point.figures.run_bytes <= primary / 10 + which_.how.shadows.stored_always,
               "shadows stored more than they may");
    }

    /// FNV-1a over names and bytes of all objects.
    void note_state() {
        std::uint64_t hash = 0xcbf29ce484222325ULL;
        const auto add = [&hash](const std::string& bytes) {
            for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
        };
        for (const auto& [name, bytes] : world_.objects()) {
            add(name);
            add(bytes);
        }
        std::ostringstream text;
        text << std::hex << hash << '/' << std::dec << world_.objects().size() << '/' << world_.fate().moments();
        result_.state = text.str();
    }

    static void expect(bool holds, const std::string& otherwise) {
        if (!holds) throw broken{otherwise};
    }

    static constexpr std::size_t most_restores_ = 10;  // of a point, spread over the interesting positions

    const trial& which_;
    simulated_world world_;
    std::vector<fs::lineage_event> future_;
    std::set<std::pair<std::uint64_t, std::uint64_t>> came_true_;  ///< timelines, and ids of their predictions
    ft::seeded_random dice_{which_.seed * 7'919 + 3};              ///< of what is looked at, not of what happens
    trial_result result_;
};

/// One or more of what can go wrong, each often enough to be met.
[[nodiscard]] ft::faults mixed_faults(std::uint64_t seed) {
    ft::seeded_random dice{seed * 1'000'003 + 9};
    ft::faults wrong;
    wrong.seed = seed;
    const std::array<std::pair<double ft::faults::*, double>, 14> all{{{&ft::faults::read_error, .01},
                                                                       {&ft::faults::read_repeat, .1},
                                                                       {&ft::faults::log_error, .02},
                                                                       {&ft::faults::log_repeat, .1},
                                                                       {&ft::faults::log_truncated, .005},
                                                                       {&ft::faults::deaf, .1},
                                                                       {&ft::faults::store_error, .01},
                                                                       {&ft::faults::lost_answer, .01},
                                                                       {&ft::faults::full, .01},
                                                                       {&ft::faults::torn_write, .02},
                                                                       {&ft::faults::slow, .2},
                                                                       {&ft::faults::clock_jump, .05},
                                                                       {&ft::faults::amnesia, .5},
                                                                       {&ft::faults::busy, .05}}};
    for (const auto& [which, often] : all)
        if (dice.chance(.2)) wrong.*which = often;
    if (dice.chance(.5)) wrong.crash_every = dice.between(20, 600);
    return wrong;
}

}  // namespace

trial trial_with(std::uint64_t seed, ft::faults what_goes_wrong) {
    trial made{.seed = seed, .database = lively(seed), .how = small_numbers(seed), .what_goes_wrong = what_goes_wrong};
    made.what_goes_wrong.seed = seed;
    if (seed % 8 == 0) {
        made.how.checkpoint_seconds = 0.05 * static_cast<double>(1 + seed % 5);
    } else {  // most databases are small, so that there can be many, and some write a checkpoint after each chunk
        made.database.warm_up = 80;
        made.steps = 220;
        if (seed % 8 == 3) made.how.checkpoint_seconds = 0;
    }
    made.says = static_cast<foreteller>(seed % foretellers);
    made.at = static_cast<speed>(seed / foretellers % 4);
    made.in = static_cast<order>(seed / 3 % 3);
    ft::seeded_random dice{seed * 104'729 + 1};
    if (dice.chance(.25)) made.shards.count = dice.between(2, 4);
    made.is_put_back = dice.chance(.1);
    for (std::uint64_t left_out = dice.below(3); left_out > 0; --left_out)
        made.database.omissions.push_back({"table " + std::to_string(left_out), "it has no order"});
    return made;
}

trial trial_of(std::uint64_t seed) { return trial_with(seed, seed % 4 == 1 ? ft::faults{} : mixed_faults(seed)); }

trial_result run(const trial& which) {
    living_trial one{which};
    return one.perform();
}

}  // namespace support
