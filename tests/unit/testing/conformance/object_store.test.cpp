// SPDX-License-Identifier: BSL-1.0
//
// The kit for object stores finds what is wrong with stores that are wrong in one way each.
#include "foreshadow/testing/conformance/object_store.hpp"

#include "foreshadow/store/memory_store.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace fs = foreshadow;
namespace ft = foreshadow::testing;
using rules = foreshadow::testing::object_store_rules;

enum class flaw {
    none,
    loses_a_write,
    stores_in_spite_of_an_error,
    overwrites,
    lists_out_of_order,
    ends_a_page_early,
    takes_lengths_for_ends,
    forgets_what_copies_put,
    throws_beyond_the_end,
    throws_when_it_is_gone,
    takes_prefixes_for_names,
    lists_late
};

/// A store in memory with one flaw.
class flawed_store {
  public:
    explicit flawed_store(flaw what) : what_{what} {}
    flawed_store(const flawed_store& other)
        : what_{other.what_}, objects_{what_ == flaw::forgets_what_copies_put ? fs::memory_store{} : other.objects_} {}
    flawed_store& operator=(const flawed_store&) = delete;

    fs::task<> put(std::string name, std::string_view bytes) {
        const bool is_taken = objects_.objects().contains(name);
        if (what_ == flaw::loses_a_write && ++puts_ % 10 == 0) co_return;
        if (is_taken && (what_ == flaw::overwrites || what_ == flaw::stores_in_spite_of_an_error))
            objects_.objects()[name] = bytes;
        if (is_taken && what_ == flaw::overwrites) co_return;
        last_ = name;
        co_await objects_.put(std::move(name), bytes);
    }
    fs::task<std::string> get(std::string name, fs::byte_range range) {
        if (what_ == flaw::takes_lengths_for_ends && range.length > range.offset) range.length -= range.offset;
        std::string bytes = co_await objects_.get(std::move(name), range);
        if (what_ == flaw::throws_beyond_the_end && bytes.empty() && range.offset > 0)
            throw fs::error{fs::errc::invalid_argument, "beyond the end"};
        co_return bytes;
    }
    fs::task<std::vector<fs::object_info>> list(std::string prefix) {
        std::vector<fs::object_info> found = co_await objects_.list(prefix);
        if (what_ == flaw::lists_out_of_order) std::reverse(found.begin(), found.end());
        if (what_ == flaw::ends_a_page_early && found.size() > 1000) found.resize(1000);
        if (what_ == flaw::takes_prefixes_for_names && !prefix.empty() && prefix.back() != '/')
            std::erase_if(found, [&](const fs::object_info& o) { return o.name[prefix.size()] != '/'; });
        if (what_ == flaw::lists_late) std::erase_if(found, [&](const fs::object_info& o) { return o.name == last_; });
        co_return found;
    }
    fs::task<> remove(std::string name) {
        if (what_ == flaw::throws_when_it_is_gone && !objects_.objects().contains(name))
            throw fs::error{fs::errc::not_found, "gone already"};
        co_await objects_.remove(std::move(name));
    }

  private:
    flaw what_;
    fs::memory_store objects_;
    std::string last_;
    std::size_t puts_ = 0;
};

ft::report checked(flaw what) {
    return ft::check_object_store([=] { return flawed_store{what}; });
}

}  // namespace

TEST_CASE("a store without a flaw is found without one") {
    const ft::report report = checked(flaw::none);
    INFO(report.text());
    CHECK(report.is_kept());
    for (const ft::rule& each :
         {rules::keeps_bytes, rules::ranges, rules::absent, rules::creates, rules::one_wins, rules::whole, rules::lists,
          rules::lists_many, rules::removes, rules::names, rules::copies})
        CHECK(report.was_checked(each));
}

TEST_CASE("each flaw of a store is found under the rule that it breaks") {
    const std::vector<std::pair<flaw, ft::rule>> expected{
        {flaw::loses_a_write, rules::keeps_bytes},
        {flaw::stores_in_spite_of_an_error, rules::creates},
        {flaw::overwrites, rules::creates},
        {flaw::overwrites, rules::one_wins},
        {flaw::lists_out_of_order, rules::lists},
        {flaw::ends_a_page_early, rules::lists_many},
        {flaw::takes_lengths_for_ends, rules::ranges},
        {flaw::forgets_what_copies_put, rules::copies},
        {flaw::throws_beyond_the_end, rules::ranges},
        {flaw::throws_when_it_is_gone, rules::removes},
        {flaw::takes_prefixes_for_names, rules::lists},
        {flaw::lists_late, rules::lists},
    };
    for (const auto& [what, broken] : expected) {
        const ft::report report = checked(what);
        CAPTURE(static_cast<int>(what), broken.name);
        INFO(report.text());
        CHECK_FALSE(report.is_kept());
        CHECK(report.is_broken(broken));
    }
}
