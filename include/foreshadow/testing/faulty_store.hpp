// SPDX-License-Identifier: BSL-1.0
//
// An object store that fails within its contract: an object is there whole or not at all, whatever its put says. A torn
// write leaves bytes behind that no list shows, as a hidden file of a folder or a multipart upload that nobody ended.
#pragma once

#include "foreshadow/store/object_store.hpp"
#include "foreshadow/testing/faults.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::testing {

template <object_store Store>
class faulty_store {
  public:
    faulty_store(Store store, trouble with) : store_{std::move(store)}, with_{std::move(with)} {}

    task<> put(std::string name, std::string_view bytes) {
        co_await begin();
        if (with_.happens(with_.which().full))
            throw error{errc::full, "the simulated store is full",
                        "free some space there and run the same command again", retry::later}
                .with("object", name);
        if (with_.happens(with_.which().torn_write)) {
            torn_->emplace_back(bytes.substr(0, static_cast<std::size_t>(with_.below(bytes.size() + 1))));
            with_.die();
        }
        co_await store_.put(std::move(name), bytes);
        answer();
    }
    task<std::string> get(std::string name, byte_range range) {
        co_await begin();
        std::string bytes = co_await store_.get(std::move(name), range);
        with_.live();
        co_return bytes;
    }
    task<std::vector<object_info>> list(std::string prefix) {
        co_await begin();
        std::vector<object_info> found = co_await store_.list(std::move(prefix));
        with_.live();
        co_return found;
    }
    task<> remove(std::string name) {
        co_await begin();
        co_await store_.remove(std::move(name));
        answer();
    }

    task<> settle(std::string name) {
        co_await begin();
        if constexpr (requires(Store& store) { store.settle(name); }) co_await store_.settle(std::move(name));
        answer();
    }

    [[nodiscard]] std::string where() const { return "a faulty store"; }
    /// What puts left behind half-written, without a name.
    [[nodiscard]] const std::vector<std::string>& torn() const noexcept { return *torn_; }

  private:
    task<> begin() {
        co_await with_.begin();
        if (with_.happens(with_.which().store_error)) throw trouble::unavailable("store");
    }
    void answer() {
        with_.live();
        if (with_.happens(with_.which().lost_answer)) throw trouble::unavailable("store");
    }

    Store store_;
    trouble with_;
    std::shared_ptr<std::vector<std::string>> torn_ = std::make_shared<std::vector<std::string>>();
};

}  // namespace foreshadow::testing
