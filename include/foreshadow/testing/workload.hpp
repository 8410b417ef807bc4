// SPDX-License-Identifier: BSL-1.0
//
// What the users and the engine of a simulated database do, from one seed: transactions over several partitions, keys
// that move, hot spots that wander, appending, expiring, bulk loads, truncations, drops and re-creations, and a layout
// that follows an engine's rule per table. It looks at nothing but its own seed and the times it is given, so a
// history does not depend on who backs it up.
#pragma once

#include "foreshadow/testing/simulated_engine.hpp"
#include "foreshadow/testing/simulated_tables.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::testing {

struct workload_options {
    std::uint64_t seed = 1;
    std::size_t tables = 0;          ///< 0: two to five, by seed
    std::vector<engine_rule> rules;  ///< of the tables in turn; by seed where there are none
    bool untold_changes = false;     ///< whether contents change behind the log's back
    bool drops = true;               ///< drops and re-creations
    double threshold = 0;            ///< bytes at which a partition splits; by seed where it is 0
};

class workload {
  public:
    explicit workload(workload_options options)
        : options_{std::move(options)},
          random_{options_.seed * 0x2545f4914f6cdd1dULL + 7},
          tables_{random_()},
          engine_{tables_, random_()} {}
    /// A copy goes on as the original does.
    workload(const workload& other)
        : options_{other.options_}, random_{other.random_}, tables_{other.tables_}, engine_{tables_, other.engine_} {}
    workload& operator=(const workload&) = delete;
    ~workload() = default;

    /// From now on, what happens is decided by another seed.
    void diverge(std::uint64_t seed) { random_ = seeded_random{seed}; }

    [[nodiscard]] const history& past() const noexcept { return tables_.past(); }
    [[nodiscard]] simulated_tables& tables() noexcept { return tables_; }

    /// The first commits: definitions, then tables, some with rows.
    void found(wall_time now) {
        const std::size_t count = options_.tables != 0 ? options_.tables : random_.between(2, 5);
        tables_.past().change_layout({}, {{.id = {1'000'000, {}},
                                           .name = "definitions",
                                           .interval = {"!", "\""},
                                           .holds = content::definitions,
                                           .born_empty = true}});
        for (std::size_t i = 0; i < count; ++i) {
            simulated_table t;
            t.letter = static_cast<char>('a' + i);
            t.shape = static_cast<write_shape>(random_.below(4));
            t.rule = options_.rules.empty() ? static_cast<engine_rule>(random_.below(engine_rule_count))
                                            : options_.rules[i % options_.rules.size()];
            if (t.rule == engine_rule::calendar) t.shape = write_shape::append;
            t.threshold =
                options_.threshold > 0 ? options_.threshold : static_cast<double>(random_.between(1500, 6000));
            t.hot = random_.below(key_count);
            define(t, "new");
            tables_.tables().push_back(std::move(t));
        }
        end_commit(now);
        for (simulated_table& t : tables_.tables()) {
            if (t.rule == engine_rule::calendar) {
                for (int i = 0; i < 3; ++i) engine_.begin_day(t);
            } else {
                tables_.create(t, {}, {key{t.letter}, key{static_cast<char>(t.letter + 1)}});
            }
            for (std::size_t rows = random_.between(10, 60); rows > 0; --rows) insert(t);
            end_commit(now);
        }
    }

    /// One step: a commit of users', or of the engine, or both in one; now and then more than one commit.
    void step(wall_time now) {
        ++tables_.step;
        act();
        const bool in_one_commit = random_.chance(.15);
        if (!in_one_commit) end_commit(now);
        engine_.keep_shape(random_.pick(tables_.tables()));
        end_commit(now);
    }

  private:
    static constexpr std::uint64_t key_count = simulated_engine::key_count;

