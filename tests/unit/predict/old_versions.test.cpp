// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/predict/detail/old_versions.hpp"
#include "foreshadow/predict/detail/accounting.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <utility>
#include <vector>

using namespace foreshadow::detail;

namespace {

struct some_bytes {
    explicit some_bytes(unsigned seed) : random{seed} {}
    double operator()(double least, double most) { return std::uniform_real_distribution<double>{least, most}(random); }
    std::mt19937 random;
};

}  // namespace

TEST_CASE("An engine that keeps old versions is told from one that replaces them, though both stay as large") {
    some_bytes bytes{37};
    accounting keeping;
    accounting replacing;
    for (int i = 0; i < 2000; ++i) {
        const double updated = bytes(100, 1100);
        const double erased = i % 5 == 0 ? 300 : 0;
        // Nine ticks of ten as much vanishes as was written, once the first versions are old.
        const double vanished = i < 100 || i % 10 == 0 ? 0 : bytes(100, 1100);
        keeping.learn(updated, erased, updated - vanished);
        replacing.learn(updated, erased, bytes(-30, 30) - erased);
    }
    CHECK(keeping.of_update() > 0.95);
    CHECK(keeping.of_erasure() < 0.05);
    CHECK(keeping.kept(100, 50) == Approx(150).epsilon(0.05));
    CHECK(replacing.of_update() < 0.05);
    CHECK(replacing.of_erasure() > 0.95);
    keeping.learn(std::nan(""), 1, 1);
    keeping.learn(1e300, 1e300, -1e300);
    CHECK(std::isfinite(keeping.of_update()));
}

TEST_CASE("How long old versions live is learnt from sizes that fall, and says what vanishes next") {
    some_bytes bytes{41};
    old_versions versions;
    lifetimes lived;
    constexpr double life = 30;
    std::vector<old_versions::list> lists(40, old_versions::none);
    std::vector<std::vector<std::pair<double, double>>> truth(lists.size());
    double worst = 0;
    for (int tick = 1; tick <= 400; ++tick) {
        lived.refresh();
        for (std::size_t b = 0; b < lists.size(); ++b) {
            double gone = 0;
            std::erase_if(truth[b], [&](const auto& v) {
                if (v.first + life > tick) return false;
                gone += v.second;
                return true;
            });
            versions.gone(lists[b], tick, gone, lived);
            if (bytes(0, static_cast<double>(b) + 1) < 1) {
                const double written = bytes(100, 1100);
                truth[b].emplace_back(tick, written);
                versions.add(lists[b], tick, written * bytes(0.9, 1.1));  // not known exactly
            }
            double due = 0;
            double held = 0;
            for (const auto& [at, written] : truth[b]) {
                held += written;
                if (at + life <= tick + 5) due += written;
            }
            const old_versions::outlook seen = versions.ahead(lists[b], tick, 5, lived);
            if (tick > 250)
                worst = std::max(
                    {worst, std::abs(seen.due - due) / (due + 200), std::abs(seen.held - held) / (held + 200)});
        }
    }
    CHECK(lived.longer(28) > 0.97);
    CHECK(lived.longer(32) < 0.03);
    CHECK(worst < 0.35);
    for (old_versions::list& each : lists) versions.clear(each);
    CHECK(versions.size() == 0);
}

TEST_CASE("A list of old versions stays short, and what went unnoticed is forgotten") {
    old_versions versions;
    lifetimes lived;
    old_versions::list one = old_versions::none;
    for (int i = 0; i < 100'000; ++i) versions.add(one, i, 1);
    CHECK(versions.size() < 1000);
    CHECK(versions.ahead(one, 100'000, 1, lived).held == Approx(100'000));
    CHECK(versions.ahead(one, 100'000, 1, lived).due == 0);  // nothing is known of their lives
    for (int i = 0; i < 20; ++i) lived.add(10);
    lived.refresh();
    versions.forget_overdue(one, 200'000, lived);
    CHECK(one == old_versions::none);
    CHECK(versions.size() == 0);
    versions.gone(one, 1, 100, lived);
    CHECK(versions.take_all(one).empty());
}
