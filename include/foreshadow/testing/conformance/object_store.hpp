// SPDX-License-Identifier: BSL-1.0
//
// Whether an object store keeps its contract. Everything durable hangs on this one role, and above all on
// create-if-absent: leases, publishing and "never over what is there" are built on it alone.
// What cannot be seen from inside of one process is not checked: that what `put` returned for survives a power cut.
#pragma once

#include "foreshadow/store/object_store.hpp"
#include "foreshadow/testing/conformance/report.hpp"
#include "foreshadow/testing/conformance/running.hpp"
#include "foreshadow/testing/random.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::testing {

struct object_store_rules {
    static constexpr rule keeps_bytes{"keeps bytes", "get returns the bytes that put was given, whatever they are"};
    static constexpr rule ranges{"ranges", "get returns the stretch asked for, as far as the object reaches"};
    static constexpr rule absent{"absent", "get of what is not there throws not_found"};
    static constexpr rule creates{"creates only",
                                  "put of a name that is there throws already_exists and changes nothing"};
    static constexpr rule one_wins{"one wins", "of puts of one name at once exactly one succeeds, with its bytes"};
    static constexpr rule whole{"whole or absent", "a put that was cancelled leaves the whole object or none"};
    static constexpr rule lists{"lists", "list tells every object below a prefix, with its size, in order of names"};
    static constexpr rule lists_many{"lists many", "list tells all objects, however many there are"};
    static constexpr rule removes{"removes",
                                  "remove makes exactly its object go, and is content when it is gone already"};
    static constexpr rule names{"names",
                                "names are words of [A-Za-z0-9._-] with slashes between them, and are kept apart"};
    static constexpr rule copies{"copies", "a copy of a store speaks of the same objects"};
};

struct object_store_effort {
    std::size_t many = 1'100;             ///< objects for `lists many`; stores in a network answer in pages of 1,000
    std::size_t largest = 5'000'001;      ///< bytes of the largest object
    std::string prefix = "conformance/";  ///< of every name that the kit uses; what is there besides stays untouched
};

namespace detail {

template <class Store>
class object_store_kit {
  public:
    object_store_kit(Store& store, const object_store_effort& effort, report& out)
        : store_{store}, effort_{effort}, out_{out} {}

    task<> run() {
        co_await keep_bytes();
        co_await keep_names_apart();
        co_await create_only();
        co_await race();
        co_await cancel_puts();
        co_await remove_objects();
        co_await speak_of_the_same();
        co_await list_many();
        for (const auto& [name, bytes] : there_) co_await store_.remove(name);
    }

  private:
    using rules = object_store_rules;