    void end_commit(wall_time now) {
        if (tables_.past().is_empty_commit()) return;
        const auto jitter = static_cast<std::int64_t>(random_.below(2'000)) - 1'000;
        tables_.past().commit({now.microseconds + jitter}, random_.chance(.3) ? random_.between(2, 50) : 1);
    }

    void act() {
        simulated_table& t = random_.pick(tables_.tables());
        const double u = random_.unit();
        if (u < .80) return transact(t);
        if (u < .86) return load(t);
        if (u < .90) return expire(t);
        if (u < .92) return truncate(t);
        if (u < .95) return change_definitions();
        if (u < .98 && options_.drops) return drop_or_create(t);
        if (options_.untold_changes) return replace(t);
        transact(t);
    }

    void transact(simulated_table& first) {
        for (std::size_t n = random_.between(1, 6); n > 0; --n) {
            simulated_table& t = random_.chance(.7) ? first : random_.pick(tables_.tables());
            const double u = random_.unit();
            if (u < .45) {
                insert(t);
                continue;
            }
            const key k = some_row(t);
            if (k.empty()) continue;
            if (u < .62) {
                write(t, write_hint::updated, [&] { return key{k}; });
            } else if (u < .80) {
                tables_.patch(t, k, tables_.columns(random_));
            } else if (u < .92) {
                tables_.erase(t, k, write_hint::unknown);
            } else {
                move(t, k);
            }
        }
    }

    /// A key-moving update: the row goes on under another key, perhaps in another partition.
    void move(simulated_table& t, const key& from) {
        const std::string value = tables_.past().rows().find(from)->second;
        const key to = new_key(t);
        if (to == from || tables_.owner(t, to) == nullptr) return;
        if (tables_.erase(t, from, hint(write_hint::moved))) tables_.put(t, to, value, hint(write_hint::moved));
    }

    [[nodiscard]] write_hint hint(write_hint known) { return random_.chance(.5) ? known : write_hint::unknown; }

    bool insert(simulated_table& t) {
        return write(t, write_hint::inserted, [&] { return new_key(t); });
    }

    /// The dice are thrown one after the other: a seed is one life, whatever order a compiler evaluates arguments in.
    template <class Where>
    bool write(simulated_table& t, write_hint known, Where where) {
        const write_hint told = hint(known);
        const std::string value = tables_.value(random_);
        return tables_.put(t, where(), value, told);
    }

    [[nodiscard]] key new_key(simulated_table& t) {
        switch (t.shape) {
            case write_shape::uniform:
                return tables_.key_of(t, random_.below(key_count));
            case write_shape::hot_spot:
                if (random_.chance(.01)) t.hot = random_.below(key_count);
                t.hot += random_.below(40);
                return tables_.key_of(t, (t.hot + random_.below(2'000)) % key_count);
            case write_shape::append:
            case write_shape::expiring:
                t.frontier += random_.between(1, 5);
                break;
        }
        return tables_.key_of(t, t.frontier % key_count);
    }

    /// A row that exists, near where writes are; empty where there is none.
    [[nodiscard]] key some_row(simulated_table& t) {
        const bool is_near = t.shape == write_shape::hot_spot && random_.chance(.7);
        const std::uint64_t most =
            t.shape == write_shape::append || t.shape == write_shape::expiring ? t.frontier : key_count;
        const std::uint64_t number = is_near ? (t.hot + random_.below(2'000)) % key_count : random_.below(most + 1);
        const auto row = tables_.past().rows().lower_bound(tables_.key_of(t, number));
        return row != tables_.past().rows().end() && row->first.front() == t.letter ? row->first : key{};
    }

    [[nodiscard]] band* some_band(simulated_table& t) {
        if (t.bands.empty()) return nullptr;
        return &std::next(t.bands.begin(), static_cast<std::ptrdiff_t>(random_.below(t.bands.size())))->second;
    }

    void load(simulated_table& t) {
        for (std::size_t n = random_.between(15, 50); n > 0; --n) insert(t);
    }

    void expire(simulated_table& t) {
        if (t.shape != write_shape::expiring) return transact(t);
        for (std::size_t n = random_.between(5, 25); n > 0; --n) {
            const auto row = tables_.past().rows().lower_bound(tables_.key_of(t, 0));
            if (row == tables_.past().rows().end() || row->first.front() != t.letter) return;
            const key k = row->first;
            tables_.erase(t, k, write_hint::unknown);
        }
    }

    void truncate(simulated_table& t) {
        if (band* b = some_band(t)) tables_.truncate(*b);
    }

    void replace(simulated_table& t) {
        if (band* b = some_band(t)) tables_.replace(*b, content_of(*b, t));
    }

    /// Rows of another making for a band.
    [[nodiscard]] std::vector<std::pair<key, std::string>> content_of(const band& b, simulated_table& t) {
        std::vector<std::pair<key, std::string>> rows;
        for (std::size_t n = random_.below(20); n > 0; --n) {
            key k = random_.chance(.5) ? some_row(t) : new_key(t);
            if (!k.empty() && b.interval.contains(k)) rows.emplace_back(std::move(k), tables_.value(random_));
        }
        return rows;
    }

    void drop_or_create(simulated_table& t) {
        const double u = random_.unit();
        if (!t.vacancies.empty() && (u < .5 || t.bands.size() < 2)) return create(t, take_vacancy(t));
        if (t.bands.size() < 2 && u > .3) return transact(t);
        band* b = some_band(t);
        if (b == nullptr) return;
        vacancy left = tables_.drop(t, key{b->interval.begin});
        if (u < .2) {
            create(t, std::move(left));
        } else {
            t.vacancies.push_back(std::move(left));
        }
    }

    [[nodiscard]] vacancy take_vacancy(simulated_table& t) {
        const auto chosen = t.vacancies.begin() + static_cast<std::ptrdiff_t>(random_.below(t.vacancies.size()));
        vacancy taken = std::move(*chosen);
        t.vacancies.erase(chosen);
        return taken;
    }

    /// Creates again what was dropped: empty, perhaps filled in the same commit, or attached with rows.
    void create(simulated_table& t, vacancy where) {
        const bool is_attached = options_.untold_changes && random_.chance(.3);
        band& b = tables_.create(t, std::move(where.name), std::move(where.interval), !is_attached);
        if (is_attached) return tables_.replace(b, content_of(b, t));
        if (random_.chance(.5))
            for (std::size_t n = random_.below(10); n > 0; --n) insert(t);
    }

    void define(const simulated_table& t, std::string_view what) {
        std::string row;
        append_column("table", row);
        append_column(what, row);
        append_column("1", row);
        tables_.past().put(key{"!"} + t.letter, row);
    }

    void change_definitions() {
        simulated_table& t = random_.pick(tables_.tables());
        const std::string index = std::string{"!"} + t.letter + "-index" + std::to_string(random_.below(3));
        const bool exists = tables_.past().rows().find(index) != tables_.past().rows().end();
        if (exists && random_.chance(.5)) {
            tables_.past().erase(index);
        } else if (random_.chance(.5)) {
            tables_.past().put(index, tables_.value(random_));
        } else {
            tables_.past().patch(key{"!"} + t.letter, tables_.columns(random_));
        }
    }

    workload_options options_;
    seeded_random random_;
    simulated_tables tables_;
    simulated_engine engine_;
};

}  // namespace foreshadow::testing
