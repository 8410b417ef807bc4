// SPDX-License-Identifier: BSL-1.0
//
// Blocks cut by content keep the contract of a partition storage, and storages with one flaw each are found.
#include "foreshadow/testing/conformance/partition_storage.hpp"

#include "foreshadow/error.hpp"
#include "foreshadow/store/content_defined_blocks.hpp"
#include "foreshadow/store/memory_store.hpp"
#include "foreshadow/store/no_codec.hpp"
#include "foreshadow/store/repository.hpp"
#include "run.hpp"

#include <catch2/catch.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace fs = foreshadow;
namespace ft = foreshadow::testing;
using rules = foreshadow::testing::partition_storage_rules;
using stored = std::vector<std::pair<std::string, std::string>>;

enum class flaw { none, drops_equal_keys, includes_the_end, miscounts, keeps_the_batch, knows_every_place, one_writer };

struct shelf {
    flaw what;
    std::map<std::string, stored> all;
    stored shared;
};
struct shelf_writer {
    shelf* on;
    stored rows = {};

    fs::task<> append(const fs::row_batch& batch) {
        stored& into = on->what == flaw::one_writer ? on->shared : rows;
        co_await ft::detail::wait_turns(1);
        for (std::size_t i = 0; i < batch.size(); ++i) {
            if (on->what == flaw::drops_equal_keys && !into.empty() && into.back().first == batch[i].key) continue;
            into.emplace_back(batch[i].key, batch[i].value);
        }
    }
    fs::task<fs::stored_rows> finish() {
        if (on->what == flaw::one_writer) rows = std::exchange(on->shared, {});
        fs::stored_rows made{"shelf " + std::to_string(on->all.size()), rows.size()};
        for (const auto& [k, value] : rows) made.bytes += k.size() + value.size();
        if (on->what == flaw::miscounts) made.bytes = rows.size();
        on->all[made.where] = rows;
        co_return made;
    }
};
struct shelf_cursor {
    shelf* on;
    std::string where;
    fs::key_range range;
    std::size_t next_row = 0;

    fs::task<bool> next(fs::row_batch& rows) {
        if (on->what != flaw::keeps_the_batch) rows.clear();
        if (!on->all.contains(where) && on->what != flaw::knows_every_place)
            throw fs::error{fs::errc::not_found, "nothing is stored at " + where};
        const stored& all = on->all[where];
        const std::size_t before = rows.size();
        for (; next_row < all.size() && rows.size() < 7; ++next_row) {
            const bool is_end = on->what == flaw::includes_the_end && all[next_row].first == range.end;
            if (range.contains(all[next_row].first) || is_end) rows.append(all[next_row].first, all[next_row].second);
        }
        co_return rows.size() > before;
    }
    [[nodiscard]] std::uint64_t stored_bytes() const { return next_row; }
};
struct shelf_storage {
    std::shared_ptr<shelf> on;
    shelf_writer write() { return {on.get()}; }
    shelf_cursor read(std::string where, fs::key_range range) { return {on.get(), std::move(where), std::move(range)}; }
    fs::task<> flush() { co_return; }
};

ft::report checked(flaw what) {
    return ft::check_partition_storage([=] { return shelf_storage{std::make_shared<shelf>(shelf{what, {}, {}})}; });
}

}  // namespace

TEST_CASE("blocks cut by content keep the contract of a partition storage") {
    using repository = fs::repository<fs::memory_store, fs::no_codec>;
    fs::workers pool{0};
    fs::repository_options how;
    how.workers = &pool;
    const auto repo = ft::run(repository::open(fs::memory_store{}, fs::no_codec{}, fs::no_cipher{}, how));
    for (const bool small : {true, false}) {
        fs::content_defined_options options;
        if (small) options.rows = {1 << 8, 1 << 10, 4 << 10};
        fs::content_defined_blocks<repository> blocks{*repo, options};
        const ft::report report = ft::check_partition_storage([&]() -> auto& { return blocks; });
        INFO(report.text());
        CHECK(report.is_kept());
    }
}

TEST_CASE("a storage without a flaw is found without one") {
    const ft::report report = checked(flaw::none);
    INFO(report.text());
    CHECK(report.is_kept());
}

TEST_CASE("each flaw of a partition storage is found under the rule that it breaks") {
    const std::vector<std::pair<flaw, ft::rule>> expected{
        {flaw::drops_equal_keys, rules::keeps},    {flaw::includes_the_end, rules::ranges},
        {flaw::miscounts, rules::counts},          {flaw::keeps_the_batch, rules::keeps},
        {flaw::knows_every_place, rules::refuses}, {flaw::one_writer, rules::keeps},
    };
    for (const auto& [what, broken] : expected) {
        CAPTURE(static_cast<int>(what), broken.name);
        const ft::report report = checked(what);
        INFO(report.text());
        CHECK(report.is_broken(broken));
    }
}
