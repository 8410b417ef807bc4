// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/predict/size_extrapolation.hpp"

#include "foreshadow/predict/scripted.hpp"
#include "foreshadow/predict/silent.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace foreshadow;

namespace {

key number(std::uint64_t n) {
    char text[24];
    std::snprintf(text, sizeof text, "k%010llu", static_cast<unsigned long long>(n));
    return text;
}

/// A table that splits at its median when a partition has reached `threshold` rows.
class table {
  public:
    table(std::size_t threshold, unsigned seed) : threshold_{threshold}, random_{seed} {
        now_.at = {1};
        now_.partitions = {{{1, {1}}, "p", key_range::all(), content::data, true, 0, 0}};
        rows_.resize(1);
    }

    /// One second of inserts; the change of layout, where there was one.
    std::optional<lineage_event> second(predictor auto& p, std::size_t inserts, bool at_end) {
        log_batch batch;
        batch.after = position_;
        for (std::size_t i = 0; i < inserts; ++i) {
            const key k = number(at_end ? ++next_ : random_() % 1'000'000'000);
            position_.value += 1;
            time_.microseconds += static_cast<std::int64_t>(1'000'000 / inserts);
            batch.commits.push_back({position_, time_, batch.changes.size(), 1});
            batch.changes.append({change_kind::put, write_hint::inserted, {position_, 0}, k, "value"});
            const auto owner = static_cast<std::size_t>(now_.owner(k) - now_.partitions.data());
            rows_[owner].insert(k);
        }
        batch.upto = position_;
        batch.now = time_;
        std::optional<lineage_event> event;
        for (std::size_t i = 0; i < rows_.size(); ++i)
            if (rows_[i].size() >= threshold_) {
                event = split(i, batch);
                break;
            }
        p.observe(batch, now_);
        if (event) p.learn(*event);
        return event;
    }

    [[nodiscard]] key median(partition_id id) const {
        for (std::size_t i = 0; i < now_.partitions.size(); ++i)
            if (now_.partitions[i].id == id)
                return *std::next(rows_[i].begin(), static_cast<std::ptrdiff_t>(rows_[i].size() / 2));
        return {};
    }
    [[nodiscard]] std::size_t rank(partition_id id, const key& k) const {
        for (std::size_t i = 0; i < now_.partitions.size(); ++i)
            if (now_.partitions[i].id == id)
                return static_cast<std::size_t>(std::distance(rows_[i].begin(), rows_[i].lower_bound(k)));
        return 0;
    }
    [[nodiscard]] const layout& now() const { return now_; }
    [[nodiscard]] wall_time time() const { return time_; }

  private:
    lineage_event split(std::size_t i, log_batch& batch) {
        position_.value += 1;
        const partition parent = now_.partitions[i];
        const key middle = median(parent.id);
        partition left{{++native_, position_}, "l", {parent.interval.begin, middle}, content::data, false, 0, 0};
        partition right{{++native_, position_}, "r", {middle, parent.interval.end}, content::data, false, 0, 0};
        std::set<key> upper(rows_[i].lower_bound(middle), rows_[i].end());
        rows_[i].erase(rows_[i].lower_bound(middle), rows_[i].end());
        rows_.insert(rows_.begin() + static_cast<std::ptrdiff_t>(i) + 1, std::move(upper));
        now_.partitions[i] = left;
        now_.partitions.insert(now_.partitions.begin() + static_cast<std::ptrdiff_t>(i) + 1, right);
        batch.upto = position_;
        batch.layouts.push_back({{position_, 0}, time_, {parent.id}, {left, right}});
        return {{position_, 0}, time_, lineage_kind::split, {parent}, {left, right}, {middle}};
    }

    std::size_t threshold_;
    std::mt19937 random_;
    layout now_;
    std::vector<std::set<key>> rows_;
    position position_{1};
    wall_time time_{1'000'000'000};
    std::uint64_t next_ = 0;
    std::uint64_t native_ = 1;
};

std::optional<prediction> of(const std::vector<prediction>& all, lineage_kind kind, partition_id id) {
    for (const prediction& p : all)
        if (p.kind == kind && p.partitions == std::vector{id}) return p;
    return std::nullopt;
}

}  // namespace

TEST_CASE("without a threshold and without growth nothing is foretold") {
    size_extrapolation p;
    table t{1'000'000, 1};
    p.start(t.now());
    std::vector<prediction> said;
    p.forecast(t.time(), 30, said);
    t.second(p, 100, false);
    p.forecast(t.time(), 30, said);
    CHECK(said.empty());
}

TEST_CASE("a given threshold: the split is foretold before it comes, near the median, and not long before it is due") {
    for (const bool at_end : {false, true}) {
        for (unsigned seed = 1; seed <= 5; ++seed) {
            CAPTURE(seed, at_end);
            size_extrapolation p{{.split_at = 5000}};
            table t{5000, seed};
            p.start(t.now());
            const partition_id whole = t.now().partitions[0].id;
            double early = 0;
            double last = 0;
            std::optional<prediction> final_word;
            for (int second = 1; second <= 49; ++second) {
                REQUIRE_FALSE(t.second(p, 100, at_end));
                std::vector<prediction> said;
                p.forecast(t.time(), 10, said);
                const auto split = of(said, lineage_kind::split, whole);
                if (second == 15) early = split ? split->confidence : 0;
                if (second == 47) {
                    REQUIRE(split);
                    last = split->confidence;
                    final_word = split;
                }
            }
            CHECK(early < 0.2);
            CHECK(last > 0.9);
            CHECK(final_word->when.p50 == Approx(3).margin(1.5));
            CHECK(final_word->when.p10 <= final_word->when.p50);
            CHECK(final_word->when.p50 <= final_word->when.p90);
            CHECK_FALSE(final_word->because.empty());
            REQUIRE(final_word->boundaries.size() == 1);
            const double rank = static_cast<double>(t.rank(whole, final_word->boundaries[0])) / 4900.0;
            CHECK(rank > 0.3);
            CHECK(rank < 0.7);
        }
    }
}

TEST_CASE("the threshold is learnt from the splits that were seen, to within a few per cent") {
    for (unsigned seed = 1; seed <= 5; ++seed) {
        CAPTURE(seed);
        size_extrapolation p;
        table t{2000, seed};
        p.start(t.now());
        int splits = 0;
        for (int second = 0; second < 400; ++second)
            if (t.second(p, 100, false)) ++splits;
        REQUIRE(splits > 5);
        CHECK(p.threshold() == Approx(2000).epsilon(0.12));
        size_extrapolation next;
        next.load(p.save());
        CHECK(next.threshold() == Approx(p.threshold()));
    }
}

TEST_CASE("append-shaped: the last partition is the one that grows, and its sizes are exact") {
    size_extrapolation p;
    table t{2000, 1};
    p.start(t.now());
    for (int second = 0; second < 300; ++second) t.second(p, 100, true);
    CHECK(p.threshold() == Approx(2000).epsilon(0.08));
    std::vector<prediction> said;
    p.forecast(t.time(), 30, said);
    REQUIRE_FALSE(said.empty());
    for (const prediction& s : said) CHECK(s.partitions == std::vector{t.now().partitions.back().id});
}

TEST_CASE("rows that were there before count, and their middle is interpolated when writes come at the end") {
    size_extrapolation p{{.split_at = 10'000}};
    layout now{{1}, {{{1, {1}}, "p", {number(0), {}}, content::data, false, 9000, 900'000}}};
    p.start(now);
    CHECK(p.size_of({1, {1}}) == 9000);
    log_batch batch;
    for (std::uint64_t i = 0; i < 100; ++i) {
        batch.commits.push_back({{i + 2}, {1'000'000 + static_cast<std::int64_t>(i) * 10'000}, i, 1});
        batch.changes.append({change_kind::put, write_hint::inserted, {{i + 2}, 0}, number(9001 + i), "v"});
    }
    batch.upto = {101};
    p.observe(batch, now);
    std::vector<prediction> said;
    p.forecast({2'000'000}, 30, said);
    REQUIRE(said.size() == 1);
    REQUIRE(said[0].boundaries.size() == 1);
    CHECK(said[0].boundaries[0] > number(3500));
    CHECK(said[0].boundaries[0] < number(5500));
}

TEST_CASE("updates and patches do not grow a partition, erases shrink it, a truncation empties it") {
    size_extrapolation p;
    layout now{{1}, {{{1, {1}}, "p", {"a", "z"}, content::data, false, 100, 0}}};
    p.start(now);
    log_batch batch;
    batch.changes.append({change_kind::put, write_hint::updated, {{2}, 0}, "b", "v"});
    batch.changes.append({change_kind::patch, write_hint::unknown, {{2}, 1}, "c", "v"});
    batch.changes.append({change_kind::erase, write_hint::unknown, {{2}, 2}, "d", ""});
    batch.changes.append({change_kind::put, write_hint::inserted, {{2}, 3}, "zz", "nobody's"});
    batch.commits.push_back({{2}, {1'000'000}, 0, 4});
    batch.upto = {2};
    p.observe(batch, now);
    CHECK(p.size_of({1, {1}}) == 99);
    batch.clear();
    batch.changes.append({change_kind::erase_range, write_hint::unknown, {{3}, 0}, "a", ""});
    batch.commits.push_back({{3}, {2'000'000}, 0, 1});
    p.observe(batch, now);
    CHECK(p.size_of({1, {1}}) == 0);
}

TEST_CASE("neighbours that shrank to what was merged before are expected to merge") {
    size_extrapolation p;
    const auto part = [](std::uint64_t id, key begin, key end, std::uint64_t rows) {
        return partition{{id, {1}}, "", {std::move(begin), std::move(end)}, content::data, false, rows, 0};
    };
    layout now{{1},
               {part(1, "a", "b", 10), part(2, "b", "c", 12), part(3, "c", "d", 10), part(4, "d", "e", 9),
                part(5, "e", "f", 5000)}};
    p.start(now);
    const partition both = part(6, "a", "c", 22);
    p.learn({{{5}, 0}, {5'000'000}, lineage_kind::merge, {now.partitions[0], now.partitions[1]}, {both}, {"b"}});
    std::vector<prediction> said;
    p.forecast({6'000'000}, 30, said);
    std::erase_if(said, [](const prediction& s) { return s.confidence < 0.2; });
    REQUIRE(said.size() == 1);
    CHECK(said[0].kind == lineage_kind::merge);
    CHECK(said[0].partitions == std::vector<partition_id>{{3, {1}}, {4, {1}}});
}

TEST_CASE("partitions that come and go by the clock are foretold with their place and time") {
    size_extrapolation p;
    layout now{{1}, {}};
    p.start(now);
    const auto day = [](std::uint64_t d) {
        return partition{{d + 1, {d + 1}}, "", {number(d * 100), number((d + 1) * 100)}, content::data, true, 0, 0};
    };
    for (std::uint64_t d = 0; d < 6; ++d)
        p.learn({{{d + 1}, 0}, {static_cast<std::int64_t>(d) * 100'000'000}, lineage_kind::create, {}, {day(d)}, {}});
    for (std::uint64_t d = 0; d < 3; ++d)
        p.learn(
            {{{d + 20}, 0}, {static_cast<std::int64_t>(d + 3) * 100'000'000}, lineage_kind::drop, {day(d)}, {}, {}});

    std::vector<prediction> said;
    p.forecast({590'000'000}, 30, said);
    std::erase_if(said, [](const prediction& s) { return s.confidence < 0.5; });
    REQUIRE(said.size() == 2);
    CHECK(said[0].kind == lineage_kind::create);
    CHECK(said[0].boundaries.front() == number(600));
    CHECK(said[0].when.p50 == Approx(10).margin(1));
    CHECK(said[1].kind == lineage_kind::drop);
    CHECK(said[1].partitions == std::vector<partition_id>{{4, {4}}});

    std::vector<prediction> too_soon;
    p.forecast({510'000'000}, 30, too_soon);
    for (const prediction& s : too_soon) CHECK(s.confidence < 0.2);
}

TEST_CASE("a saved model of somebody else is refused") {
    size_extrapolation p;
    CHECK_THROWS_AS(p.load("scripted 1 01"), error);
    CHECK_THROWS_AS(p.load(""), error);
    CHECK_THROWS_AS(p.load("size_extrapolation 1 nan 0 0 0 0 0"), error);
    CHECK_THROWS_AS(silent{}.load("x"), error);
    CHECK(silent{}.save().empty());
}

TEST_CASE("a script is said when its position and time have come, once or every time, and not again after a resume") {
    prediction a;
    a.confidence = 0.1;
    prediction b;
    b.confidence = std::nan("");
    scripted p{{{.from = {10}, .from_time = {}, .every_time = false, .what = a},
                {.from = {}, .from_time = {500}, .every_time = true, .what = b}}};
    std::vector<prediction> said;
    p.start(layout{{1}, {}});
    p.forecast({0}, 1, said);
    CHECK(said.empty());
    p.forecast({500}, 1, said);
    CHECK(said.size() == 1);
    log_batch batch;
    batch.upto = {10};
    p.observe(batch, layout{});
    p.forecast({600}, 1, said);
    CHECK(said.size() == 3);
    p.forecast({600}, 1, said);
    CHECK(said.size() == 4);
    CHECK_THROWS_AS(p.load("other"), error);
    p.load(p.save());
    p.forecast({600}, 1, said);
    CHECK(said.size() == 5);
}
