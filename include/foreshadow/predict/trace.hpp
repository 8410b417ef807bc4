// SPDX-License-Identifier: BSL-1.0
//
// A recorded write log as text, one write or layout change a line, fields separated by tabs:
//
//     1700000000  I  120  orders/000017                    op I, U or D; bytes of the row; key
//     1700000042  split   3->7,8   orders/000100           partition 3 ended, 7 and 8 began, cut at the boundary
//     1700000050  merge   7,8->9                           boundaries may be left out
//     1700000061  create  10       orders/,orders0         its interval; without an end it is unbounded
//     1700000070  drop    10
//
// Without an arrow the first id of a split is the one that ended, the last of a merge the one that began. In boundaries
// `\xNN` stands for any byte, such as a comma. In keys nothing is escaped: a key is the rest of its line. A row of
// unknown size has a negative number of bytes.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/lineage.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow {

/// A layout change as a trace tells it, by the trace's own ids.
struct traced_change {
    lineage_kind kind = lineage_kind::split;
    std::vector<std::uint64_t> ended;
    std::vector<std::uint64_t> begun;
    std::vector<key> boundaries;

    friend bool operator==(const traced_change&, const traced_change&) = default;
};

struct trace_line {
    std::size_t number = 0;  ///< of the line in its file, from 1
    double seconds = 0;      ///< since 1970-01-01 UTC; may run backwards, as clocks do
    char op = 'I';           ///< I, U, D, or L where `change` is set
    std::int64_t bytes = 0;  ///< of the row; negative when unknown
    foreshadow::key key;
    std::optional<traced_change> change;
};

namespace detail {

/// Reads one line of a trace; every complaint names the line.
class trace_parser {
  public:
    trace_parser(std::string_view line, std::size_t number) : rest_{line}, number_{number} {}

    [[nodiscard]] trace_line parse() {
        trace_line made{.number = number_, .seconds = 0, .op = 'I', .bytes = 0, .key = {}, .change = {}};
        made.seconds = seconds(field("the time"));
        const std::string_view verb = field("the operation");
        if (verb == "I" || verb == "U" || verb == "D") {
            made.op = verb[0];
            made.bytes = whole<std::int64_t>(field("the row's size"), "the row's size");
            if (made.bytes > largest_row) complain("the row is larger than a tebibyte");
            if (!left_) complain("the key is missing");
            made.key = key{rest_};
            if (made.key.empty()) complain("the key is empty");
            if (made.key.find('\0') != key::npos) complain("the key has a zero byte");
            return made;
        }
        made.op = 'L';
        made.change = change(verb);
        return made;
    }

  private:
    // Millions of them still add up to 64 bits.
    static constexpr std::int64_t largest_row = std::int64_t{1} << 40;

    [[noreturn]] void complain(const std::string& what) const {
        throw error{
            errc::invalid_argument, "line " + std::to_string(number_) + " of the trace: " + what,
            "a line is: seconds, tab, I, U or D, tab, bytes, tab, key; or: seconds, tab, split, merge, create or "
            "drop, tab, ids, tab, boundaries"};
    }

    [[nodiscard]] std::string_view field(const char* what) {
        if (!left_) complain(std::string{what} + " is missing");
        const std::size_t tab = rest_.find('\t');
        const std::string_view taken = rest_.substr(0, tab);
        left_ = tab != std::string_view::npos;
        rest_ = left_ ? rest_.substr(tab + 1) : std::string_view{};
        return taken;
    }

    template <class T>
    [[nodiscard]] T whole(std::string_view text, const std::string& what) const {
        T value{};
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (failure != std::errc{} || end != text.data() + text.size() || text.empty())
            complain(what + " is \"" + printable(text) + "\", which is no whole number that fits");
        return value;
    }

    [[nodiscard]] double seconds(std::string_view text) const {
        double value = 0;
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
        constexpr double most = 9e11;  // microseconds of it must fit in 64 bits
        if (failure != std::errc{} || end != text.data() + text.size() || !(std::abs(value) <= most))
            complain("the time is \"" + printable(text) + "\", which is no number of seconds");
        return value;
    }