    task<> keep_bytes() {
        seeded_random random{1};
        std::vector<std::size_t> sizes{0, 1, 2, 255, 256, 4095, 4096, 4097, 65'537, 1'048'576, effort_.largest};
        for (const std::size_t size : sizes) {
            std::string bytes(size, '\0');
            for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(size < 70'000 ? i : random());
            const std::string name = effort_.prefix + "sizes/" + std::to_string(size);
            co_await put(name, bytes);
            co_await expect(name);
            co_await expect_list(effort_.prefix + "sizes/");
            const std::uint64_t end = size;
            const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
            const std::vector<byte_range> stretches{{0, 0},
                                                    {0, 1},
                                                    {0, end},
                                                    {0, end + 1},
                                                    {end / 2, 1},
                                                    {end / 3, 7},
                                                    {end / 2, most},
                                                    {end, 0},
                                                    {end, 1},
                                                    {end, most},
                                                    {end + 1, 1},
                                                    {end + 1000, most},
                                                    {most, 1},
                                                    {most, most},
                                                    {end == 0 ? 0 : end - 1, 5},
                                                    {1, 2},
                                                    {end / 4, end / 2}};
            for (const byte_range& stretch : stretches) co_await expect_range(name, stretch);
        }
    }

    task<> keep_names_apart() {
        const std::vector<std::string> odd{"a",
                                           "A",
                                           "b",
                                           "b.c",
                                           "b-c",
                                           "b_c",
                                           "bc",
                                           "b0/c",
                                           "x/y/z/1",
                                           "x/y/z.1",
                                           "x/y-z",
                                           "1.tmp",
                                           "x.10",
                                           "x.1",
                                           "x.1.lock",
                                           "0",
                                           std::string(120, 'n'),
                                           "d/" + std::string(100, 'm') + "/e"};
        for (const std::string& name : odd) co_await put(effort_.prefix + "names/" + name, "is " + name);
        for (const std::string& name : odd) co_await expect(effort_.prefix + "names/" + name);
        for (const char* prefix : {"", "a", "b", "b.", "b/", "b0", "x/", "x/y", "x/y/", "x.1", "x.1.", "d/m", "e", "n"})
            co_await expect_list(effort_.prefix + "names/" + prefix);
        co_await expect_list(effort_.prefix + "nothing/here");
        co_await expect_list(effort_.prefix.substr(0, 3));
    }

    task<> create_only() {
        const std::string name = effort_.prefix + "taken";
        for (const char* first : {"first", ""}) {
            co_await put(name, first);
            for (const char* second : {"second", "first", ""}) {
                auto call = store_.put(name, second);
                const attempt<> made = co_await attempt_to(std::move(call));
                out_.check(rules::creates, made.failed_with(errc::already_exists),
                           [&] { return "a second put of " + name + ": " + made.text(); });
                attempt<std::string> got = co_await get(name);
                out_.check(rules::creates, got.value == first,
                           [&] { return name + " had other bytes after a second put"; });
            }
            co_await store_.remove(name);
            there_.erase(name);
        }
    }

    task<> race() {
        for (int round = 0; round < 20; ++round) {
            const std::string name = effort_.prefix + "raced/" + std::to_string(round);
            constexpr std::size_t writers = 6;
            std::vector<std::string> bytes;
            std::vector<attempt<>> made(writers);
            std::vector<task<>> all;
            for (std::size_t i = 0; i < writers; ++i) bytes.push_back(std::string(1 + 9'000 * (i % 2), char('0' + i)));
            for (std::size_t i = 0; i < writers; ++i) all.push_back(attempt_into(store_.put(name, bytes[i]), &made[i]));
            co_await all_of(std::move(all));
            std::size_t won = 0;
            std::size_t winner = 0;
            bool told = true;
            for (std::size_t i = 0; i < writers; ++i) {
                if (made[i].returned()) ++won, winner = i;
                told = told && (made[i].returned() || made[i].failed_with(errc::already_exists));
            }
            out_.check(rules::one_wins, won == 1 && told, [&] {
                return std::to_string(won) + " of " + std::to_string(writers) + " puts of " + name + " succeeded";
            });
            attempt<std::string> got = co_await get(name);
            out_.check(rules::one_wins, won != 1 || got.value == bytes[winner],
                       [&] { return name + " has not the bytes of the put that succeeded"; });
            if (got.returned()) there_[name] = *got.value;
        }
        co_await expect_list(effort_.prefix + "raced/");
    }

    task<> cancel_puts() {
        const std::string bytes(70'000, 'c');
        for (std::size_t turns = 0; turns < 12; ++turns) {
            const std::string name = effort_.prefix + "cancelled/" + std::to_string(turns);
            auto call = store_.put(name, bytes);
            const attempt<> made = co_await cancel_after(std::move(call), turns);
            attempt<std::string> got = co_await get(name);
            const bool is_there = got.value == bytes;
            out_.check(rules::whole, is_there || (!made.returned() && got.failed_with(errc::not_found)), [&] {
                return name + ", cancelled after " + std::to_string(turns) + " turns: " + made.text() +
                       "; then get: " + got.text();
            });
            if (is_there) there_[name] = bytes;
        }
        co_await expect_list(effort_.prefix + "cancelled/");
    }

    task<> remove_objects() {
        const std::string base = effort_.prefix + "removed/";
        for (const char* name : {"a.1", "a.10", "b/1", "b/2"}) co_await put(base + name, name);
        for (const char* name : {"a.1", "b/1", "b/2"})
            for (int again = 0; again < 2; ++again) {
                auto call = store_.remove(base + name);
                const attempt<> made = co_await attempt_to(std::move(call));
                there_.erase(base + name);
                out_.check(rules::removes, made.returned(), [&] {
                    return std::string{again != 0 ? "a second remove of " : "remove of "} + name + ": " + made.text();
                });
                attempt<std::string> got = co_await get(base + name);
                out_.check(rules::removes, got.failed_with(errc::not_found),
                           [&] { return std::string{"get of "} + name + " after its remove: " + got.text(); });
                co_await expect_list(base);
            }
        co_await expect(base + "a.10");
        co_await put(base + "a.1", "again");
        co_await expect(base + "a.1");
        // A name that is only the beginning of others, and one that goes on where an object's name ends, too.
        for (const char* name : {"never/was", "names/x/y", "names/b.c/d"}) {
            attempt<std::string> never = co_await get(effort_.prefix + name);
            out_.check(rules::absent, never.failed_with(errc::not_found),
                       [&] { return std::string{"get of "} + name + ": " + never.text(); });
            auto removal = store_.remove(effort_.prefix + name);
            const attempt<> made = co_await attempt_to(std::move(removal));
            out_.check(rules::removes, made.returned(),
                       [&] { return std::string{"remove of "} + name + ", which is not there: " + made.text(); });
        }
        auto call = store_.get(effort_.prefix + "never/was", byte_range{5, 3});
        const attempt<std::string> never = co_await attempt_to(std::move(call));
        out_.check(rules::absent, never.failed_with(errc::not_found), [&] { return "of a range: " + never.text(); });
    }

    task<> speak_of_the_same() {
        if constexpr (std::is_copy_constructible_v<Store>) {
            Store copy = store_;
            const std::string name = effort_.prefix + "copied";
            auto call = copy.put(name, "by a copy");
            const attempt<> made = co_await attempt_to(std::move(call));
            there_[name] = "by a copy";
            attempt<std::string> got = co_await get(name);
            out_.check(rules::copies, made.returned() && got.value == "by a copy",
                       [&] { return "the store does not know what was put by its copy: " + got.text(); });
        }
    }

    task<> list_many() {
        const std::string base = effort_.prefix + "many/";
        for (std::size_t i = 0; i < effort_.many; ++i) {
            const std::string name = base + std::to_string(i % 3) + "/" + std::to_string(i * 7919 % 100'003);
            co_await put(name, "x");
        }
        const std::size_t found = co_await expect_list(base);
        out_.check(rules::lists_many, found == effort_.many, [&] {
            return std::to_string(found) + " of " + std::to_string(effort_.many) + " objects were listed";
        });
    }

    /// Puts what must succeed; the bytes given are gone when the put has returned.
    task<> put(std::string name, std::string bytes) {
        std::string given = bytes;
        auto call = store_.put(name, given);
        const attempt<> made = co_await attempt_to(std::move(call));
        std::fill(given.begin(), given.end(), '#');
        there_[name] = std::move(bytes);
        const rule& which = name.starts_with(effort_.prefix + "names/") ? rules::names : rules::keeps_bytes;
        out_.check(which, made.returned(), [&] { return "put of " + name + ": " + made.text(); });
    }
    task<attempt<std::string>> get(std::string name) {
        auto call = store_.get(std::move(name), byte_range{});
        co_return co_await attempt_to(std::move(call));
    }
    task<> expect(std::string name) {
        const attempt<std::string> got = co_await get(name);
        const rule& which = name.starts_with(effort_.prefix + "names/") ? rules::names : rules::keeps_bytes;
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
    /// Compares the list below a prefix with what is there; returns how many were listed.
    task<std::size_t> expect_list(std::string prefix) {
        auto call = store_.list(prefix);
        const attempt<std::vector<object_info>> made = co_await attempt_to(std::move(call));
        const rule& which = rules::lists;
        if (!out_.check(which, made.returned(), [&] { return "list of " + prefix + ": " + made.text(); })) co_return 0;
        std::vector<object_info> listed = *made.value;
        const bool in_order = std::is_sorted(
            listed.begin(), listed.end(), [](const object_info& a, const object_info& b) { return a.name < b.name; });
        out_.check(which, in_order, [&] { return "the list of " + prefix + " is not in order of names"; });
        // What others keep in the store is none of the kit's business.
        std::erase_if(listed, [&](const object_info& o) { return !o.name.starts_with(effort_.prefix); });
        std::map<std::string, std::uint64_t> sizes;
        for (const object_info& o : listed) sizes[o.name] = o.bytes;
        std::size_t expected = 0;
        for (auto at = there_.lower_bound(prefix); at != there_.end() && at->first.starts_with(prefix); ++at) {
            ++expected;
            const auto found = sizes.find(at->first);
            out_.check(which, found != sizes.end(), [&] { return at->first + " is missing below " + prefix; });
            if (found == sizes.end()) continue;
            out_.check(which, found->second == at->second.size(),
                       [&] { return at->first + " is listed with " + std::to_string(found->second) + " bytes"; });
        }
        out_.check(which, listed.size() == expected, [&] {
            return std::to_string(listed.size()) + " objects below " + prefix + ", where " + std::to_string(expected) +
                   " are";
        });
        co_return listed.size();
    }

    Store& store_;
    const object_store_effort& effort_;
    report& out_;
    std::map<std::string, std::string> there_;
};

}  // namespace detail

/// Checks the store that `make()` returns, below a prefix of the kit's own that is empty before and after.
///
/// Example: `const auto report = check_object_store([&] { return my_store{folder}; });`
template <class Make, class Time = real_time>
[[nodiscard]] report check_object_store(Make&& make, object_store_effort effort = {}, Time&& time = {}) {
    report out{"object store"};
    auto&& store = make();
    static_assert(object_store<std::remove_cvref_t<decltype(store)>>);
    detail::object_store_kit<std::remove_cvref_t<decltype(store)>> kit{store, effort, out};
    run_kit(time, kit.run(), out);
    return out;
}

}  // namespace foreshadow::testing
