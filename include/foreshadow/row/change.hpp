// SPDX-License-Identifier: BSL-1.0
//
// Changes of the log, in batches. Each is idempotent by construction: a full post-image, an erasure, or columns
// set to values. `replaced` says that the log does not tell how an interval changed.
#pragma once

#include "foreshadow/plane/position.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace foreshadow {

enum class change_kind : std::uint8_t {
    put,          ///< key, payload = the row's value
    erase,        ///< key, no payload
    erase_range,  ///< key = begin, payload = end (empty: unbounded)
    patch,        ///< key, payload = columns set to values (see row/columns.hpp)
    replaced      ///< key = begin, payload = end
};

/// What the source knows about a put or erase beyond its effect; only predictors use it.
enum class write_hint : std::uint8_t { unknown, inserted, updated, moved };

/// A change as its batch holds it; valid until the batch is changed.
struct change_view {
    change_kind kind = change_kind::put;
    write_hint hint = write_hint::unknown;
    version at;
    std::string_view key;
    std::string_view payload;

    [[nodiscard]] bool is_range() const noexcept {
        return kind == change_kind::erase_range || kind == change_kind::replaced;
    }
    friend bool operator==(const change_view&, const change_view&) = default;
};

class change_batch {
  public:
    void append(const change_view& change) {
        entries_.push_back(
            {arena_.size(), change.key.size(), change.payload.size(), change.at, change.kind, change.hint});
        arena_.append(change.key);
        arena_.append(change.payload);
    }

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
    /// Bytes held: keys, payloads and entries.
    [[nodiscard]] std::size_t bytes() const noexcept { return arena_.size() + entries_.size() * sizeof(entry); }

    [[nodiscard]] change_view operator[](std::size_t i) const noexcept {
        const entry& e = entries_[i];
        const std::string_view all = arena_;
        return {e.kind, e.hint, e.at, all.substr(e.begin, e.key), all.substr(e.begin + e.key, e.payload)};
    }

    void clear() noexcept {
        arena_.clear();
        entries_.clear();
    }

    /// Orders the entries by key, then version; the bytes stay where they are. Equal entries keep their order. O(n log
    /// n).
    void sort() {
        const std::string_view all = arena_;
        std::sort(entries_.begin(), entries_.end(), [all](const entry& a, const entry& b) {
            const int order = all.substr(a.begin, a.key).compare(all.substr(b.begin, b.key));
            if (order != 0) return order < 0;
            return a.at != b.at ? a.at < b.at : a.begin < b.begin;
        });
    }

  private:
    struct entry {
        std::size_t begin;
        std::size_t key;
        std::size_t payload;
        version at;
        change_kind kind;
        write_hint hint;
    };
    std::string arena_;
    std::vector<entry> entries_;
};

}  // namespace foreshadow
