// SPDX-License-Identifier: BSL-1.0
//
// Whether an object store keeps its contract. Everything durable hangs on this one role, and above all on
// create-if-absent: leases, publishing and "never over what is there" are built on it alone.
// What cannot be seen from inside of one process is not checked: that what `put` returned for survives a power cut.
#pragma once

#include "foreshadow/store/object_store.hpp"
#include "foreshadow/testing/conformance/detail/object_notes.hpp"
#include "foreshadow/testing/conformance/object_store_rules.hpp"
#include "foreshadow/testing/conformance/report.hpp"
#include "foreshadow/testing/conformance/running.hpp"
#include "foreshadow/testing/random.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::testing {

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
        : store_{store}, effort_{effort}, out_{out}, notes_{store, effort.prefix, out} {}

    task<> run() {
        co_await keep_bytes();
        co_await keep_names_apart();
        co_await create_only();
        co_await race();
        co_await cancel_puts();
        co_await remove_objects();
        co_await speak_of_the_same();
        co_await list_many();
        for (const auto& [name, bytes] : notes_.there()) co_await store_.remove(name);
    }

  private:
    using rules = object_store_rules;

    task<> keep_bytes() {
        seeded_random random{1};
        const std::string sizes_below = effort_.prefix + "sizes/";
        std::vector<std::size_t> sizes{0, 1, 2, 255, 256, 4095, 4096, 4097, 65'537, 1'048'576, effort_.largest};
        for (const std::size_t size : sizes) {
            std::string bytes(size, '\0');
            for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(size < 70'000 ? i : random());
            const std::string name = sizes_below + std::to_string(size);
            co_await notes_.put(name, bytes);
            co_await notes_.expect(name);
            co_await notes_.expect_list(sizes_below);
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
            for (const byte_range& stretch : stretches) co_await notes_.expect_range(name, stretch);
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
        const std::string base = effort_.prefix + "names/";
        for (const std::string& word : odd) {
            const std::string name = base + word;
            const std::string bytes = "is " + word;
            co_await notes_.put(name, bytes);
        }
        for (const std::string& word : odd) {
            const std::string name = base + word;
            co_await notes_.expect(name);
        }
        for (const char* prefix :
             {"", "a", "b", "b.", "b/", "b0", "x/", "x/y", "x/y/", "x.1", "x.1.", "d/m", "e", "n"}) {
            const std::string below = base + prefix;
            co_await notes_.expect_list(below);
        }
        const std::string nothing = effort_.prefix + "nothing/here";
        co_await notes_.expect_list(nothing);
        const std::string half_a_word = effort_.prefix.substr(0, 3);
        co_await notes_.expect_list(half_a_word);
    }

    task<> create_only() {
        const std::string name = effort_.prefix + "taken";
        const std::vector<std::string> firsts{"first", ""};
        const std::vector<std::string> seconds{"second", "first", ""};
        for (const std::string& first : firsts) {
            co_await notes_.put(name, first);
            for (const std::string& second : seconds) {
                auto call = store_.put(name, second);
                const attempt<> made = co_await attempt_to(std::move(call));
                out_.check(rules::creates, made.failed_with(errc::already_exists),
                           [&] { return "a second put of " + name + ": " + made.text(); });
                attempt<std::string> got = co_await notes_.get(name);
                out_.check(rules::creates, got.value == first,
                           [&] { return name + " had other bytes after a second put"; });
            }
            co_await store_.remove(name);
            notes_.there().erase(name);
        }
    }

    task<> race() {
        const std::string base = effort_.prefix + "raced/";
        for (int round = 0; round < 20; ++round) {
            const std::string name = base + std::to_string(round);
            constexpr std::size_t writers = 6;
            std::vector<std::string> bytes;
            std::vector<attempt<>> made(writers);
            std::vector<task<>> all;
            for (std::size_t i = 0; i < writers; ++i) bytes.emplace_back(1 + 9'000 * (i % 2), char('0' + i));
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
            attempt<std::string> got = co_await notes_.get(name);
            out_.check(rules::one_wins, won != 1 || got.value == bytes[winner],
                       [&] { return name + " has not the bytes of the put that succeeded"; });
            if (got.returned()) notes_.there()[name] = *got.value;
        }
        co_await notes_.expect_list(base);
    }

    task<> cancel_puts() {
        const std::string bytes(70'000, 'c');
        const std::string base = effort_.prefix + "cancelled/";
        for (std::size_t turns = 0; turns < 12; ++turns) {
            const std::string name = base + std::to_string(turns);
            auto call = store_.put(name, bytes);
            const attempt<> made = co_await cancel_after(std::move(call), turns);
            attempt<std::string> got = co_await notes_.get(name);
            const bool is_there = got.value == bytes;
            out_.check(rules::whole, is_there || (!made.returned() && got.failed_with(errc::not_found)), [&] {
                return name + ", cancelled after " + std::to_string(turns) + " turns: " + made.text() +
                       "; then get: " + got.text();
            });
            if (is_there) notes_.there()[name] = bytes;
        }
        co_await notes_.expect_list(base);
    }

    task<> remove_objects() {
        const std::string base = effort_.prefix + "removed/";
        for (const char* word : {"a.1", "a.10", "b/1", "b/2"}) {
            const std::string name = base + word;
            co_await notes_.put(name, name);
        }
        for (const char* word : {"a.1", "b/1", "b/2"})
            for (int again = 0; again < 2; ++again) {
                const std::string name = base + word;
                auto call = store_.remove(name);
                const attempt<> made = co_await attempt_to(std::move(call));
                notes_.there().erase(name);
                out_.check(rules::removes, made.returned(), [&] {
                    return (again != 0 ? "a second remove of " : "remove of ") + name + ": " + made.text();
                });
                attempt<std::string> got = co_await notes_.get(name);
                out_.check(rules::removes, got.failed_with(errc::not_found),
                           [&] { return "get of " + name + " after its remove: " + got.text(); });
                co_await notes_.expect_list(base);
            }
        const std::string longer = base + "a.10";
        const std::string removed = base + "a.1";
        const std::string again = "again";
        co_await notes_.expect(longer);
        co_await notes_.put(removed, again);
        co_await notes_.expect(removed);
        // A name that is only the beginning of others, and one that goes on where an object's name ends, too.
        for (const char* word : {"never/was", "names/x/y", "names/b.c/d"}) {
            const std::string name = effort_.prefix + word;
            attempt<std::string> never = co_await notes_.get(name);
            out_.check(rules::absent, never.failed_with(errc::not_found),
                       [&] { return "get of " + name + ": " + never.text(); });
            auto removal = store_.remove(name);
            const attempt<> made = co_await attempt_to(std::move(removal));
            out_.check(rules::removes, made.returned(),
                       [&] { return "remove of " + name + ", which is not there: " + made.text(); });
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
            notes_.there()[name] = "by a copy";
            attempt<std::string> got = co_await notes_.get(name);
            out_.check(rules::copies, made.returned() && got.value == "by a copy",
                       [&] { return "the store does not know what was put by its copy: " + got.text(); });
        }
    }

    task<> list_many() {
        const std::string base = effort_.prefix + "many/";
        const std::string bytes = "x";
        for (std::size_t i = 0; i < effort_.many; ++i) {
            const std::string name = base + std::to_string(i % 3) + "/" + std::to_string(i * 7919 % 100'003);
            co_await notes_.put(name, bytes);
        }
        const std::size_t found = co_await notes_.expect_list(base);
        out_.check(rules::lists_many, found == effort_.many, [&] {
            return std::to_string(found) + " of " + std::to_string(effort_.many) + " objects were listed";
        });
    }

    Store& store_;
    const object_store_effort& effort_;
    report& out_;
    object_notes<Store> notes_;
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
