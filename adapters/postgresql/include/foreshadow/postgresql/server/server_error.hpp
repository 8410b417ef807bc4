// SPDX-License-Identifier: BSL-1.0
//
// What a server says when it refuses, as an error: by its SQLSTATE, and never by its words, which come in the server's
// language.
#pragma once

#include "foreshadow/error.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace foreshadow::postgresql::detail {

/// A text of several lines as one.
[[nodiscard]] inline std::string one_line(const char* text) {
    std::string line;
    for (const char* c = text == nullptr ? "" : text; *c != '\0'; ++c) {
        if (*c != '\n')
            line += *c;
        else if (c[1] != '\0')
            line += "; ";
    }
    return line;
}

/// Takes the SQLSTATE and the place in the server's source out of what libpq says verbosely of a connection that
/// failed: "FATAL:  28000: role "x" does not exist; LOCATION:  ...". Empty where it was not a server that said it.
[[nodiscard]] inline std::string take_state(std::string& verbose) {
    const std::string before = ":  ";
    constexpr std::size_t length = 5;
    for (std::size_t at = verbose.find(before); at != std::string::npos; at = verbose.find(before, at + 1)) {
        const std::string state = verbose.substr(at + before.size(), length);
        const bool is_state = state.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
        if (!is_state || verbose.compare(at + before.size() + length, 2, ": ") != 0) continue;
        verbose.erase(at + before.size(), length + 2);
        verbose.erase(std::min(verbose.find("; LOCATION:"), verbose.size()));
        return state;
    }
    return {};
}

/// What a server said, by its SQLSTATE.
[[nodiscard]] inline error failure(std::string_view state, std::string message) {
    const auto is = [&](std::string_view prefix) { return state.substr(0, prefix.size()) == prefix; };
    const auto made = [&]() -> error {
        if (is("55P03") || is("40001") || is("40P01") || is("55006") || is("57P03") || is("53300"))
            return {errc::busy, std::move(message), "it is tried again", retry::later};
        if (is("08") || is("57P01") || is("57P02"))
            return {errc::unavailable, std::move(message), "is the server running?", retry::later};
        if (is("53100")) return {errc::full, std::move(message), "free space on the server"};
        if (is("42501"))
            return {errc::invalid_argument, std::move(message),
                    "give the role the rights that the adapter's README lists"};
        if (is("42P01")) return {errc::not_found, std::move(message)};
        if (is("3D000")) return {errc::not_found, std::move(message), "check the name of the database"};
        if (is("42P04") || is("42710")) return {errc::already_exists, std::move(message)};
        if (is("28")) return {errc::invalid_argument, std::move(message), "check user, password and pg_hba.conf"};
        return {errc::unavailable, std::move(message)};
    };
    error e = made();
    return state.empty() ? std::move(e) : std::move(e).with("SQLSTATE", std::string{state});
}

}  // namespace foreshadow::postgresql::detail
