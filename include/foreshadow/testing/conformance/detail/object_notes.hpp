// SPDX-License-Identifier: BSL-1.0
//
// A store under test, and beside it what has to be in it: whatever is put through here is looked for later.
#pragma once

#include "foreshadow/store/object_store.hpp"
#include "foreshadow/testing/conformance/attempt.hpp"
#include "foreshadow/testing/conformance/object_store_rules.hpp"
#include "foreshadow/testing/conformance/report.hpp"
#include "foreshadow/testing/conformance/running.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::testing::detail {

template <class Store>
class object_notes {
  public:
    /// `prefix`: of every name that is of interest.
    object_notes(Store& store, std::string prefix, report& out)
        : store_{store}, prefix_{std::move(prefix)}, out_{out} {}

    /// What has to be there, by name.
    [[nodiscard]] std::map<std::string, std::string>& there() noexcept { return there_; }

    /// Puts what must succeed; the bytes given are gone when the put has returned.
    task<> put(std::string name, std::string bytes) {
        std::string given = bytes;
        auto call = store_.put(name, given);
        const attempt<> made = co_await attempt_to(std::move(call));
        std::fill(given.begin(), given.end(), '#');
        there_[name] = std::move(bytes);
        const rule& which = name.starts_with(prefix_ + "names/") ? rules::names : rules::keeps_bytes;
        out_.check(which, made.returned(), [&] { return "put of " + name + ": " + made.text(); });
    }
    task<attempt<std::string>> get(std::string name) {
        auto call = store_.get(std::move(name), byte_range{});
        co_return co_await attempt_to(std::move(call));
    }
    task<> expect(std::string name) {
        const attempt<std::string> got = co_await get(name);
        const rule& which = name.starts_with(prefix_ + "names/") ? rules::names : rules::keeps_bytes;
        out_.check(which, got.value == there_[name], [&] {
            return "get of " + name + ": " +
                   (got.returned() ? std::to_string(got.value->size()) + " bytes that were not put" : got.text());
        });
    }
    task<> expect_range(std::string name, byte_range stretch) {
        const std::string& all = there_[name];
        const std::string asked = stretch.offset < all.size() ? all.substr(static_cast<std::size_t>(stretch.offset),
                                                                           static_cast<std::size_t>(stretch.length))
                                                              : std::string{};
        auto call = store_.get(name, stretch);
        const attempt<std::string> got = co_await attempt_to(std::move(call));
        out_.check(rules::ranges, got.value == asked, [&] {
            return std::to_string(stretch.length) + " bytes from " + std::to_string(stretch.offset) + " of " +
                   std::to_string(all.size()) + ": " +
                   (got.returned() ? std::to_string(got.value->size()) + " bytes" : got.text());
        });
    }
    /// Compares the list of names that begin with `below` with what is there; returns how many were listed.
    task<std::size_t> expect_list(std::string below) {
        auto call = store_.list(below);
        const attempt<std::vector<object_info>> made = co_await attempt_to(std::move(call));
        const rule& which = rules::lists;
        if (!out_.check(which, made.returned(), [&] { return "list of " + below + ": " + made.text(); })) co_return 0;
        std::vector<object_info> listed = *made.value;
        const bool in_order = std::is_sorted(
            listed.begin(), listed.end(), [](const object_info& a, const object_info& b) { return a.name < b.name; });
        out_.check(which, in_order, [&] { return "the list of " + below + " is not in order of names"; });
        // What others keep in the store is none of the kit's business.
        std::erase_if(listed, [&](const object_info& o) { return !o.name.starts_with(prefix_); });
        std::map<std::string, std::uint64_t> sizes;
        for (const object_info& o : listed) sizes[o.name] = o.bytes;
        std::size_t expected = 0;
        for (auto at = there_.lower_bound(below); at != there_.end() && at->first.starts_with(below); ++at) {
            ++expected;
            const auto found = sizes.find(at->first);
            out_.check(which, found != sizes.end(), [&] { return at->first + " is missing below " + below; });
            if (found == sizes.end()) continue;
            out_.check(which, found->second == at->second.size(),
                       [&] { return at->first + " is listed with " + std::to_string(found->second) + " bytes"; });
        }
        out_.check(which, listed.size() == expected, [&] {
            return std::to_string(listed.size()) + " objects below " + below + ", where " + std::to_string(expected) +
                   " are";
        });
        co_return listed.size();
    }

  private:
    using rules = object_store_rules;

    Store& store_;
    std::string prefix_;
    report& out_;
    std::map<std::string, std::string> there_;
};

}  // namespace foreshadow::testing::detail
