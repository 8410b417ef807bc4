// SPDX-License-Identifier: BSL-1.0
//
// A store whose process can die: the way every crash is simulated.
#pragma once

#include "foreshadow/store/memory_store.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

namespace fs = foreshadow;

/// Ends the process, as far as the backup can tell: from some operation on, the store answers nobody.
struct process_death {};

class mortal_store {
  public:
    explicit mortal_store(fs::memory_store objects) : objects_{std::move(objects)} {}

    fs::task<> put(std::string name, std::string_view bytes) {
        live();
        co_await objects_.put(std::move(name), bytes);
    }
    fs::task<std::string> get(std::string name, fs::byte_range range) {
        live();
        std::string bytes = co_await objects_.get(std::move(name), range);
        co_return bytes;
    }
    fs::task<std::vector<fs::object_info>> list(std::string prefix) {
        live();
        std::vector<fs::object_info> found = co_await objects_.list(std::move(prefix));
        co_return found;
    }
    fs::task<> remove(std::string name) {
        live();
        co_await objects_.remove(std::move(name));
    }

    /// Dies at the operation after the next `operations`; copies die together.
    void die_after(std::uint64_t operations) { *left_ = operations; }
    void live_on() { *left_ = std::numeric_limits<std::uint64_t>::max(); }

  private:
    void live() {
        if (*left_ == 0) throw process_death{};
        --*left_;
    }
    fs::memory_store objects_;
    std::shared_ptr<std::uint64_t> left_ = std::make_shared<std::uint64_t>(std::numeric_limits<std::uint64_t>::max());
};
static_assert(fs::object_store<mortal_store>);

}  // namespace support
