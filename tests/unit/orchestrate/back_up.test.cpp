// SPDX-License-Identifier: BSL-1.0
#include "simulated_world.hpp"

#include "foreshadow/json.hpp"
#include "foreshadow/orchestrate/points.hpp"
#include "foreshadow/predict/detail/name_stem.hpp"
#include "foreshadow/predict/judge.hpp"
#include "foreshadow/predict/silent.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"
#include "foreshadow/schedule/fixed_rate.hpp"
#include "foreshadow/store/lease.hpp"
#include "foreshadow/testing/hostile.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace {

namespace fs = support::fs;
namespace ft = support::ft;
using support::simulated_world;
using lease = fs::lease<support::simulated_repository, ft::virtual_clock>;

[[nodiscard]] fs::lease_owner somebody_else() { return {.host = "elsewhere", .boot = "1", .process = 1, .started = 1}; }

void check_restores(simulated_world& world, const fs::restore_point& point) {
    const auto [into, report] = world.restore(point);
    CHECK(into.rows() == world.database().past().state_at(point.at));
}

[[nodiscard]] std::vector<fs::point_name> points_of(simulated_world& world) {
    return world.time().run(fs::list_points(world.repository()));
}

/// What a backup is refused with.
[[nodiscard]] fs::errc refusal(simulated_world& world, std::uint64_t seed) {
    try {
        static_cast<void>(world.back_up(fs::silent{}, support::small_numbers(seed)));
    } catch (const fs::error& e) {
        INFO(e.line());
        CHECK(!e.hint().empty());
        return e.code();
    }
    return fs::errc{};
}

/// A process that believes the owner dead takes the lease, and gives it back later.
fs::task<> take_over(simulated_world& world, std::string source, double seconds) {
    const fs::lease_owner owner = somebody_else();
    const lease::death_test everybody = [](const fs::lease_owner&) { return true; };
    lease held = co_await lease::take(world.repository(), source, world.time().clock(), owner, everybody);
    co_await world.time().clock().sleep(seconds);
    co_await held.give_back();
}

/// Another process asks for the lease after so long, and notes whether it is refused.
fs::task<> ask_for_it(simulated_world& world, std::string source, double seconds, bool& is_refused) {
    co_await world.time().clock().sleep(seconds);
    const fs::lease_owner owner = somebody_else();
    try {
        lease held = co_await lease::take(world.repository(), source, world.time().clock(), owner);
    } catch (const fs::error& e) {
        is_refused = e.code() == fs::errc::busy;
    }
}

