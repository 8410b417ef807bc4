// SPDX-License-Identifier: BSL-1.0
//
// Many rows in two allocations: one arena for the bytes, one array of offsets. Rows travel through the library
// in batches, never as a string each; `clear` keeps the memory, so a hot loop allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace foreshadow {

/// A row as its batch holds it; valid until the batch is changed.
struct row_view {
    std::string_view key;
    std::string_view value;

    friend bool operator==(row_view, row_view) = default;
};

class row_batch {
  public:
    void append(std::string_view row_key, std::string_view value) {
        arena_.append(row_key);
        arena_.append(value);
        ends_.push_back({arena_.size() - value.size(), arena_.size()});
    }

    /// Appends a row whose value is written in place: `write(std::string& arena)` appends the value's bytes.
    template <class Write>
    void append_with(std::string_view row_key, Write&& write) {
        arena_.append(row_key);
        const std::size_t key_end = arena_.size();
        write(arena_);
        ends_.push_back({key_end, arena_.size()});
    }

    [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
    [[nodiscard]] bool empty() const noexcept { return ends_.empty(); }
    /// Bytes of keys and values.
    [[nodiscard]] std::size_t bytes() const noexcept { return arena_.size(); }

    [[nodiscard]] row_view operator[](std::size_t i) const noexcept {
        const std::size_t begin = i == 0 ? 0 : ends_[i - 1].value;
        const std::string_view all = arena_;
        return {all.substr(begin, ends_[i].key - begin), all.substr(ends_[i].key, ends_[i].value - ends_[i].key)};
    }

    void clear() noexcept {
        arena_.clear();
        ends_.clear();
    }
    void reserve(std::size_t rows, std::size_t bytes) {
        ends_.reserve(rows);
        arena_.reserve(bytes);
    }

  private:
    struct ends {
        std::size_t key;
        std::size_t value;
    };
    std::string arena_;
    std::vector<ends> ends_;
};

}  // namespace foreshadow