    [[nodiscard]] traced_change change(std::string_view verb) {
        constexpr std::array kinds{lineage_kind::split, lineage_kind::merge, lineage_kind::create, lineage_kind::drop};
        const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](lineage_kind k) { return verb == name_of(k); });
        if (kind == kinds.end()) complain("\"" + printable(verb) + "\" is none of I, U, D, split, merge, create, drop");
        traced_change made{.kind = *kind, .ended = {}, .begun = {}, .boundaries = {}};
        share_out(field("the partition's id"), made);
        if (left_ && !rest_.empty())
            for (const std::string_view item : items(rest_, ",")) made.boundaries.push_back(boundary(item));
        check(made);
        return made;
    }

    void share_out(std::string_view text, traced_change& to) const {
        const std::size_t arrow = text.find("->");
        if (arrow != std::string_view::npos) {
            to.ended = ids(text.substr(0, arrow));
            to.begun = ids(text.substr(arrow + 2));
            return;
        }
        std::vector<std::uint64_t> all = ids(text);
        if (all.empty()) complain("the partition's id is missing");
        const auto begun = to.kind == lineage_kind::create  ? all.begin()
                           : to.kind == lineage_kind::split ? all.begin() + 1
                           : to.kind == lineage_kind::merge ? all.end() - 1
                                                            : all.end();
        to.ended.assign(all.begin(), begun);
        to.begun.assign(begun, all.end());
    }

    [[nodiscard]] std::vector<std::uint64_t> ids(std::string_view text) const {
        std::vector<std::uint64_t> made;
        if (text.empty()) return made;
        for (const std::string_view item : items(text, ",")) made.push_back(whole<std::uint64_t>(item, "an id"));
        return made;
    }

    [[nodiscard]] static std::vector<std::string_view> items(std::string_view text, std::string_view separator) {
        std::vector<std::string_view> made;
        for (;;) {
            const std::size_t end = text.find(separator);
            made.push_back(text.substr(0, end));
            if (end == std::string_view::npos) return made;
            text.remove_prefix(end + separator.size());
        }
    }

    [[nodiscard]] key boundary(std::string_view text) const {
        key made;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] != '\\') {
                made += text[i];
                continue;
            }
            unsigned byte = 0;
            const bool fits = i + 3 < text.size() && text[i + 1] == 'x';
            const char* const first = text.data() + (fits ? i + 2 : 0);
            if (!fits || std::from_chars(first, first + 2, byte, 16).ptr != first + 2)
                complain("a backslash in a boundary begins \\xNN");
            made += static_cast<char>(byte);
            i += 3;
        }
        return made;
    }

    void check(const traced_change& made) const {
        const std::size_t ended = made.ended.size();
        const std::size_t begun = made.begun.size();
        const std::size_t edges = made.boundaries.size();
        switch (made.kind) {
            case lineage_kind::split:
                if (ended != 1 || begun < 2) complain("a split is of one partition into several: 3->7,8");
                if (edges != begun - 1) complain("a split needs one boundary less than it has pieces");
                break;
            case lineage_kind::merge:
                if (ended < 2 || begun != 1) complain("a merge is of several partitions into one: 7,8->9");
                break;
            case lineage_kind::create:
                if (ended != 0 || begun != 1) complain("a creation is of one partition");
                if (edges < 1 || edges > 2) complain("a creation needs the begin of its interval, and may have an end");
                break;
            default:
                if (ended != 1 || begun != 0) complain("a drop is of one partition");
        }
        const bool ascends = std::adjacent_find(made.boundaries.begin(), made.boundaries.end(),
                                                std::greater_equal<>{}) == made.boundaries.end();
        const bool ends_open = edges == 2 && made.kind == lineage_kind::create && made.boundaries[1].empty();
        if (!ascends && !ends_open) complain("the boundaries do not ascend");
    }

    std::string_view rest_;
    std::size_t number_;
    bool left_ = true;
};

}  // namespace detail

/// Reads a whole trace; empty lines are passed over.
///
/// Errors: `invalid_argument` with the number of the line that does not read, or where there is no line at all.
[[nodiscard]] inline std::vector<trace_line> read_trace(std::istream& from) {
    std::vector<trace_line> lines;
    std::string text;
    for (std::size_t number = 1; std::getline(from, text); ++number) {
        if (!text.empty()) lines.push_back(detail::trace_parser{text, number}.parse());
    }
    if (from.bad()) throw error{errc::unavailable, "the trace cannot be read to its end"};
    if (lines.empty()) throw error{errc::invalid_argument, "the trace is empty", "give a log with at least one write"};
    return lines;
}

/// Whether the trace tells its own layout changes, so that no rule has to make them.
[[nodiscard]] inline bool has_layout_changes(const std::vector<trace_line>& trace) {
    return std::any_of(trace.begin(), trace.end(), [](const trace_line& l) { return l.change.has_value(); });
}

}  // namespace foreshadow
