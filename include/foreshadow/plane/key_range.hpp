// SPDX-License-Identifier: BSL-1.0
//
// The one interval type. Keys are byte strings compared bytewise; intervals are half-open, so two that touch
// neither overlap nor leave a gap. Every boundary decision of the library goes through these few functions.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow {

/// A key in the source's linear key space: bytes, compared as unsigned values.
using key = std::string;
using key_view = std::string_view;

/// The half-open interval `[begin, end)`; an empty `end` means unbounded.
struct key_range {
    key begin;
    key end;

    friend bool operator==(const key_range&, const key_range&) = default;

    [[nodiscard]] static key_range all() { return {}; }
    [[nodiscard]] bool is_unbounded() const noexcept { return end.empty(); }
    [[nodiscard]] bool is_empty() const noexcept { return !end.empty() && end <= begin; }

    /// Whether `k` lies in the interval.
    [[nodiscard]] bool contains(key_view k) const noexcept { return begin <= k && ends_after(k); }

    /// Whether the interval goes on beyond `k`.
    [[nodiscard]] bool ends_after(key_view k) const noexcept { return end.empty() || k < end; }

    /// Whether every key of `other` lies in this interval; an empty interval is covered by any.
    [[nodiscard]] bool covers(const key_range& other) const noexcept {
        return other.is_empty() || (begin <= other.begin && (end.empty() || (!other.end.empty() && other.end <= end)));
    }
    [[nodiscard]] bool overlaps(const key_range& other) const noexcept {
        return !is_empty() && !other.is_empty() && ends_after(other.begin) && other.ends_after(begin);
    }
};

/// Orders two ends, of which an empty one is the largest.
[[nodiscard]] inline bool end_before(key_view a, key_view b) noexcept { return !a.empty() && (b.empty() || a < b); }

/// The keys that lie in both; `is_empty()` where there are none.
[[nodiscard]] inline key_range intersection(const key_range& a, const key_range& b) {
    return {std::max(a.begin, b.begin), end_before(a.end, b.end) ? a.end : b.end};
}

/// What is left of `whole` without `hole`: none, one or two intervals, in order.
[[nodiscard]] inline std::vector<key_range> difference(const key_range& whole, const key_range& hole) {
    if (whole.is_empty()) return {};
    if (!whole.overlaps(hole)) return {whole};
    std::vector<key_range> rest;
    if (whole.begin < hole.begin) rest.push_back({whole.begin, hole.begin});
    if (end_before(hole.end, whole.end)) rest.push_back({hole.end, whole.end});
    return rest;
}

/// What is left of `whole` without `holes`. Both are in key order, disjoint and without empty intervals, and so is the
/// answer. O(n + m).
[[nodiscard]] inline std::vector<key_range> difference(std::vector<key_range> whole,
                                                       const std::vector<key_range>& holes) {
    std::vector<key_range> rest;
    auto hole = holes.begin();
    for (key_range& left : whole) {
        while (hole != holes.end() && !hole->ends_after(left.begin)) ++hole;
        bool is_used_up = false;
        // From the first one every time: a hole may reach over several intervals.
        for (auto here = hole; here != holes.end() && !is_used_up && left.overlaps(*here); ++here) {
            if (left.begin < here->begin) rest.push_back({left.begin, here->begin});
            is_used_up = !end_before(here->end, left.end);
            left.begin = here->end;
        }
        if (!is_used_up) rest.push_back(std::move(left));
    }
    return rest;
}

/// The smallest key above `k`: `k` followed by a zero byte.
[[nodiscard]] inline key successor(key_view k) {
    key next{k};
    next.push_back('\0');
    return next;
}

/// Every key that begins with `prefix`.
[[nodiscard]] inline key_range prefixed(key_view prefix) {
    key_range range{key{prefix}, key{prefix}};
    while (!range.end.empty() && static_cast<unsigned char>(range.end.back()) == 0xff) range.end.pop_back();
    if (!range.end.empty()) range.end.back() = static_cast<char>(static_cast<unsigned char>(range.end.back()) + 1);
    return range;
}

/// Printable form for messages: ASCII as it is, other bytes as `\xNN`.
[[nodiscard]] inline std::string printable(key_view k) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const char c : k) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f && c != '\\') {
            text += c;
        } else {
            text += "\\x";
            text += digits[byte >> 4];
            text += digits[byte & 15];
        }
    }
    return text;
}

[[nodiscard]] inline std::string printable(const key_range& range) {
    return "[" + printable(range.begin) + ", " + (range.is_unbounded() ? "…" : printable(range.end)) + ")";
}

}  // namespace foreshadow
