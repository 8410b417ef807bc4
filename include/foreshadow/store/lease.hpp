// SPDX-License-Identifier: BSL-1.0
//
// Two backups of one source exclude each other. Whoever backs up holds `sources/<source>/leases/<fence>-<n>`: taking
// over writes the next fence, renewing the next n, and both are created if absent, so of two that try one succeeds.
// The highest fence holds the lease. A holder that was taken over finds a higher fence and stops before it publishes.
//
// A lease ends when it is given back, when its time is over, or at once when its process is known to be dead: same
// host, same boot, and no process of that id and start time. Wall clocks decide only when a silent holder may be taken
// over, never who holds: with clocks that disagree, a holder is displaced early, and notices. The last record stays
// behind, marked as given back, so that a fence is never used twice.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/json.hpp"
#include "foreshadow/plane/position.hpp"
#include "foreshadow/run/clock.hpp"
#include "foreshadow/store/detail/open_repository.hpp"
#include "foreshadow/store/envelope.hpp"
#include "foreshadow/store/lease_owner.hpp"

#include <boost/describe/class.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace foreshadow {

namespace detail {

/// What stands in a lease's object; its fence and number are in its name.
struct lease_text {
    std::string boot;
    std::int64_t expires = 0;  ///< microseconds since 1970
    bool given_back = false;
    std::string host;
    std::uint64_t process = 0;
    std::uint64_t started = 0;
};
BOOST_DESCRIBE_STRUCT(lease_text, (), (boot, expires, given_back, host, process, started))

}  // namespace detail

struct lease_record {
    std::uint64_t fence = 0;
    std::uint64_t number = 0;
    lease_owner owner;
    wall_time expires;
    bool given_back = false;

    [[nodiscard]] std::string text() const {
        return document_of(detail::lease_text{.boot = owner.boot,
                                              .expires = expires.microseconds,
                                              .given_back = given_back,
                                              .host = owner.host,
                                              .process = owner.process,
                                              .started = owner.started});
    }
    /// Errors: corrupt, with the fact `object`.
    [[nodiscard]] static lease_record parse(std::string_view text, const std::string& object) {
        auto read = parse_document<detail::lease_text>(text, object);
        return {.fence = 0,
                .number = 0,
                .owner = {std::move(read.host), std::move(read.boot), read.process, read.started},
                .expires = {read.expires},
                .given_back = read.given_back};
    }
};

template <class Repository, clock Clock>
class lease {
  public:
    static constexpr double seconds_to_live = 60;
    /// Whether a process is known to be dead; injected by the simulation.
    using death_test = std::function<bool(const lease_owner&)>;

    /// Takes the lease of a source, or throws busy, which names the owner. Repository and clock outlive the lease.
    static task<lease> take(Repository& repository, std::string source_id, Clock& time, lease_owner owner,
                            death_test is_dead = is_known_dead) {
        lease mine{repository, "sources/" + source_id + "/leases/", time, std::move(owner)};
        for (int attempt = 0; attempt < 16; ++attempt) {
            const auto held = co_await latest(repository, mine.prefix_);
            if (held && !held->given_back && !is_dead(held->owner) && time.now() < held->expires) {
                const double left = seconds_between(time.now(), held->expires);
                throw error{errc::busy, "source " + source_id + " is being backed up by " + held->owner.line(),
                            "wait for it to end; a process that is gone is taken over in " +
                                std::to_string(static_cast<int>(left) + 1) + " seconds",
                            retry::later};
            }
            mine.fence_ = held ? held->fence + 1 : 1;
            mine.number_ = 0;
            const bool created = co_await mine.write(standing::held);
            if (!created) continue;  // somebody else was faster: see who
            // Faster still, and renewed since, so that the name was free again: theirs is there beside it.
            const bool first = co_await mine.is_latest();
            if (!first) {
                co_await repository.remove(mine.name());
                continue;
            }
            co_await mine.clear();
            co_return mine;
        }
        throw error{errc::busy, "source " + source_id + " is taken and given back without end", {}, retry::later};
    }

    [[nodiscard]] std::uint64_t fence() const noexcept { return fence_; }

    /// Extends the lease. Errors: displaced.
    task<> renew() {
        ++number_;
        const bool created = co_await write(standing::held);
        if (!created) throw displaced();
        co_await assert_held();
        co_await clear();
    }

