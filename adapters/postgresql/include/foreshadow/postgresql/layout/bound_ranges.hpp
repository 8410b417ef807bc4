// SPDX-License-Identifier: BSL-1.0
//
// The bounds of partitions as ranges of one key space for each partitioned table, so that it can be told whose range
// became whose. Only lineage reads them; no row is ever looked for by them. So where an order is not known (numbers of
// any length, texts in a language's order, moduli that are no power of two), the answer is none, and nothing is
// guessed.
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/postgresql/table/key_encoding.hpp"
#include "foreshadow/postgresql/table/table.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

/// Reads what `pg_get_expr` says of a bound, with dates in ISO form.
class bound_reader {
  public:
    bound_reader(const divider& by, std::string_view text) : by_{by}, rest_{text} {}

    /// Relative to the partitioned table, in order; none for DEFAULT, and where the order is not known.
    [[nodiscard]] std::vector<key_range> read() {
        if (by_.by == 'r') return range();
        if (by_.by == 'l') return list();
        if (by_.by == 'h') return remainder();
        return {};
    }

  private:
    struct value {
        std::string text;
        bool is_quoted = false;
    };

    [[nodiscard]] bool take(std::string_view expected) {
        if (!rest_.starts_with(expected)) return false;
        rest_.remove_prefix(expected.size());
        return true;
    }
    /// The values of a list in parentheses; nothing where it is not understood.
    [[nodiscard]] std::optional<std::vector<value>> take_values() {
        std::vector<value> all;
        if (!take("(")) return std::nullopt;
        do {
            value one;
            if (take("'")) {
                one.is_quoted = true;
                while (!rest_.empty() && (rest_[0] != '\'' || rest_.starts_with("''"))) {
                    one.text += rest_[0];
                    rest_.remove_prefix(rest_[0] == '\'' ? 2 : 1);
                }
                if (!take("'")) return std::nullopt;
            } else {
                const std::size_t end = std::min(rest_.find_first_of(",)"), rest_.size());
                one.text = rest_.substr(0, end);
                rest_.remove_prefix(end);
            }
            all.push_back(std::move(one));
        } while (take(", "));
        if (!take(")")) return std::nullopt;
        return all;
    }

    [[nodiscard]] std::vector<key_range> range() {
        if (!take("FOR VALUES FROM ")) return {};
        const std::optional<key> begin = take_border();
        if (!begin || !take(" TO ")) return {};
        const std::optional<key> end = take_border();
        if (!end || *end <= *begin) return {};
        return {{*begin, *end}};
    }
    [[nodiscard]] std::optional<key> take_border() {
        const std::optional<std::vector<value>> values = take_values();
        if (!values || values->size() != by_.columns.size()) return std::nullopt;
        key made;
        for (std::size_t i = 0; i < values->size(); ++i) {
            const value& v = (*values)[i];
            const bool is_lowest = !v.is_quoted && v.text == "MINVALUE";
            const bool is_highest = !v.is_quoted && v.text == "MAXVALUE";
            made += is_lowest ? '\x01' : is_highest ? '\x03' : '\x02';
            if (!is_lowest && !is_highest && !append_in_order(by_.columns[i], v.text, made)) return std::nullopt;
        }
        return made;
    }

    /// Appends a value so that bytes are in the type's order; false where that is not known how.
    [[nodiscard]] static bool append_in_order(const divider::column& of, const std::string& text, key& out) {
        switch (of.type) {
            case 20:
            case 21:
            case 23:
                append_number(static_cast<std::uint64_t>(whole_number<std::int64_t>(text)) ^ (1ULL << 63), out);
                return true;
            case 1082:  // date, timestamp, timestamptz: as text, where the year has four digits
            case 1114:
            case 1184:
                if (text == "infinity" || text == "-infinity")
                    append_text(text == "infinity" ? "~" : "", out);
                else if (text.size() < 10 || text[4] != '-' || text.ends_with("BC"))
                    return false;
                else
                    append_text(text, out);
                return true;
            case 17:  // bytea and uuid: their digits are in order
            case 2950:
                append_text(text, out);
                return true;
            case 25:
            case 1042:
            case 1043:
                if (of.is_bytewise) append_text(text, out);
                return of.is_bytewise;
            default:
                return false;
        }
    }
    static void append_text(std::string_view text, key& out) { out.append(text).push_back('\0'); }

    [[nodiscard]] std::vector<key_range> list() {
        if (!take("FOR VALUES IN ")) return {};
        const std::optional<std::vector<value>> values = take_values();
        if (!values) return {};
        std::vector<key_range> points;
        for (const value& v : *values) {
            key point{!v.is_quoted && v.text == "NULL" ? '\x01' : '\x02'};
            append_text(v.text, point);
            key next = successor(point);
            points.push_back({std::move(point), std::move(next)});
        }
        std::sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
        return points;
    }

    /// Remainders with their bits turned round: those of a divisor that is doubled lie within those of the divisor.
    [[nodiscard]] std::vector<key_range> remainder() {
        if (!take("FOR VALUES WITH (modulus ")) return {};
        const std::size_t comma = std::min(rest_.find(','), rest_.size());
        const auto modulus = whole_number<std::uint32_t>(rest_.substr(0, comma));
        rest_.remove_prefix(comma);
        if (!take(", remainder ") || rest_.empty() || !std::has_single_bit(modulus)) return {};
        rest_.remove_suffix(1);
        auto left = whole_number<std::uint32_t>(rest_);
        std::uint64_t begin = 0;
        for (std::uint32_t m = modulus; m > 1; m /= 2, left /= 2) begin = begin << 1 | (left & 1U);
        const std::uint64_t width = (1ULL << 32) / modulus;
        key_range made;
        append_number(begin * width, made.begin);
        append_number((begin + 1) * width, made.end);
        return {made};
    }

    const divider& by_;
    std::string_view rest_;
};

/// The ranges of a partition of `parent`; no other partitioned table's lie among them.
[[nodiscard]] inline std::vector<key_range> bound_ranges(const table& parent, std::string_view bound) {
    std::vector<key_range> ranges = bound_reader{parent.divides, bound}.read();
    const key prefix = table_prefix(parent.oid);
    for (key_range& r : ranges) r = {prefix + r.begin, prefix + r.end};
    return ranges;
}

}  // namespace foreshadow::postgresql::detail
