// SPDX-License-Identifier: BSL-1.0
//
// An object store on a disk that forgets: what `directory_store` does, one system call at a time, and what a power cut
// leaves of it. A put writes a hidden file, syncs it, gives it its name, syncs the folder; a removal takes the name
// away, then syncs the folder. (Folders themselves stay: the one above a new one is synced with it.) In between,
// everybody sees names that a power cut may undo, and misses names that it may bring back. Which of them it does is any
// combination: file systems promise no order among names.
//
// Between two calls others run, and the process may die. The habits that keep a real folder safe can be switched off,
// so that a test can show that it would notice.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/store/object_store.hpp"
#include "foreshadow/testing/faults.hpp"
#include "foreshadow/testing/random.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::testing {

struct disk_habits {
    bool in_steps = false;      ///< false: every operation is whole, at once and durable, as in a `memory_store`
    bool syncs_files = true;    ///< before they get their name
    bool syncs_folders = true;  ///< before an operation returns
};

/// A handle: copies are of the same disk.
class simulated_disk {
  public:
    using objects_type = std::map<std::string, std::string>;

    explicit simulated_disk(trouble with, disk_habits habits = {})
        : state_{std::make_shared<state>(habits)}, with_{std::move(with)} {}

    task<> put(std::string name, std::string_view bytes) {
        if (state_->habits.in_steps) {
            co_await whole(put_in_steps(std::move(name), bytes));
        } else {
            state_->give(name, bytes);
            state_->sync_folder_of(name);
        }
    }
    task<std::string> get(std::string name, byte_range range = {}) {
        const auto found = state_->names.find(name);
        if (found == state_->names.end())
            throw error{errc::not_found, "object " + name + " is not there"}.with("object", name);
        if (range.offset >= found->second.size()) co_return std::string{};
        co_return found->second.substr(static_cast<std::size_t>(range.offset), static_cast<std::size_t>(range.length));
    }
    task<std::vector<object_info>> list(std::string prefix) {
        std::vector<object_info> found;
        for (auto at = state_->names.lower_bound(prefix); at != state_->names.end(); ++at) {
            if (!at->first.starts_with(prefix)) break;
            found.push_back({at->first, at->second.size()});
        }
        co_return found;
    }
    task<> remove(std::string name) {
        if (state_->habits.in_steps) {
            co_await whole(remove_in_steps(std::move(name)));
        } else {
            state_->take(name);
            state_->sync_folder_of(name);
        }
    }

    task<> settle(std::string name) {
        const std::uint64_t life = with_.life();
        if (state_->habits.in_steps) {
            co_await others();
            with_.live(life);
        }
        state_->sync_folder_of(name);
    }

    [[nodiscard]] std::string where() const { return "a simulated disk"; }
    /// What everybody sees, to be looked at and damaged.
    [[nodiscard]] objects_type& objects() noexcept { return state_->names; }
    /// How operations are done from now on.
    void work_by(disk_habits habits) noexcept { state_->habits = habits; }

    /// Whether a power cut now could change anything.
    [[nodiscard]] bool is_settled() const noexcept { return state_->before.empty() && state_->unsynced.empty(); }

    /// What was not synced is undone with a probability of `lost`, and bytes that were not synced are cut short.
    void cut_power(seeded_random dice, double lost) {
        auto& disk = *state_;
        for (const std::string& name : disk.unsynced) {
            const auto found = disk.names.find(name);
            if (found == disk.names.end() || !dice.chance(lost)) continue;
            found->second.resize(static_cast<std::size_t>(dice.below(found->second.size() + 1)));
        }
        for (auto& [name, bytes] : disk.before) {
            if (!dice.chance(lost)) continue;
            if (bytes) {
                disk.names.insert_or_assign(name, *std::move(bytes));
            } else {
                disk.names.erase(name);
            }
        }
        disk.unsynced.clear();
        disk.before.clear();
    }

  private:
    struct state {
        explicit state(disk_habits chosen) : habits{chosen} {}

        disk_habits habits;
        objects_type names;
        std::map<std::string, std::optional<std::string>> before;  ///< of names that changed and were not synced since
        std::set<std::string> folders;
        std::set<std::string> unsynced;  ///< names whose bytes were not

        static std::string_view folder_of(std::string_view name) { return name.substr(0, name.rfind('/') + 1); }

        void give(const std::string& name, std::string_view bytes) {
            if (!names.emplace(name, bytes).second)
                throw error{errc::already_exists, "object " + name + " exists already"};
            before.try_emplace(name, std::nullopt);
            if (habits.syncs_folders) sync_above_new_folders(name);
            if (habits.in_steps && !habits.syncs_files) unsynced.insert(name);
        }
        void sync_above_new_folders(const std::string& name) {
            for (auto end = name.find('/'); end != std::string::npos; end = name.find('/', end + 1)) {
                const std::string folder = name.substr(0, end);
                if (folders.insert(folder).second) sync_folder_of(folder);
            }
        }
        void take(const std::string& name) {
            auto gone = names.extract(name);
            if (!gone.empty()) before.try_emplace(name, std::move(gone.mapped()));
        }
        void sync_folder_of(const std::string& name) {
            const std::string folder{folder_of(name)};
            std::erase_if(before, [&](const auto& changed) { return folder_of(changed.first) == folder; });
        }
    };

    task<> put_in_steps(std::string name, std::string_view bytes) {
        const std::uint64_t life = with_.life();
        co_await others();  // a hidden file, and its bytes
        with_.live(life);
        if (state_->habits.syncs_files) {
            co_await others();
            with_.live(life);
        }
        state_->give(name, bytes);
        co_await others();
        with_.live(life);
        if (state_->habits.syncs_folders) state_->sync_folder_of(name);
        co_await others();
        with_.live(life);
    }
    task<> remove_in_steps(std::string name) {
        const std::uint64_t life = with_.life();
        co_await others();
        with_.live(life);
        state_->take(name);
        co_await others();
        with_.live(life);
        if (state_->habits.syncs_folders) state_->sync_folder_of(name);
        co_await others();
        with_.live(life);
    }
    static task<> others() {
        const auto executor = co_await boost::asio::this_coro::executor;
        co_await boost::asio::post(executor, boost::asio::use_awaitable);
    }

    /// Whoever is cancelled meanwhile hears of it when all is done, as of work that a thread does.
    static task<> whole(task<> work) {
        namespace this_coro = boost::asio::this_coro;
        const bool throws = co_await this_coro::throw_if_cancelled();
        co_await this_coro::throw_if_cancelled(false);
        std::exception_ptr failure;
        try {
            co_await std::move(work);
        } catch (...) {
            failure = std::current_exception();
        }
        co_await this_coro::throw_if_cancelled(throws);
        if (failure) std::rethrow_exception(failure);
        const auto asked = co_await this_coro::cancellation_state;
        if (throws && asked.cancelled() != boost::asio::cancellation_type::none)
            throw boost::system::system_error{boost::asio::error::operation_aborted};
    }

    std::shared_ptr<state> state_;
    trouble with_;
};

static_assert(object_store<simulated_disk>);

}  // namespace foreshadow::testing
