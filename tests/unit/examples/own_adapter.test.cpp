// SPDX-License-Identifier: BSL-1.0
//
// The adapter of examples/own_adapter against the contracts of its three roles, as its author would test it.
#include "../../../examples/own_adapter/flat_store.hpp"
#include "../../../examples/own_adapter/kv_source.hpp"
#include "../../../examples/own_adapter/kv_target.hpp"

#include "foreshadow/testing/conformance/object_store.hpp"
#include "foreshadow/testing/conformance/source.hpp"
#include "foreshadow/testing/conformance/target.hpp"
#include "temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <optional>
#include <string>

namespace {

namespace ft = foreshadow::testing;
using rows_by_key = std::map<std::string, std::string, std::less<>>;

/// What the kit for sources needs: the source, a way to change the file, and a ledger of what was written to it.
struct kv_bench {
    kv_source source;
    kv_file file;
    rows_by_key written;
    int step = 0;

    foreshadow::task<> change() {
        for (int i = 0; i < 5; ++i, ++step) {
            const std::string key = "key " + std::to_string(step * 37 % 101);
            if (step % 4 == 3) {
                file.erase(key);
                written.erase(key);
            } else {
                file.put(key, "value " + std::to_string(step));
                written[key] = "value " + std::to_string(step);
            }
        }
        co_return;
    }
    foreshadow::task<ft::database_truth> truth() {
        ft::database_truth now;
        now.rows = written;
        now.partitions.emplace_back("everything", foreshadow::key_range::all());
        co_return now;
    }
};

/// What the kit for targets needs: the target, something to restore, and what is there for others to see.
struct kv_place {
    kv_target target;
    std::string path;

    foreshadow::task<ft::target_sample> sample() {
        ft::target_sample some;
        some.shape.partitions.push_back({{1, {0}}, "everything", foreshadow::key_range::all()});
        for (int i = 0; i < 20; ++i) some.rows["key " + std::to_string(i)] = "value";
        co_return some;
    }
    foreshadow::task<std::optional<rows_by_key>> visible() {
        std::optional<rows_by_key> seen;
        if (!std::filesystem::exists(path)) co_return seen;
        const auto commits = kv_file{path}.commits();
        const auto rows = kv_file::rows(commits, commits.size());
        seen.emplace(rows.begin(), rows.end());
        co_return seen;
    }
};

}  // namespace

TEST_CASE("the example's store keeps the contract of an object store") {
    const ft::temporary_folder folder;
    const auto report = ft::check_object_store([&] { return flat_store{(folder / "objects").string()}; }, {.many = 60});
    INFO(report.text());
    CHECK(report.is_kept());
}

TEST_CASE("the example's source keeps the contract of a source") {
    const ft::temporary_folder folder;
    const auto report = ft::check_source([&] {
        const kv_file file = kv_file::create((folder / "data.kv").string());
        return kv_bench{kv_source{file}, file, {}};
    });
    INFO(report.text());
    CHECK(report.is_kept());
}

TEST_CASE("the example's target keeps the contract of a target") {
    const ft::temporary_folder folder;
    int places = 0;
    const auto report = ft::check_target([&] {
        const std::string path = (folder / ("restored" + std::to_string(places++) + ".kv")).string();
        return kv_place{kv_target{path}, path};
    });
    INFO(report.text());
    CHECK(report.is_kept());
}