/// What the store holds of a lease that somebody else took of this source, believing its owner dead.
[[nodiscard]] fs::memory_store::objects_type lease_of_somebody_else(simulated_world& world, std::uint64_t seed) {
    simulated_world beside{support::lively(seed)};
    beside.objects() = world.objects();
    beside.open();
    beside.time().spawn(take_over(beside, "simulated-" + std::to_string(seed), 1'000));
    beside.time().run(beside.time().clock().sleep(1));
    return beside.objects();
}

/// What a predictor is told of sizes, and how far the log was followed then.
struct told_sizes {
    struct one {
        fs::position followed;
        fs::layout told;
    };
    std::vector<one> started;
    std::vector<one> measured;
    std::vector<fs::lineage_event> learnt;
    fs::position followed;
};

/// Foretells nothing, and notes all that it is told of sizes.
class attentive {
  public:
    static constexpr std::string_view name = "attentive";
    explicit attentive(std::shared_ptr<told_sizes> heard) : heard_{std::move(heard)} {}
    void start(const fs::layout& now) { heard_->started.push_back({heard_->followed, now}); }
    void observe(const fs::log_batch& batch, const fs::layout&) { heard_->followed = batch.upto; }
    void learn(const fs::lineage_event& event) { heard_->learnt.push_back(event); }
    void measured(const fs::layout& told) { heard_->measured.push_back({heard_->followed, told}); }
    void forecast(fs::wall_time, double, std::vector<fs::prediction>&) const {}
    [[nodiscard]] std::string save() const { return {}; }
    void load(std::string_view) const {}

  private:
    std::shared_ptr<told_sizes> heard_;
};
static_assert(fs::takes_measurements<attentive>);

/// Foretells nothing, keeps a word, and notes what it is given back.
class mindful {
  public:
    static constexpr std::string_view name = "mindful";
    explicit mindful(std::shared_ptr<std::vector<std::string>> given) : given_{std::move(given)} {}
    void start(const fs::layout&) {}
    void observe(const fs::log_batch&, const fs::layout&) {}
    void learn(const fs::lineage_event&) {}
    void forecast(fs::wall_time, double, std::vector<fs::prediction>&) const {}
    [[nodiscard]] std::string save() const { return "a word"; }
    void load(std::string_view model) { given_->emplace_back(model); }

  private:
    std::shared_ptr<std::vector<std::string>> given_;
};

/// Foretells that any three neighbours become one.
class threes : public mindful {
  public:
    threes() : mindful{std::make_shared<std::vector<std::string>>()} {}
    void start(const fs::layout& now) { now_ = now; }
    void forecast(fs::wall_time, double horizon_seconds, std::vector<fs::prediction>& out) const {
        for (std::size_t i = 2; i < now_.partitions.size(); ++i) {
            fs::prediction told;
            told.kind = fs::lineage_kind::merge;
            for (std::size_t j = i - 2; j <= i; ++j) told.partitions.push_back(now_.partitions[j].id);
            told.confidence = 0.5;
            told.horizon_seconds = horizon_seconds;
            out.push_back(told);
        }
    }

  private:
    fs::layout now_;
};

/// Foretells with certainty that partitions come which are called as those that are there, but for their digits.
class expects_more {
  public:
    static constexpr std::string_view name = "expects more";
    void start(const fs::layout& now) { now_ = now; }
    void observe(const fs::log_batch&, const fs::layout& now) { now_ = now; }
    void learn(const fs::lineage_event&) {}
    void forecast(fs::wall_time, double horizon_seconds, std::vector<fs::prediction>& out) const {
        for (const fs::partition& p : now_.partitions) {
            fs::prediction& told = out.emplace_back();
            told.kind = fs::lineage_kind::create;
            told.name = fs::detail::stem_of(p.name);
            told.confidence = 1;
            told.horizon_seconds = horizon_seconds;
        }
    }
    [[nodiscard]] std::string save() const { return {}; }
    void load(std::string_view) const {}

  private:
    fs::layout now_;
};

/// How far off the rows of a layout are, as a share of all rows there are; of a few rows, of thirty.
double error_of(simulated_world& world, const told_sizes::one& heard) {
    double wrong = 0;
    double all = 0;
    const auto truth = world.database().past().state_at(heard.followed);
    for (const fs::partition& p : heard.told.partitions) {
        std::uint64_t rows = 0;
        for (const auto& [k, value] : truth) rows += p.interval.contains(k);
        all += static_cast<double>(rows);
        wrong += std::abs(static_cast<double>(p.rows) - static_cast<double>(rows));
    }
    return wrong / std::max(all, 30.0);
}

/// What a point keeps of sizes; all of its partitions must be among them.
told_sizes::one sizes_in(const fs::restore_point& point) {
    fs::layout now = fs::history_of(point.knows).at(point.at);
    REQUIRE(point.knows.sizes.size() == now.partitions.size());
    for (std::size_t i = 0; i < now.partitions.size(); ++i) {
        REQUIRE(point.knows.sizes[i].id == now.partitions[i].id);
        now.partitions[i].rows = point.knows.sizes[i].rows;
    }
    return {point.at, now};
}

}  // namespace

TEST_CASE("a point says what was done for it") {
    simulated_world world{support::lively(2)};
    world.live(300);
    const fs::restore_point point = world.back_up(fs::silent{}, support::small_numbers(2));
    CHECK(point.knows.held <= point.at);
    CHECK(point.knows.followed == point.at);
    CHECK(point.figures.started < point.figures.ended);
    CHECK(point.figures.chunks > 0);
    CHECK(point.figures.rows_read > 0);
    CHECK(point.figures.image_bytes > 0);
    std::uint64_t journal = 0;
    for (const fs::segment& sealed : point.knows.known.segments) journal += sealed.bytes;
    CHECK(point.figures.journal_bytes == journal);
    CHECK(journal > 0);
    CHECK(point.figures.run_bytes == 0);
    CHECK(point.knows.predictions.empty());
    CHECK(fs::prove(point.knows.known, fs::history_of(point.knows).at(point.at), point.at).is_complete());
    // The proof that is spelled out lays every key of the layout, once and in order.
    fs::key last;
    for (const fs::proven_piece& piece : point.proof) {
        CHECK(last <= piece.interval.begin);
        last = piece.interval.end;
    }
    const fs::restore_point read = world.time().run(fs::find_point(world.repository(), point.id));
    CHECK(fs::document_of(read) == fs::document_of(point));
}

TEST_CASE("an observer hears of a backup from its beginning to its point, in order") {
    std::uint64_t shadows = 0;
    for (const std::uint64_t seed : {2, 3, 7}) {
        CAPTURE(seed);
        simulated_world world{support::lively(seed)};
        std::vector<fs::event> heard;
        world.listen([&](const fs::event& what) { heard.push_back(what); });
        world.live(400);
        fs::back_up_options options = support::small_numbers(seed);
        options.checkpoint_seconds = 0.1;
        const fs::restore_point point = world.back_up(ft::always_certain{}, options);

        REQUIRE(heard.size() > 4);
        REQUIRE(std::holds_alternative<fs::backup_started>(heard[0]));
        CHECK(!std::get<fs::backup_started>(heard[0]).resumed);
        CHECK(std::get<fs::backup_started>(heard[0]).partitions > 0);
        REQUIRE(std::holds_alternative<fs::held_from>(heard[1]));
        CHECK(std::get<fs::held_from>(heard[1]).from == point.knows.held);
        REQUIRE(std::holds_alternative<fs::point_published>(heard.back()));
        CHECK(std::get<fs::point_published>(heard.back()).at == point.at);
        CHECK(std::get<fs::point_published>(heard.back()).id == point.id);

        std::uint64_t rows = 0, chunks = 0, commits = 0, changes = 0, layouts = 0, sequence = 0;
        fs::position followed = point.knows.held;
        std::set<std::uint64_t> foretold, open, settled;
        std::uint64_t opened_in_all = 0, adopted_in_all = 0, recut_in_all = 0, discarded_in_all = 0;
        for (const fs::event& what : heard) {
            if (const auto* chunk = std::get_if<fs::chunk_read>(&what)) {
                ++chunks;
                rows += chunk->rows;
            } else if (const auto* batch = std::get_if<fs::log_followed>(&what)) {
                CHECK(followed <= batch->upto);
                followed = batch->upto;
                commits += batch->commits;
                changes += batch->changes;
            } else if (const auto* kept = std::get_if<fs::checkpointed>(&what)) {
                CHECK(kept->followed <= followed);
                CHECK(kept->sequence == ++sequence);
            } else if (std::holds_alternative<fs::layout_changed>(what)) {
                ++layouts;
            } else if (const auto* said = std::get_if<fs::predicted>(&what)) {
                CHECK(said->what.id != 0);
                CHECK(foretold.insert(said->what.id).second);
            } else if (const auto* known = std::get_if<fs::outcome_known>(&what)) {
                CHECK(foretold.count(known->prediction) == 1);
                CHECK(known->became.kind != fs::outcome_kind::pending);
                CHECK(settled.insert(known->prediction).second);
            } else if (const auto* opened = std::get_if<fs::shadow_opened>(&what)) {
                ++shadows;
                ++opened_in_all;
                CHECK(foretold.count(opened->prediction) == 1);
                CHECK(open.insert(opened->prediction).second);
            } else if (const auto* adopted = std::get_if<fs::shadow_adopted>(&what)) {
                CHECK(open.erase(adopted->prediction) == 1);
                ++(adopted->recut ? recut_in_all : adopted_in_all);
            } else if (const auto* discarded = std::get_if<fs::shadow_discarded>(&what)) {
                CHECK(open.erase(discarded->prediction) == 1);
                ++discarded_in_all;
            }
        }
        CHECK(followed == point.at);
        CHECK(chunks == point.figures.chunks);
        CHECK(rows == point.figures.rows_read);
        CHECK(commits == point.figures.commits);
        CHECK(changes == point.figures.changes);
        CHECK(layouts == point.figures.layout_changes);
        CHECK(sequence == point.figures.checkpoints);
        CHECK(sequence > 0);
        CHECK(foretold.size() == point.knows.predictions.size());
        CHECK(open.empty());
        CHECK(opened_in_all == point.figures.shadows_opened);
        CHECK(adopted_in_all == point.figures.shadows_adopted);
        CHECK(recut_in_all == point.figures.shadows_recut);
        CHECK(discarded_in_all == point.figures.shadows_discarded);
        for (const fs::foretold& told : point.knows.predictions) CHECK(told.shadow != fs::shadow_fate::open);
        check_restores(world, point);
    }
    CHECK(shadows > 0);
}

TEST_CASE("after a lost hold the source is read again, and old points stay as they are") {
    for (const std::uint64_t seed : {2, 3}) {
        CAPTURE(seed);
        simulated_world world{support::lively(seed)};
        world.live(500);
        const fs::restore_point first = world.back_up(fs::size_extrapolation{}, support::small_numbers(seed));
        world.time().run(world.time().clock().sleep(0.3));
        world.database().forget_log(world.database().past().end());
        REQUIRE(first.at < world.database().past().end());
        world.time().run(world.time().clock().sleep(0.1));

        std::size_t warnings = 0;
        world.listen([&](const fs::event& what) { warnings += std::holds_alternative<fs::warning>(what); });
        const fs::restore_point second = world.back_up(fs::size_extrapolation{}, support::small_numbers(seed));
        CHECK(warnings == 1);
        CHECK(first.at < second.knows.held);
        CHECK(first.knows.next_prediction <= second.knows.next_prediction);
        CHECK(first.id < second.id);
        check_restores(world, second);
        check_restores(world, first);

        // What lies between the two is a gap, and is said to be one.
        fs::restore_options between;
        between.at = fs::position{second.knows.held.value - 1};
        CHECK_THROWS_AS(world.restore(second, between), fs::error);
        CHECK(world.time().run(fs::find_point(world.repository(), "latest")).id == second.id);
        CHECK(world.verify(true).is_sound());
    }
}

TEST_CASE("after a lost hold there is a point, also where nothing was written, and what was learnt stays") {
    simulated_world world{support::lively(4)};
    const auto given = std::make_shared<std::vector<std::string>>();
    const fs::restore_point first = world.back_up(mindful{given}, support::small_numbers(4));
    CHECK(given->empty());
    world.database().forget_log(fs::position::last());
    std::string warned;
    world.listen([&](const fs::event& what) {
        const auto* said = std::get_if<fs::warning>(&what);
        if (said == nullptr) return;
        warned += said->text;
        world.database().retained = world.database().past().end();
    });
    const fs::restore_point second = world.back_up(mindful{given}, support::small_numbers(4));
    CHECK(warned.find("no longer reaches back") != std::string::npos);
    CHECK(*given == std::vector<std::string>{"a word"});
    CHECK(second.at == first.at);
    CHECK(points_of(world).size() == 2);
    check_restores(world, second);
}

TEST_CASE("a hold that is lost under a backup ends it, and the next one reads again") {
    simulated_world world{support::lively(7)};
    world.live(500);
    std::size_t chunks = 0;
    world.listen([&](const fs::event& what) {
        if (std::holds_alternative<fs::chunk_read>(what) && ++chunks == 3)
            world.database().forget_log(fs::position::last());
    });
    CHECK(refusal(world, 7) == fs::errc::hold_lost);
    CHECK(points_of(world).empty());
    world.listen({});
    world.database().retained = world.database().past().end();
    world.open();
    const fs::restore_point point = world.back_up(fs::silent{}, support::small_numbers(7));
    check_restores(world, point);
    CHECK(world.verify(true).is_sound());
}

TEST_CASE("a loss that shows only where the log is followed ends one backup, and not those after it") {
    simulated_world world{support::lively(3)};
    world.live(300);
    const fs::restore_point first = world.back_up(fs::silent{}, support::small_numbers(3));
    world.live(100);
    world.time().run(world.time().clock().sleep(.5));
    world.fate().bring({.log_truncated = 1, .unseen = 1});
    CHECK(refusal(world, 3) == fs::errc::hold_lost);
    world.fate().bring({.unseen = 1});
    const fs::restore_point second = world.back_up(fs::silent{}, support::small_numbers(3));
    CHECK(second.knows.timeline == first.knows.timeline + 1);
    check_restores(world, second);
    check_restores(world, first);
}

TEST_CASE("the first error is what the caller hears, also where the lease cannot be given back after it") {
    simulated_world world{support::lively(7)};
    world.live(500);
    std::size_t chunks = 0;
    world.listen([&](const fs::event& what) {
        if (!std::holds_alternative<fs::chunk_read>(what) || ++chunks != 3) return;
        world.database().forget_log(fs::position::last());
        world.fate().bring({.store_error = 1});
    });
    CHECK(refusal(world, 7) == fs::errc::hold_lost);
}

TEST_CASE("while a backup is under way another is refused, and is not when it has ended") {
    simulated_world world{support::lively(3)};
    world.live(200);
    world.open();
    const std::string source = "simulated-3";
    world.time().spawn(take_over(world, source, 5));
    world.time().run(world.time().clock().sleep(1));
    CHECK(refusal(world, 3) == fs::errc::busy);
    CHECK(points_of(world).empty());
    world.time().run(world.time().clock().sleep(10));
    check_restores(world, world.back_up(fs::silent{}, support::small_numbers(3)));
}

TEST_CASE("a lease whose owner does not renew it is taken over after a minute") {
    simulated_world world{support::lively(3)};
    world.live(200);
    world.open();
    world.time().spawn(take_over(world, "simulated-3", 1'000));
    world.time().run(world.time().clock().sleep(50));
    CHECK(refusal(world, 3) == fs::errc::busy);
    world.time().run(world.time().clock().sleep(11));
    check_restores(world, world.back_up(fs::silent{}, support::small_numbers(3)));
}

TEST_CASE("however long it reads, a backup keeps its lease") {
    simulated_world world{support::lively(3)};
    world.live(200);
    world.open();
    world.go_at(fs::fixed_rate{50});
    fs::back_up_options options = support::small_numbers(3);
    options.least_bytes_per_second = 1;
    options.checkpoint_seconds = 1e6;
    const double begun = world.time().clock().seconds();
    bool is_refused = false;
    world.time().spawn(ask_for_it(world, "simulated-3", 100, is_refused));
    check_restores(world, world.back_up(fs::silent{}, options));
    REQUIRE(world.time().clock().seconds() - begun > 100);
    CHECK(is_refused);
}

TEST_CASE("however long the source lets it wait for its end, a backup keeps its lease") {
    simulated_world world{support::lively(4)};
    fs::back_up_options options = support::small_numbers(4);
    options.patience_seconds = 200;
    static_cast<void>(world.back_up(fs::silent{}, options));
    bool is_refused = false;
    world.listen([&](const fs::event& what) {
        if (std::holds_alternative<fs::warning>(
                what)) {  // that nothing was written; then the source is told of the end
            world.fate().bring({.busy = 1});
            world.time().spawn(ask_for_it(world, "simulated-4", 100, is_refused));
        }
        const auto* busy = std::get_if<fs::source_busy>(&what);
        if (busy != nullptr && busy->waited_seconds > 150) world.fate().cease();
    });
    check_restores(world, world.back_up(fs::silent{}, options));
    CHECK(is_refused);
}

TEST_CASE("a point stands, also where the lease cannot be given back after it, which is said") {
    simulated_world world{support::lively(7)};
    world.live(300);
    world.listen([&](const fs::event& what) {
        if (std::holds_alternative<fs::point_published>(what)) world.fate().bring({.store_error = 1});
    });
    CHECK(refusal(world, 7) == fs::errc::unavailable);
    world.listen({});
    world.fate().cease();
    CHECK(points_of(world).size() == 1);
    check_restores(world, world.time().run(fs::find_point(world.repository(), "latest")));
}

TEST_CASE("a backup that was displaced publishes nothing") {
    for (const std::uint64_t seed : {2, 3, 4}) {
        CAPTURE(seed);
        simulated_world world{support::lively(seed)};
        world.live(300);
        world.open();
        std::size_t chunks = 0;
        world.listen([&](const fs::event& what) {
            if (std::holds_alternative<fs::chunk_read>(what) && ++chunks == 2)
                world.time().spawn(take_over(world, "simulated-" + std::to_string(seed), 30));
        });
        CHECK(refusal(world, seed) == fs::errc::displaced);
        CHECK(points_of(world).empty());
        world.listen({});
        // The other's lease is not harmed by the end of the one that was displaced.
        CHECK(refusal(world, seed) == fs::errc::busy);
        world.time().run(world.time().clock().sleep(31));
        check_restores(world, world.back_up(fs::silent{}, support::small_numbers(seed)));
    }
}

TEST_CASE("a backup that was displaced while it proved its state publishes nothing") {
    simulated_world world{support::lively(2)};
    world.live(300);
    fs::back_up_options options = support::small_numbers(2);
    options.checkpoint_seconds = 1e6;  // so that the one before publishing is the only one
    std::size_t checkpoints = 0;
    world.listen([&](const fs::event& what) {
        if (!std::holds_alternative<fs::checkpointed>(what)) return;
        ++checkpoints;
        world.objects() = lease_of_somebody_else(world, 2);
    });
    CHECK_THROWS_AS(world.back_up(fs::silent{}, options), fs::error);
    CHECK(checkpoints == 1);
    CHECK(points_of(world).empty());
}

TEST_CASE("a backup that was displaced once its point stands removes no checkpoint of the other's") {
    simulated_world world{support::lively(4)};
    static_cast<void>(world.back_up(fs::silent{}, support::small_numbers(4)));
    const std::string others = "sources/simulated-4/running/other/0000000001";
    world.listen([&](const fs::event& what) {
        if (!std::holds_alternative<fs::warning>(what))
            return;  // that nothing was written: what is left is the removing
        world.objects() = lease_of_somebody_else(world, 4);
        world.objects()[others] = {};
    });
    CHECK(refusal(world, 4) == fs::errc::displaced);
    CHECK(world.objects().count(others) == 1);
}

TEST_CASE("several sources share a repository, and each has its points") {
    simulated_world world{support::lively(2)};
    world.live(300);
    const fs::restore_point first = world.back_up(fs::silent{}, support::small_numbers(2));
    const auto rows = world.database().past().state_at(first.at);

    world.turn_to(support::lively(5));
    world.live(300);
    const fs::restore_point second = world.back_up(fs::silent{}, support::small_numbers(5));
    check_restores(world, second);

    const auto [into, report] = world.restore(first);
    CHECK(into.rows() == rows);
    const std::vector<fs::point_name> points = points_of(world);
    REQUIRE(points.size() == 2);
    CHECK(points[0].source == first.knows.source.id);
    CHECK(points[1].source == second.knows.source.id);
    CHECK_THROWS_AS(world.time().run(fs::find_point(world.repository(), "latest")), fs::error);

    // The next backup of one goes on from its own last point.
    world.time().run(world.time().clock().sleep(0.2));
    const fs::restore_point third = world.back_up(fs::silent{}, support::small_numbers(5));
    CHECK(third.knows.source.id == second.knows.source.id);
    CHECK(third.figures.bytes_read < second.figures.bytes_read);
    check_restores(world, third);
    CHECK(world.verify(true).is_sound());
}

TEST_CASE("a source in which nothing happened stays at its point") {
    simulated_world world{support::lively(4)};
    const fs::restore_point first = world.back_up(fs::silent{}, support::small_numbers(4));
    CHECK(first.figures.started <= first.time);
    std::size_t warnings = 0;
    world.listen([&](const fs::event& what) { warnings += std::holds_alternative<fs::warning>(what); });
    const fs::restore_point second = world.back_up(fs::silent{}, support::small_numbers(4));
    CHECK(warnings == 1);
    CHECK(second.figures.rows_read == 0);
    check_restores(world, second);
    CHECK(world.time().run(fs::find_point(world.repository(), "latest")).at == second.at);
    CHECK(world.verify(true).is_sound());
}

TEST_CASE("what another predictor learnt, or nobody can read, stops no backup") {
    simulated_world world{support::lively(4)};
    world.live(200);
    std::string warned;
    world.listen([&](const fs::event& what) {
        if (const auto* said = std::get_if<fs::warning>(&what)) warned += said->text;
    });
    CHECK_FALSE(world.back_up(fs::size_extrapolation{}, support::small_numbers(4)).knows.model.empty());
    world.open();
    check_restores(world, world.back_up(fs::silent{}, support::small_numbers(4)));
    CHECK(warned.find("the predictor begins anew") != std::string::npos);
}

TEST_CASE("what a source cannot capture is told once, before anything is read, and stands with the point") {
    fs::omission view{.name = "a view", .why = "it has no rows"};
    ft::database_options options = support::lively(3);
    options.omissions = {view};
    simulated_world world{options};
    world.live(200);
    std::vector<std::string> warned;
    world.listen([&, is_reading = false](const fs::event& what) mutable {
        is_reading = is_reading || std::holds_alternative<fs::chunk_read>(what);
        if (const auto* said = std::get_if<fs::warning>(&what))
            warned.push_back(said->text + (is_reading ? " late" : ""));
    });
    const fs::restore_point point = world.back_up(fs::silent{}, support::small_numbers(3));
    CHECK(point.omissions == std::vector{view});
    CHECK(warned == std::vector<std::string>{"a view is not backed up: it has no rows"});
}

TEST_CASE("what adopted shadows hold at the end is kept as runs that reach the point") {
    std::uint64_t runs = 0;
    for (const std::uint64_t seed : {2, 3, 7}) {
        CAPTURE(seed);
        simulated_world world{support::lively(seed)};
        world.live(400);
        const fs::restore_point point = world.back_up(ft::always_certain{}, support::small_numbers(seed));
        for (const fs::run& kept : point.knows.known.runs) runs += kept.upto == point.at;
        CHECK((point.figures.run_bytes > 0) == !point.knows.known.runs.empty());
        check_restores(world, point);
    }
    CHECK(runs > 0);
}

TEST_CASE("at its end a backup judges what it foretold, also where it forecast only once") {
    simulated_world world{support::lively(3)};
    world.live(400);
    world.go_at(fs::fixed_rate{2000});
    fs::back_up_options options = support::small_numbers(3);
    options.least_bytes_per_second = 1;
    options.forecast_seconds = 1e6;
    const fs::restore_point point = world.back_up(ft::always_certain{}, options);
    std::size_t lapsed = 0;
    for (const fs::foretold& told : point.knows.predictions) {
        lapsed += told.became.kind == fs::outcome_kind::none;
        const double age = fs::seconds_between(told.what.issued_time, point.figures.ended);
        if (age > 3 * told.what.horizon_seconds) CHECK(told.became.kind != fs::outcome_kind::pending);
    }
    CHECK(lapsed > 0);
}

TEST_CASE("creations that are foretold by name alone come true, open no shadow, and change nothing that is restored") {
    std::size_t came = 0;
    for (const std::uint64_t seed : {2, 3, 7}) {
        CAPTURE(seed);
        simulated_world world{support::lively(seed)};
        world.live(400);
        const fs::restore_point point = world.back_up(expects_more{}, support::small_numbers(seed));
        const fs::layout_history history = fs::history_of(point.knows);
        CHECK(!point.knows.predictions.empty());
        for (const fs::foretold& told : point.knows.predictions) {
            CHECK(told.what.name.find('#') != std::string::npos);
            CHECK(told.what.boundaries.empty());
            CHECK(told.shadow == fs::shadow_fate::none);
            CHECK(told.account.verdict == fs::shadow_verdict::no_keys);
            if (told.became.kind != fs::outcome_kind::exact) continue;
            ++came;
            CHECK(std::any_of(history.lineage().begin(), history.lineage().end(), [&](const fs::lineage_event& e) {
                return e.at == told.became.at && e.kind == fs::lineage_kind::create &&
                       fs::detail::is_called(e.to.front().name, told.what.name);
            }));
        }
        check_restores(world, point);
    }
    CHECK(came > 0);
}

TEST_CASE("what an earlier backup foretold, and nobody judged yet, is judged by the next one") {
    simulated_world world{support::lively(3)};
    world.live(400);
    const fs::restore_point first = world.back_up(ft::always_certain{}, support::small_numbers(3));
    world.live(200);
    world.time().run(world.time().clock().sleep(5));
    const fs::restore_point second = world.back_up(fs::silent{}, support::small_numbers(3));
    REQUIRE(second.knows.predictions.size() == first.knows.predictions.size());
    std::size_t waited = 0;
    for (std::size_t i = 0; i < first.knows.predictions.size(); ++i) {
        const fs::foretold& before = first.knows.predictions[i];
        const fs::foretold& after = second.knows.predictions[i];
        CHECK(before.what.id == after.what.id);
        CHECK(after.became.kind != fs::outcome_kind::pending);
        if (before.became.kind == fs::outcome_kind::pending)
            ++waited;
        else
            CHECK(before.became == after.became);
    }
    CHECK(waited > 0);
}

TEST_CASE("what becomes of a prediction does not depend on how many backups it lives through") {
    std::size_t in_steps = 0;
    for (const std::uint64_t seed : {1, 2, 3, 4, 5, 6}) {
        CAPTURE(seed);
        simulated_world world{support::lively(seed)};
        world.live(400);
        fs::back_up_options options = support::small_numbers(seed);
        options.forecast_seconds = 1e6;
        world.back_up(threes{}, options);
        fs::restore_point last;
        for (int i = 0; i < 12; ++i) {
            world.live(40);
            last = world.back_up(fs::silent{}, options);
        }
        fs::judge undisturbed;
        for (const fs::foretold& told : last.knows.predictions) undisturbed.record(told.what);
        const fs::layout_history layouts = fs::history_of(last.knows);
        std::map<std::uint64_t, fs::outcome> became;
        for (const auto& known : undisturbed.settle(layouts.lineage())) became[known.prediction] = known.became;
        for (const fs::foretold& told : last.knows.predictions) CHECK(told.became == became[told.what.id]);
        for (const auto& [id, known] : became) in_steps += known.kind == fs::outcome_kind::exact;
    }
    CHECK(in_steps > 0);
}

TEST_CASE("a pace is told what is left, what the forecast needs and how long there is, and may pause once at a time") {
    simulated_world world{support::lively(3)};
    world.live(300);
    struct heard {
        fs::pace_input input;
        bool paused;
    };
    auto all = std::make_shared<std::vector<heard>>();
    struct pausing_pace {
        std::shared_ptr<std::vector<heard>> all;
        fs::pace_decision decide(const fs::pace_input& input) const {
            all->push_back({input, false});
            return {.bytes_per_second = 100e3, .reason = "pauses whenever it may", .pause = true};
        }
    };
    world.go_at(pausing_pace{all});
    world.listen([&](const fs::event& e) {
        if (const auto* pace = std::get_if<fs::pace_changed>(&e)) all->back().paused = pace->rate == 0;
    });
    fs::back_up_options options = support::small_numbers(3);
    options.finish_within_seconds = 1e6;
    options.least_bytes_per_second = 1000;
    check_restores(world, world.back_up(fs::size_extrapolation{}, options));

    REQUIRE(all->size() > 3);
    double needed = 0;
    double remaining = 0;
    for (std::size_t i = 0; i < all->size(); ++i) {
        CHECK((*all)[i].paused == (i % 2 == 0));
        CHECK((*all)[i].input.deadline_seconds > 0);
        CHECK((*all)[i].input.deadline_seconds <= 1e6);
        needed = std::max(needed, (*all)[i].input.needed_rate);
        remaining = std::max(remaining, (*all)[i].input.remaining_bytes);
    }
    CHECK(all->back().input.remaining_bytes < remaining);
    CHECK(needed > 0);
}

TEST_CASE("a predictor hears how large partitions are, by what was told, read and written") {
    std::size_t measured = 0;
    for (const std::uint64_t seed : {2, 4, 3, 6}) {
        CAPTURE(seed);
        simulated_world world{support::lively(seed)};
        world.live(400);
        const auto heard = std::make_shared<told_sizes>();
        const fs::restore_point first = world.back_up(attentive{heard}, support::small_numbers(seed));
        REQUIRE(heard->started.size() == 1);
        measured += heard->measured.size();  // as soon as all is known: where the source tells nothing, at the end
        for (const told_sizes::one& each : heard->measured) {
            CHECK(error_of(world, each) < 0.2);
            const fs::layout now = world.database().past().layout_at(each.followed);
            REQUIRE(each.told.partitions.size() == now.partitions.size());
            for (std::size_t i = 0; i < now.partitions.size(); ++i)
                CHECK(each.told.partitions[i].id == now.partitions[i].id);
        }
        CHECK(error_of(world, sizes_in(first)) < 0.2);

        // The next backup begins with what this one knew: nothing is read again, and nothing is told.
        heard->followed = first.at;
        const fs::restore_point second = world.back_up(attentive{heard}, support::small_numbers(seed));
        REQUIRE(heard->started.size() == 2);
        CHECK(error_of(world, heard->started[1]) < 0.2);
        check_restores(world, second);
    }
    CHECK(measured > 0);
}

TEST_CASE("a predictor learns a change with the sizes of what changed") {
    std::size_t changes = 0;
    double wrong = 0;
    for (const std::uint64_t seed : {3, 4, 9}) {
        CAPTURE(seed);
        simulated_world world{support::lively(seed)};
        world.live(400);
        const auto heard = std::make_shared<told_sizes>();
        static_cast<void>(world.back_up(attentive{heard}, support::small_numbers(seed)));
        world.live(400);
        world.time().run(world.time().clock().sleep(3));
        heard->learnt.clear();
        static_cast<void>(world.back_up(attentive{heard}, support::small_numbers(seed)));
        for (const fs::lineage_event& event : heard->learnt) {
            if (event.kind != fs::lineage_kind::split && event.kind != fs::lineage_kind::merge) continue;
            const fs::position before{event.at.at.value - 1};
            ++changes;
            wrong += error_of(world, {before, {before, event.from}});
            CHECK(error_of(world, {event.at.at, {event.at.at, event.to}}) < 0.3);
        }
    }
    REQUIRE(changes > 10);
    CHECK(wrong / static_cast<double>(changes) < 0.2);
}

TEST_CASE("a backup that is interrupted goes on with the sizes that it had counted") {
    for (const std::uint64_t seed : {2, 3}) {
        CAPTURE(seed);
        simulated_world world{support::lively(seed)};
        world.live(400);
        const auto heard = std::make_shared<told_sizes>();
        std::atomic<bool> stop{false};
        std::size_t checkpoints = 0;
        world.listen([&](const fs::event& what) {
            if (std::holds_alternative<fs::checkpointed>(what) && ++checkpoints == 2) stop = true;
        });
        fs::back_up_options options = support::small_numbers(seed);
        options.checkpoint_seconds = 0.05;
        options.stop = &stop;
        CHECK_THROWS_AS(world.back_up(attentive{heard}, options), fs::error);
        world.listen({});
        options.stop = nullptr;
        world.open();
        const fs::restore_point point = world.back_up(attentive{heard}, options);
        CHECK(point.figures.resumed == 1);
        CHECK(error_of(world, sizes_in(point)) < 0.2);
        check_restores(world, point);
    }
}