    /// Throws displaced when somebody else took over: to be asked before anything is published.
    task<> assert_held() {
        const bool held = co_await is_latest();
        if (!held) throw displaced();
    }

    /// Lets the next one in. No error when somebody else took over already.
    task<> give_back() {
        ++number_;
        (void)co_await write(standing::given_back);
        co_await clear();
    }

  private:
    enum class standing : std::uint8_t { held, given_back };

    lease(Repository& repository, std::string prefix, Clock& time, lease_owner owner)
        : repository_{&repository}, clock_{&time}, prefix_{std::move(prefix)}, owner_{std::move(owner)} {}

    [[nodiscard]] error displaced() const {
        return {errc::displaced, "another backup took over the lease " + prefix_ + std::to_string(fence_),
                "let it end; this one has published nothing since"};
    }

    [[nodiscard]] static std::string padded(std::uint64_t value, std::size_t width) {
        const auto digits = std::to_string(value);
        return std::string(width - std::min(width, digits.size()), '0') + digits;
    }
    [[nodiscard]] std::string name() const { return prefix_ + padded(fence_, 12) + "-" + padded(number_, 12); }

    [[nodiscard]] static std::optional<lease_record> parse_name(std::string_view name) {
        const auto word = name.substr(name.rfind('/') + 1);
        const auto dash = word.find('-');
        if (dash == std::string_view::npos) return std::nullopt;
        lease_record record;
        const auto number = [](std::string_view digits, std::uint64_t& value) {
            const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
            return read.ec == std::errc{} && read.ptr == digits.data() + digits.size();
        };
        if (!number(word.substr(0, dash), record.fence) || !number(word.substr(dash + 1), record.number))
            return std::nullopt;
        return record;
    }

    /// The highest fence's last record. One that vanishes while it is read was renewed: it is looked for again.
    static task<std::optional<lease_record>> latest(Repository& repository, std::string prefix) {
        for (int attempt = 0; attempt < 16; ++attempt) {
            const auto names = co_await repository.list(prefix);
            std::optional<lease_record> newest;
            std::string newest_name;
            for (const auto& object : names) {
                const auto parsed = parse_name(object.name);
                if (!parsed) continue;
                if (newest && std::pair{parsed->fence, parsed->number} < std::pair{newest->fence, newest->number})
                    continue;
                newest = parsed;
                newest_name = object.name;
            }
            if (!newest) co_return std::nullopt;
            const auto text = co_await read_if_there(repository, newest_name);
            if (!text) continue;
            auto record = lease_record::parse(*text, newest_name);
            record.fence = newest->fence;
            record.number = newest->number;
            co_return record;
        }
        throw error{errc::busy, "the lease " + prefix + " changes faster than it can be read", {}, retry::later};
    }

    static task<std::optional<std::string>> read_if_there(Repository& repository, std::string object) {
        try {
            co_return co_await repository.get(object, object_kind::lease);
        } catch (const error& e) {
            if (e.code() != errc::not_found) throw;
        }
        co_return std::nullopt;
    }

    /// Whether the highest fence is one's own. A renewal that was cancelled may have written its record or not, so
    /// which of one's own records is there does not matter; one that was not written here yet is somebody else's.
    task<bool> is_latest() {
        const auto names = co_await repository_->list(prefix_);
        bool there = false;
        for (const auto& object : names) {
            const auto parsed = parse_name(object.name);
            if (!parsed || parsed->fence < fence_) continue;
            if (parsed->fence > fence_ || parsed->number > number_) co_return false;
            there = true;
        }
        co_return there;
    }

    /// False when the name is taken.
    task<bool> write(standing as) {
        const wall_time expires = after_seconds(clock_->now(), seconds_to_live);
        lease_record record{fence_, number_, owner_, expires, as == standing::given_back};
        try {
            co_await repository_->put(name(), object_kind::lease, record.text());
            co_return true;
        } catch (const error& e) {
            if (e.code() != errc::already_exists) throw;
        }
        co_return false;
    }

    /// Removes every record older than one's own.
    task<> clear() {
        const auto names = co_await repository_->list(prefix_);
        const auto own = name();
        for (const auto& object : names)
            if (object.name < own) co_await repository_->remove(object.name);
    }

    Repository* repository_;
    Clock* clock_;
    std::string prefix_;
    lease_owner owner_;
    std::uint64_t fence_ = 0;
    std::uint64_t number_ = 0;
};

}  // namespace foreshadow
