// SPDX-License-Identifier: BSL-1.0
//
// A database chosen when the program runs, by the scheme of its URL, from the adapters compiled in. What differs from
// call to call is which adapter answers; the composition is one.
#pragma once

#include "tool.hpp"
#include "without_password.hpp"

#include "foreshadow/orchestrate/back_up_options.hpp"
#include "foreshadow/postgresql/source.hpp"
#include "foreshadow/postgresql/target.hpp"
#include "foreshadow/sqlite/source.hpp"
#include "foreshadow/sqlite/target.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tool {

class any_source {
  public:
    /// What holds for each of them.
    static constexpr foreshadow::source_traits traits{
        .prefix_snapshots = false, .tells_layout = true, .parallel_reads = true};

    template <foreshadow::source S>
    any_source(S chosen) : chosen_{std::move(chosen)} {}  // NOLINT: a choice converts

    foreshadow::task<foreshadow::source_identity> identity() {
        return std::visit([](auto& s) { return s.identity(); }, chosen_);
    }
    foreshadow::task<foreshadow::position> hold(std::optional<foreshadow::position> from) {
        return std::visit([&](auto& s) { return s.hold(from); }, chosen_);
    }
    foreshadow::task<> acknowledge(foreshadow::position upto) {
        return std::visit([&](auto& s) { return s.acknowledge(upto); }, chosen_);
    }
    foreshadow::task<bool> remembers(foreshadow::position acknowledged) {
        return std::visit([&](auto& s) { return s.remembers(acknowledged); }, chosen_);
    }
    foreshadow::task<> release() {
        return std::visit([](auto& s) { return s.release(); }, chosen_);
    }
    /// Releases what a hold left where only `left` was before. What somebody held or set up before stays.
    foreshadow::task<> release_all_but(std::vector<std::string> left) {
        if (left.empty()) co_await release();
        const bool was_held = std::any_of(left.begin(), left.end(),
                                          [](const auto& name) { return name.starts_with("REPLICATION SLOT "); });
        auto* server = std::get_if<foreshadow::postgresql::source>(&chosen_);
        if (server != nullptr && !left.empty() && !was_held) co_await server->release_log();
    }
    foreshadow::task<foreshadow::layout> layout() {
        return std::visit([](auto& s) { return s.layout(); }, chosen_);
    }
    foreshadow::task<std::vector<foreshadow::omission>> omissions() {
        return std::visit([](auto& s) { return s.omissions(); }, chosen_);
    }
    foreshadow::task<std::vector<std::string>> cautions() {
        return std::visit([](auto& s) { return s.cautions(); }, chosen_);
    }
    foreshadow::task<foreshadow::chunk> read(foreshadow::key_range range, foreshadow::read_budget budget,
                                             foreshadow::row_batch& rows) {
        return std::visit([&](auto& s) { return s.read(std::move(range), budget, rows); }, chosen_);
    }
    foreshadow::task<> follow(foreshadow::position after, foreshadow::log_batch& out) {
        return std::visit([&](auto& s) { return s.follow(after, out); }, chosen_);
    }
    foreshadow::task<foreshadow::position> head() {
        return std::visit([](auto& s) { return s.head(); }, chosen_);
    }
    foreshadow::task<foreshadow::strain> strain() {
        return std::visit([](auto& s) { return s.strain(); }, chosen_);
    }
    foreshadow::task<std::vector<std::string>> left_behind() {
        return std::visit([](auto& s) { return s.left_behind(); }, chosen_);
    }

    /// How it is best read: a server works for several sessions at once, and while a chunk is on its way.
    void suit(foreshadow::back_up_options& options) const {
        if (!std::holds_alternative<foreshadow::postgresql::source>(chosen_)) return;
        options.workers = 4;
        options.chunk.rows = 20'000;
    }
    /// What stands in the way of a backup and what mends it, in pairs. Empty where the adapter's hold says so itself.
    /// Errors: those of a database that is not there, or is none.
    foreshadow::task<std::vector<std::pair<std::string, std::string>>> obstacles() {
        std::vector<std::pair<std::string, std::string>> all;
        if (auto* file = std::get_if<foreshadow::sqlite::source>(&chosen_))
            static_cast<void>(co_await file->cautions());
        if (auto* server = std::get_if<foreshadow::postgresql::source>(&chosen_)) {
            const std::vector<foreshadow::postgresql::finding> found = co_await server->preflight();
            for (const foreshadow::postgresql::finding& f : found)
                if (f.how == foreshadow::postgresql::severity::obstacle) all.emplace_back(f.what, f.mend);
        }
        co_return all;
    }
    /// Statements for an administrator. Errors: `wrong_usage` where the database needs none.
    foreshadow::task<std::string> setup() {
        auto* server = std::get_if<foreshadow::postgresql::source>(&chosen_);
        if (server == nullptr)
            throw wrong_usage{"there is nothing to set up in such a database", "leave --setup-sql out"};
        std::string statements = co_await server->setup();
        co_return statements;
    }

  private:
    std::variant<foreshadow::sqlite::source, foreshadow::postgresql::source> chosen_;
};
static_assert(foreshadow::source<any_source>);

class any_target {
  public:
    template <foreshadow::target T>
    any_target(T chosen) : chosen_{std::move(chosen)} {}  // NOLINT: a choice converts

    /// The kind of database that it is, as a source of the same says it.
    [[nodiscard]] std::string_view kind() const {
        return std::holds_alternative<foreshadow::sqlite::target>(chosen_) ? "sqlite" : "postgresql";
    }
    [[nodiscard]] std::size_t max_concurrency() const {
        return std::visit([](const auto& t) { return foreshadow::max_concurrency(t); }, chosen_);
    }
    foreshadow::task<> begin(const foreshadow::layout& shape) {
        return std::visit([&](auto& t) { return t.begin(shape); }, chosen_);
    }
    foreshadow::task<> load(const foreshadow::partition& part, const foreshadow::row_batch& rows) {
        return std::visit([&](auto& t) { return t.load(part, rows); }, chosen_);
    }
    foreshadow::task<> complete(const foreshadow::partition& part) {
        return std::visit([&](auto& t) { return t.complete(part); }, chosen_);
    }
    foreshadow::task<> finish() {
        return std::visit([](auto& t) { return t.finish(); }, chosen_);
    }
    foreshadow::task<std::vector<foreshadow::omission>> omissions() {
        return std::visit([](auto& t) { return t.omissions(); }, chosen_);
    }
    foreshadow::task<> abandon() {
        return std::visit([](auto& t) { return t.abandon(); }, chosen_);
    }

  private:
    std::variant<foreshadow::sqlite::target, foreshadow::postgresql::target> chosen_;
};
static_assert(foreshadow::target<any_target>);

/// How a database of that kind is written.
[[nodiscard]] inline std::string_view url_of_kind(std::string_view kind) {
    return kind == "sqlite" ? "sqlite:PATH" : "postgresql://USER@HOST/DATABASE";
}

/// The database behind a URL. Errors: `wrong_usage` for a scheme that there is no adapter for, naming those that there
/// are.
[[nodiscard]] any_source source_at(const std::string& url);
[[nodiscard]] any_target target_at(const std::string& url);

}  // namespace tool
