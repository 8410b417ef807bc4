// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/predict/hazard_predictor.hpp"

#include "foreshadow/predict/ensemble.hpp"
#include "foreshadow/predict/silent.hpp"
#include "foreshadow/testing/conformance/predictor.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace foreshadow;

namespace {

key number(std::uint64_t n) {
    char text[24];
    std::snprintf(text, sizeof text, "k%010llu", static_cast<unsigned long long>(n));
    return text;
}

/// What the source tells of the sizes of partitions that a split made: theirs, nothing, or what it told of their
/// parent.
enum class told_of_children { exactly, nothing, shared_out };

/// A table whose partitions split at their median when they have reached `threshold` rows, and what a predictor says of
/// it.
template <class Predictor>
class table {
  public:
    table(std::size_t threshold, unsigned seed, bool at_end = false)
        : threshold_{threshold}, random_{seed}, at_end_{at_end} {
        now_.at = {1};
        now_.partitions = {{{1, {1}}, "p", key_range::all(), content::data, true, 0, 0}};
        rows_.resize(1);
    }

    Predictor one;
    std::size_t splits = 0;
    told_of_children told = told_of_children::exactly;

    /// Rows that were there before; the layout tells them, once.
    void fill(std::size_t rows) {
        while (rows_[0].size() < rows) rows_[0].insert(number(random_() % 1'000'000'000));
        now_.partitions[0].rows = rows;
        now_.partitions[0].bytes = rows * 260;
    }
    void start() { one.start(now_); }

    /// A second of inserts; splits follow.
    void second(std::size_t inserts) {
        log_batch batch;
        batch.after = position_;
        time_ = after_seconds(time_, 1);
        ++position_.value;
        batch.commits.push_back({position_, time_, 0, inserts});
        for (std::size_t i = 0; i < inserts; ++i) {
            const std::uint64_t n = at_end_ ? ++last_ : random_() % 1'000'000'000;
            const key k = number(n);
            batch.changes.append({change_kind::put,
                                  write_hint::inserted,
                                  {position_, static_cast<std::uint32_t>(i)},
                                  k,
                                  std::string(random_() % 8 == 0 ? 2000 : 0, 'v')});
            rows_[owner(k)].insert(k);
        }
        batch.upto = position_;
        batch.now = time_;
        one.observe(batch, now_);
        for (std::size_t i = 0; i < rows_.size(); ++i)
            if (rows_[i].size() >= threshold_) split(i);
    }

    [[nodiscard]] std::map<partition_id, prediction> forecast(double horizon) {
        std::vector<prediction> said;
        one.forecast(time_, horizon, said);
        std::map<partition_id, prediction> by_id;
        for (prediction& p : said)
            if (p.kind == lineage_kind::split) by_id[p.partitions[0]] = std::move(p);
        return by_id;
    }

    [[nodiscard]] const layout& now() const { return now_; }
    [[nodiscard]] std::size_t rows(std::size_t i) const { return rows_[i].size(); }
    [[nodiscard]] key median(std::size_t i) const {
        auto middle = rows_[i].begin();
        std::advance(middle, static_cast<std::ptrdiff_t>(rows_[i].size() / 2));
        return *middle;
    }
    [[nodiscard]] wall_time time() const { return time_; }

  private:
    [[nodiscard]] std::size_t owner(const key& k) const {
        std::size_t i = now_.partitions.size() - 1;
        while (i > 0 && k < now_.partitions[i].interval.begin) --i;
        return i;
    }
    void split(std::size_t i) {
        const key middle = median(i);
        ++position_.value;
        lineage_event event{{position_, 0}, time_, lineage_kind::split, {now_.partitions[i]}, {}, {middle}};
        partition left = now_.partitions[i];
        partition right = left;
        left.id = {++ids_, position_};
        right.id = {++ids_, position_};
        left.interval.end = right.interval.begin = middle;
        const bool is_shared = told == told_of_children::shared_out;
        for (partition* child : {&left, &right}) {
            child->rows = is_shared ? child->rows / 2 : 0;
            child->bytes = is_shared ? child->bytes / 2 : 0;
        }
        if (told == told_of_children::exactly) {
            left.rows = static_cast<std::uint64_t>(std::distance(rows_[i].begin(), rows_[i].find(middle)));
            right.rows = rows_[i].size() - left.rows;
        }
        event.to = {left, right};
        now_.partitions[i] = left;
        now_.partitions.insert(now_.partitions.begin() + static_cast<std::ptrdiff_t>(i) + 1, right);
        std::set<key> upper{rows_[i].find(middle), rows_[i].end()};
        rows_[i].erase(rows_[i].find(middle), rows_[i].end());
        rows_.insert(rows_.begin() + static_cast<std::ptrdiff_t>(i) + 1, std::move(upper));
        one.learn(event);
        ++splits;
    }

    std::size_t threshold_;
    std::mt19937_64 random_;
    bool at_end_;
    layout now_;
    std::vector<std::set<key>> rows_;
    position position_{1};
    wall_time time_{1'700'000'000'000'000};
    std::uint64_t ids_ = 10;
    std::uint64_t last_ = 0;
};

/// A predictor whose log comes late.
struct late_log {
    struct item {
        wall_time due;
        log_batch batch;
        layout now;
        std::optional<lineage_event> event;
    };
    static constexpr double delay = 15;

    hazard_predictor one{{.least_confidence = 0}};
    std::deque<item> waiting;

    void start(const layout& now) { one.start(now); }
    void observe(const log_batch& batch, const layout& now) {
        waiting.push_back({after_seconds(batch.now, delay), batch, now, {}});
    }
    void learn(const lineage_event& event) { waiting.push_back({after_seconds(event.time, delay), {}, {}, event}); }
    void forecast(wall_time now, double horizon, std::vector<prediction>& out) {
        for (; !waiting.empty() && waiting.front().due <= now; waiting.pop_front()) {
            if (const item& next = waiting.front(); next.event)
                one.learn(*next.event);
            else
                one.observe(next.batch, next.now);
        }
        one.forecast(now, horizon, out);
    }
};

double number_of(const prediction& p, std::string_view which) {
    for (const evidence& e : p.because)
        if (e.name == which) return e.value;
    return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

TEST_CASE("the hazard predictor keeps the contract of predictors") {
    const auto found = testing::check_predictor([] { return hazard_predictor{}; });
    INFO(found.text());
    CHECK(found.is_kept());
    const auto known =
        testing::check_predictor([] { return hazard_predictor{{.split_at_rows = 100, .least_confidence = 0}}; });
    INFO(known.text());
    CHECK(known.is_kept());
}

TEST_CASE("splits at a threshold are foreseen, with probabilities that are kept") {
    table<hazard_predictor> t{1500, 7};
    t.one = hazard_predictor{{.least_confidence = 0}};
    t.start();
    double claimed = 0;
    double came = 0;
    double squares = 0;
    double squares_of_base = 0;
    std::size_t rows = 0;
    std::vector<std::pair<std::map<partition_id, prediction>, std::size_t>> waiting;
    std::size_t caught = 0;
    std::size_t splits = 0;
    for (int s = 0; s < 1200; ++s) {
        const layout before = t.now();
        t.second(40);
        if (s > 700)
            for (const partition& p : before.partitions)
                if (t.now().find(p.id) == nullptr) {
                    ++splits;
                    for (const auto& [said, at] : waiting) {
                        const auto found = said.find(p.id);
                        if (found == said.end() || found->second.confidence < 0.3) continue;
                        ++caught;
                        break;
                    }
                }
        if (s % 4 != 0) continue;
        waiting.emplace_back(t.forecast(20), static_cast<std::size_t>(s));
        if (waiting.size() < 6) continue;
        if (s > 700)
            for (const auto& [id, p] : waiting.front().first) {
                const double y = t.now().find(id) == nullptr ? 1 : 0;
                claimed += p.confidence;
                came += y;
                squares += (p.confidence - y) * (p.confidence - y);
                squares_of_base += (0.1 - y) * (0.1 - y);
                ++rows;
            }
        waiting.erase(waiting.begin());
    }
    REQUIRE(splits >= 12);
    CHECK(caught >= splits * 8 / 10);
    CHECK(claimed / came == Approx(1).margin(0.3));
    CHECK(squares < 0.6 * squares_of_base);
    CHECK(rows > 1000);
}

TEST_CASE("a log that comes late makes no change one that did not come") {
    table<late_log> t{1500, 7};
    t.start();
    double claimed = 0;
    double came = 0;
    std::vector<std::pair<std::map<partition_id, prediction>, std::map<partition_id, bool>>> waiting;
    for (int s = 0; s < 1200; ++s) {
        t.second(40);
        if (s % 4 != 0) continue;
        std::map<partition_id, bool> lives;
        for (const partition& p : t.now().partitions) lives[p.id] = true;
        waiting.emplace_back(t.forecast(20), std::move(lives));
        if (waiting.size() < 6) continue;
        for (const auto& [id, p] : waiting.front().first) {
            if (s < 700) continue;
            claimed += p.confidence;
            // What had split by then, though nobody knew, did not split later.
            came += waiting.front().second.count(id) != 0 && t.now().find(id) == nullptr ? 1 : 0;
        }
        waiting.erase(waiting.begin());
    }
    REQUIRE(came > 50);
    CHECK(claimed > 0.6 * came);
    CHECK(claimed < 1.7 * came);
}

TEST_CASE("the threshold is learnt within one percent, and the numbers that made a prediction stand beside it") {
    table<hazard_predictor> t{1500, 3};
    t.one = hazard_predictor{{.least_confidence = 0.2}};
    t.start();
    prediction last;
    for (int s = 0; s < 900; ++s) {
        t.second(40);
        if (s % 4 != 0) continue;
        for (auto& [id, p] : t.forecast(20))
            if (number_of(p, "size") < 1480) last = std::move(p);
    }
    REQUIRE(last.confidence >= 0.2);
    CHECK(number_of(last, "threshold") == Approx(1500).epsilon(0.01));
    CHECK(number_of(last, "growth") > 0);
    CHECK(last.because.front().unit == "rows");
    CHECK(last.when.p10 <= last.when.p50);
    CHECK(last.when.p50 <= last.when.p90);
    REQUIRE(last.boundaries.size() == 1);
}

TEST_CASE("the boundary is the median of what was written, and the last child grows where writes come at the end") {
    for (const bool at_end : {false, true}) {
        table<hazard_predictor> t{1200, 5, at_end};
        t.one = hazard_predictor{{.least_confidence = 0.2}};
        t.start();
        double off = 0;
        int seen = 0;
        for (int s = 0; s < 500; ++s) {
            t.second(20);
            if (s % 4 != 0) continue;
            const auto said = t.forecast(20);
            for (std::size_t i = 0; i < t.now().partitions.size(); ++i) {
                const auto found = said.find(t.now().partitions[i].id);
                if (found == said.end() || t.rows(i) < 1000 || t.splits < 6) continue;
                if (at_end) CHECK(i + 1 == t.now().partitions.size());
                REQUIRE(found->second.boundaries.size() == 1);
                const key& cut = found->second.boundaries[0];
                CHECK(t.now().partitions[i].interval.contains(cut));
                const double expected = std::stod(t.median(i).substr(1));
                const double width = at_end ? 1200 : 1e9 / static_cast<double>(t.now().partitions.size());
                off += std::abs(std::stod(cut.substr(1)) - expected) / width;
                ++seen;
            }
        }
        REQUIRE(seen > 10);
        INFO((at_end ? "at the end" : "anywhere"));
        CHECK(off / seen < 0.18);
    }
}

TEST_CASE("with nothing but the stream, and sizes that were told once, splits are foreseen") {
    for (const auto told : {told_of_children::nothing, told_of_children::shared_out}) {
        table<hazard_predictor> t{1500, 7};
        t.told = told;
        t.fill(900);
        t.start();
        std::map<partition_id, double> surest;  // of what was said in time
        std::size_t splits = 0;
        std::size_t caught = 0;
        prediction last;
        for (int s = 0; s < 1000; ++s) {
            const layout before = t.now();
            t.second(40);
            if (s > 350)
                for (const partition& p : before.partitions)
                    if (t.now().find(p.id) == nullptr) {
                        ++splits;
                        if (surest[p.id] >= 0.3) ++caught;
                    }
            if (s % 4 != 0) continue;
            for (auto& [id, p] : t.forecast(20)) {
                surest[id] = std::max(surest[id], p.confidence);
                if (number_of(p, "size") < 1480) last = std::move(p);
            }
        }
        INFO((told == told_of_children::nothing ? "nothing is told of children"
                                                : "children are told a share of the parent"));
        REQUIRE(splits >= 12);
        CHECK(caught >= splits * 8 / 10);
        CHECK(number_of(last, "threshold") == Approx(1500).epsilon(0.03));
    }
}

TEST_CASE("in an ensemble it says what it says alone, and nothing where that is nothing: between waves of splits") {
    table<hazard_predictor> alone{1500, 7};
    table<ensemble<hazard_predictor, silent>> together{1500, 7};
    alone.start();
    together.start();
    std::size_t said = 0;
    std::size_t lulls = 0;
    for (int s = 0; s < 700; ++s) {
        alone.second(40);
        together.second(40);
        if (s % 4 != 0) continue;
        const auto expected = alone.forecast(20);
        const auto found = together.forecast(20);
        REQUIRE(found.size() == expected.size());
        for (const auto& [id, p] : expected) {
            REQUIRE(found.contains(id));
            CHECK(found.at(id).because == p.because);
            CHECK(found.at(id).boundaries == p.boundaries);
        }
        said += expected.size();
        if (s > 400 && expected.empty()) ++lulls;
    }
    CHECK(said > 100);
    CHECK(lulls > 0);  // keys are even, so partitions grow alike, and split nearly all at once
}

TEST_CASE("a known threshold is believed from the first second") {
    table<hazard_predictor> t{1000, 9};
    t.one = hazard_predictor{{.split_at_rows = 1000, .least_confidence = 0}};
    t.start();
    std::map<partition_id, prediction> said;
    for (int s = 0; s < 90; ++s) {
        t.second(10);
        said = t.forecast(20);
    }
    REQUIRE(t.splits == 0);
    REQUIRE(said.size() == 1);
    CHECK(number_of(said.begin()->second, "threshold") == Approx(1000).epsilon(0.01));
    CHECK(number_of(said.begin()->second, "by size and growth alone") > 0.9);
}

TEST_CASE("a cold model says little, and says that it is cold") {
    table<hazard_predictor> t{1000, 9};
    t.one = hazard_predictor{{.least_confidence = 0}};
    t.start();
    for (int s = 0; s < 60; ++s) t.second(10);
    const auto said = t.forecast(20);
    REQUIRE(said.size() == 1);
    CHECK(said.begin()->second.confidence < 0.05);
    CHECK(said.begin()->second.because.back().name == "cold, splits seen");
}

TEST_CASE("a restart keeps what was learnt") {
    table<hazard_predictor> t{1500, 21};
    t.start();
    for (int s = 0; s < 700; ++s) {
        t.second(40);
        if (s % 4 == 0) (void)t.forecast(20);
    }
    const std::string saved = t.one.save();
    CHECK(saved.size() < 512 * 1024);
    hazard_predictor once{{.least_confidence = 0}};
    hazard_predictor twice{{.least_confidence = 0}};
    once.load(saved);
    twice.load(once.save());
    CHECK(once.save() == saved);
    layout now = t.now();
    for (std::size_t i = 0; i < now.partitions.size(); ++i) now.partitions[i].rows = t.rows(i);
    hazard_predictor fresh{{.least_confidence = 0}};
    std::vector<prediction> one;
    std::vector<prediction> two;
    std::vector<prediction> none;
    for (hazard_predictor* p : {&once, &twice, &fresh}) {
        p->start(now);
        auto& out = p == &once ? one : p == &twice ? two : none;
        p->forecast(t.time(), 20, out);
    }
    CHECK(one == two);
    REQUIRE(one.size() == none.size());
    CHECK(number_of(one.front(), "threshold") == Approx(1500).epsilon(0.02));
    CHECK_FALSE(number_of(none.front(), "threshold") == Approx(1500).epsilon(0.02));
    // Bytes that are foreign or were damaged change nothing.
    CHECK_THROWS_AS(once.load("another model"), error);
    CHECK_THROWS_AS(once.load(saved.substr(0, saved.size() / 2)), error);
    CHECK(once.save() == saved);
}

TEST_CASE("sizes that the source tells are believed, and growth by updates is learnt from them") {
    hazard_predictor one{{.split_at_bytes = 1'000'000, .least_confidence = 0}};
    layout now{{1}, {{{1, {1}}, "p", key_range::all(), content::data, false, 100, 200'000}}};
    one.start(now);
    position at{1};
    wall_time time{1'700'000'000'000'000};
    std::vector<prediction> said;
    for (int s = 0; s < 200; ++s) {
        log_batch batch;
        batch.after = at;
        ++at.value;
        time = after_seconds(time, 1);
        batch.commits.push_back({at, time, 0, 1});
        // An engine that keeps old versions: an update grows as an insert does.
        batch.changes.append({change_kind::put, write_hint::updated, {at, 0}, "k", std::string(999, 'v')});
        batch.upto = at;
        batch.now = time;
        one.observe(batch, now);
        now.partitions[0].bytes += 1000;
        one.measured(now);
        said.clear();
        one.forecast(time, 10, said);
    }
    REQUIRE(said.size() == 1);
    CHECK(number_of(said[0], "size") == Approx(400'000).epsilon(0.001));
    CHECK(number_of(said[0], "growth") == Approx(1000).epsilon(0.1));
}

TEST_CASE("a size that a scan corrects is no growth, up or down") {
    for (const double believed : {50'000.0, 800'000.0}) {
        for (const bool by_rows : {false, true}) {
            hazard_predictor one{by_rows
                                     ? hazard_predictor::options{.split_at_rows = 10'000, .least_confidence = 0}
                                     : hazard_predictor::options{.split_at_bytes = 1'000'000, .least_confidence = 0}};
            layout now{{1}, {{{1, {1}}, "p", key_range::all(), content::data, false, 0, 0}}};
            const auto is_large = [&](double bytes) {
                now.partitions[0].bytes = static_cast<std::uint64_t>(bytes);
                now.partitions[0].rows = static_cast<std::uint64_t>(bytes / 100);
            };
            is_large(believed);
            one.start(now);
            position at{1};
            wall_time time{1'700'000'000'000'000};
            std::vector<prediction> said;
            constexpr int seconds = 120;
            for (int s = 0; s < seconds; ++s) {
                log_batch batch;
                batch.after = at;
                ++at.value;
                time = after_seconds(time, 1);
                batch.commits.push_back({at, time, 0, 10});
                for (std::uint32_t i = 0; i < 10; ++i)
                    batch.changes.append({change_kind::put,
                                          write_hint::inserted,
                                          {at, i},
                                          number(static_cast<std::uint64_t>(s) * 10 + i),
                                          std::string(89, 'v')});
                batch.upto = at;
                batch.now = time;
                one.observe(batch, now);
                if (s == seconds - 3) {
                    is_large(400'000);
                    one.measured(now);
                }
                said.clear();
                one.forecast(time, 10, said);
            }
            REQUIRE(said.size() == 1);
            const double row = by_rows ? 100 : 1;
            CHECK(number_of(said[0], "size") == Approx(402'000 / row).epsilon(0.001));
            CHECK(number_of(said[0], "growth") == Approx(1000 / row).epsilon(0.1));
        }
    }
}

TEST_CASE("neighbours that merge when both are small are foreseen as pairs") {
    hazard_predictor one{{.split_at_rows = 1000, .least_confidence = 0.05}};
    std::mt19937 random{31};
    layout now;
    now.at = {1};
    std::vector<double> rows;
    std::uint64_t ids = 0;
    for (int i = 0; i < 40; ++i) {
        now.partitions.push_back(
            {{++ids, {1}},
             "p",
             {number(static_cast<std::uint64_t>(i) * 1000), number(static_cast<std::uint64_t>(i) * 1000 + 1000)}});
        rows.push_back(300.0 + static_cast<double>(random() % 400));
        now.partitions.back().rows = static_cast<std::uint64_t>(rows.back());
    }
    one.start(now);
    wall_time time{1'700'000'000'000'000};
    position at{1};
    std::size_t merges = 0;
    std::size_t foreseen = 0;
    std::map<std::pair<partition_id, partition_id>, double> known;
    for (int s = 0; s < 3000; ++s) {
        time = after_seconds(time, 1);
        ++at.value;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (i % 2 == (static_cast<std::size_t>(s) / 400) % 2)
                rows[i] = std::max(rows[i] - static_cast<double>(random() % 4), 5.0);
            now.partitions[i].rows = static_cast<std::uint64_t>(rows[i]);
        }
        one.measured(now);
        // The engine: both below 250.
        for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
            if (rows[i] >= 250 || rows[i + 1] >= 250) continue;
            lineage_event event{{at, 0},
                                time,
                                lineage_kind::merge,
                                {now.partitions[i], now.partitions[i + 1]},
                                {},
                                {now.partitions[i].interval.end}};
            ++merges;
            const auto said = known.find({now.partitions[i].id, now.partitions[i + 1].id});
            if (merges > 40 && said != known.end() && said->second > 0.2) ++foreseen;
            partition whole = now.partitions[i];
            whole.id = {++ids, at};
            whole.interval.end = now.partitions[i + 1].interval.end;
            rows[i] += rows[i + 1] + 200.0 + static_cast<double>(random() % 200);  // and it is filled again
            whole.rows = static_cast<std::uint64_t>(rows[i]);
            event.to = {whole};
            rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(i) + 1);
            now.partitions[i] = whole;
            now.partitions.erase(now.partitions.begin() + static_cast<std::ptrdiff_t>(i) + 1);
            one.learn(event);
            // Another one is split, so that there are always some; what comes of it is told.
            const std::size_t largest =
                static_cast<std::size_t>(std::max_element(rows.begin(), rows.end()) - rows.begin());
            partition old = now.partitions[largest];
            partition left = old;
            partition right = old;
            left.id = {++ids, at};
            right.id = {++ids, at};
            left.interval.end = right.interval.begin = old.interval.begin + "m";
            rows[largest] = rows[largest] / 2 + 260;
            left.rows = right.rows = static_cast<std::uint64_t>(rows[largest]);
            now.partitions[largest] = left;
            now.partitions.insert(now.partitions.begin() + static_cast<std::ptrdiff_t>(largest) + 1, right);
            rows.insert(rows.begin() + static_cast<std::ptrdiff_t>(largest), rows[largest]);
            one.learn({{at, 0}, time, lineage_kind::split, {old}, {left, right}, {right.interval.begin}});
            break;
        }
        if (s % 4 != 0) continue;
        std::vector<prediction> said;
        one.forecast(time, 20, said);
        known.clear();
        for (const prediction& p : said)
            if (p.kind == lineage_kind::merge) {
                REQUIRE(p.partitions.size() >= 2);
                for (std::size_t i = 1; i < p.partitions.size(); ++i)
                    known[{p.partitions[i - 1], p.partitions[i]}] += p.confidence;
                CHECK(p.when.p10 <= p.when.p90);
            }
    }
    REQUIRE(merges >= 50);
    CHECK(foreseen * 2 > merges - 40);
}

TEST_CASE("the third of three neighbours that become one is foreseen, as surely as the others") {
    hazard_predictor one{{.split_at_rows = 1000, .least_confidence = 0}};
    std::mt19937 random{7};
    layout now;
    now.at = {1};
    std::uint64_t ids = 0;
    position at{1};
    // Thirty groups of three, each group on its own, so that nobody else is a partner.
    constexpr std::size_t groups = 30;
    std::vector<double> rows(groups);
    const auto partition_of = [&](std::uint64_t n, std::uint64_t width, double size) {
        return partition{.id = {++ids, at},
                         .name = "p",
                         .interval = {number(n), number(n + width)},
                         .rows = static_cast<std::uint64_t>(size)};
    };
    std::vector<std::vector<partition>> live(groups);
    const auto divide = [&](std::size_t g) {
        rows[g] = 300.0 + static_cast<double>(random() % 200);
        live[g].clear();
        for (std::uint64_t i = 0; i < 3; ++i) live[g].push_back(partition_of(g * 1000 + i * 100, 100, rows[g]));
    };
    const auto renew = [&] {
        now.partitions.clear();
        for (const auto& each : live) now.partitions.insert(now.partitions.end(), each.begin(), each.end());
    };
    for (std::size_t g = 0; g < groups; ++g) divide(g);
    renew();
    one.start(now);
    wall_time time{1'700'000'000'000'000};
    const auto merge = [&](std::size_t g) {
        partition whole = partition_of(g * 1000, live[g][0].interval.end == number(g * 1000 + 100) ? 200 : 300,
                                       static_cast<double>(live[g][0].rows + live[g][1].rows));
        one.learn({{at, 0}, time, lineage_kind::merge, {live[g][0], live[g][1]}, {whole}, {live[g][1].interval.begin}});
        live[g].erase(live[g].begin());
        live[g].front() = whole;
    };
    std::map<partition_id, std::deque<std::pair<int, double>>> said_before;
    double said_of_first = 0;
    double said_of_third = 0;
    int counted = 0;
    for (int s = 0; s < 4000; ++s) {
        time = after_seconds(time, 1);
        ++at.value;
        for (std::size_t g = 0; g < groups; ++g) {
            rows[g] -= static_cast<double>(random() % 4);
            for (partition& p : live[g]) p.rows = static_cast<std::uint64_t>(rows[g]);
            if (rows[g] > 80) continue;
            // Both below 250, the left one with the right one: 80 and 80, then 160 and 80.
            const partition_id first = live[g][0].id;
            const partition_id third = live[g][2].id;
            merge(g);
            merge(g);
            if (s > 2000 && said_before.contains(first) && said_before.contains(third)) {
                said_of_first += said_before[first].front().second;
                said_of_third += said_before[third].front().second;
                ++counted;
            }
            const partition whole = live[g][0];
            divide(g);
            one.learn({{at, 0}, time, lineage_kind::split, {whole}, live[g], {live[g][1].interval.begin}});
        }
        renew();
        one.measured(now);
        if (s % 4 != 0) continue;
        std::map<partition_id, double> sums;
        std::vector<prediction> said;
        one.forecast(time, 20, said);
        for (const prediction& p : said)
            if (p.kind == lineage_kind::merge)
                for (const partition_id id : p.partitions) sums[id] += p.confidence;
        for (const auto& [id, sum] : sums) {
            CHECK(sum <= 1.001);
            auto& before = said_before[id];
            before.emplace_back(s, sum);
            while (before.back().first - before.front().first > 12) before.pop_front();
        }
    }
    REQUIRE(counted > 100);
    CHECK(said_of_first / counted > 0.3);
    CHECK(said_of_third > 0.75 * said_of_first);
}

TEST_CASE("what is created by the calendar is foreseen where it is missing, and what is dropped by it is named") {
    hazard_predictor one;
    const auto day = [](double n) { return after_seconds({1'700'000'000'000'000}, n * 86'400); };
    layout now{{1}, {}};
    one.start(now);
    std::uint64_t at = 1;
    for (std::uint64_t n = 0; n < 14; ++n) {
        partition born{{n, {++at}}, "d", {number(n), number(n + 1)}};
        one.learn({{{at}, 0}, day(static_cast<double>(n)), lineage_kind::create, {}, {born}, {}});
        now.partitions.push_back(born);
        if (n < 7) continue;
        const partition old = now.partitions.front();
        now.partitions.erase(now.partitions.begin());
        one.learn({{{++at}, 0}, day(static_cast<double>(n) + 0.1), lineage_kind::drop, {old}, {}, {}});
    }
    std::vector<prediction> early;
    one.forecast(day(13.3), 6 * 3600.0, early);
    CHECK(early.empty());
    std::vector<prediction> said;
    one.forecast(day(13.9), 6 * 3600.0, said);
    REQUIRE(said.size() == 2);
    CHECK(said[0].kind == lineage_kind::create);
    CHECK(said[0].boundaries == std::vector<key>{number(14), number(15)});
    CHECK(said[0].confidence > 0.8);
    CHECK(said[0].when.p50 == Approx(0.1 * 86'400).epsilon(0.2));
    CHECK(said[1].kind == lineage_kind::drop);
    CHECK(said[1].partitions == std::vector<partition_id>{now.partitions.front().id});
}

TEST_CASE("a hostile stream neither crashes nor stalls it") {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    constexpr double infinity = std::numeric_limits<double>::infinity();
    hazard_predictor one{{.least_confidence = 0}};
    layout now{{1}, {{{1, {1}}, "p", key_range::all()}}};
    one.start(now);
    std::vector<prediction> said;
    wall_time time{1'700'000'000'000'000};
    for (const double horizon : {nan, infinity, -infinity, -1.0, 0.0, 1e300, 1e-300, 60.0}) {
        one.forecast(time, horizon, said);
        one.forecast(after_seconds(time, -1e6), horizon, said);
        one.forecast(after_seconds(time, 1e8), horizon, said);
    }
    // More is erased than there ever was: sizes stay at 0.
    log_batch batch;
    batch.upto = {2};
    batch.commits.push_back({{2}, time, 0, 1001});
    for (std::uint32_t i = 0; i < 1000; ++i) batch.changes.append({change_kind::erase, {}, {{2}, i}, number(i), {}});
    batch.changes.append({change_kind::erase_range, {}, {{2}, 1000}, "", ""});
    one.observe(batch, now);
    // A million partitions appear at once, out of order, and go again.
    lineage_event event{{{3}, 0}, time, lineage_kind::split, now.partitions, {}, {}};
    for (std::uint64_t i = 0; i < 1'000'000; ++i)
        event.to.push_back(
            {{i + 10, {3}}, "p", {i == 0 ? key{} : number(i * 7919 % 1'000'000), number(i * 7919 % 1'000'000 + 1)}});
    one.learn(event);
    said.clear();
    one.forecast(after_seconds(time, 5), 60, said);
    CHECK(said.size() <= 3 * hazard_predictor::options{}.most_examined);
    for (const prediction& p : said) {
        CHECK((p.confidence >= 0 && p.confidence < 1));
        CHECK((p.when.p10 >= 0 && p.when.p10 <= p.when.p90 && std::isfinite(p.when.p90)));
    }
    // All of them go at once.
    one.start(layout{{4}, {{{5, {4}}, "p", key_range::all()}}});
    said.clear();
    one.forecast(after_seconds(time, 10), 60, said);
    CHECK(said.size() == 1);
    hazard_predictor other;
    other.load(one.save());
}

TEST_CASE("tables that are new while the clock stands still are spoken of") {
    hazard_predictor one{{.split_at_rows = 100, .least_confidence = 0}};
    layout now{{1}, {{{1, {1}}, "p", {number(0), number(1)}, content::data, false, 50}}};
    one.start(now);
    const wall_time time{1'700'000'000'000'000};
    std::vector<prediction> said;
    one.forecast(time, 60, said);
    for (std::uint64_t n = 2; n < 200; ++n) {
        // They do not touch, so each is a table of its own.
        const partition born{{n, {n}}, "p", {number(2 * n), number(2 * n + 1)}, content::data, false, 50 + n};
        one.learn({{{n}, 0}, time, lineage_kind::create, {}, {born}, {}});
        now.partitions.push_back(born);
        said.clear();
        one.forecast(time, 60, said);
        CHECK(std::count_if(said.begin(), said.end(), [](const prediction& p) {
                  return p.kind == lineage_kind::split;
              }) == static_cast<std::ptrdiff_t>(now.partitions.size()));
        for (const prediction& p : said) CHECK((p.confidence >= 0 && p.confidence < 1));
    }
}

TEST_CASE("a clock that was far ahead for once does not stop the learning") {
    table<hazard_predictor> t{400, 41};
    t.one = hazard_predictor{{.split_at_rows = 400, .least_confidence = 0}};
    t.start();
    for (int s = 0; s < 100; ++s) {
        t.second(10);
        (void)t.forecast(20);
    }
    std::vector<prediction> said;
    t.one.forecast(after_seconds(t.time(), 1e9), 20, said);
    for (int s = 0; s < 100; ++s) {
        t.second(10);
        (void)t.forecast(20);
    }
    const auto after = t.forecast(20);
    REQUIRE_FALSE(after.empty());
    double growth = 0;
    for (const auto& [id, p] : after) growth += number_of(p, "growth");
    CHECK(growth == Approx(10).epsilon(0.5));
}
