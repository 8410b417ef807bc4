// SPDX-License-Identifier: BSL-1.0
//
// The little that is read from the text of a statement, because no pragma tells it: the condition of a partial index,
// the meaning of a default, the module of a virtual table. Read by tokens, so that a quoted name is never a keyword.
#pragma once

#include "foreshadow/sqlite/database/connection.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>

namespace foreshadow::sqlite::detail {

[[nodiscard]] inline bool equal_folded(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
    });
}

/// Where the token or comment at `i` of an SQL text ends: quoted names and strings, comments, words and single bytes.
[[nodiscard]] inline std::size_t token_end(std::string_view sql, std::size_t i) {
    const char c = sql[i];
    if (c == '\'' || c == '"' || c == '`' || c == '[') {
        const char close = c == '[' ? ']' : c;
        for (std::size_t j = i + 1; j < sql.size(); ++j) {
            if (sql[j] != close) continue;
            if (c != '[' && j + 1 < sql.size() && sql[j + 1] == close) {
                ++j;
                continue;
            }
            return j + 1;
        }
        return sql.size();
    }
    if (sql.substr(i, 2) == "--") return std::min(sql.find('\n', i), sql.size());
    if (sql.substr(i, 2) == "/*") {
        const std::size_t end = sql.find("*/", i + 2);
        return end == std::string_view::npos ? sql.size() : end + 2;
    }
    const auto word = [&](std::size_t j) {
        const auto byte = static_cast<unsigned char>(sql[j]);
        return std::isalnum(byte) != 0 || byte == '_' || byte >= 0x80 || byte == '$';
    };
    std::size_t j = i;
    while (j < sql.size() && word(j)) ++j;
    return j == i ? i + 1 : j;
}

/// The condition of a partial index, from the text that made it.
[[nodiscard]] inline std::string condition_of(std::string_view sql) {
    int depth = 0;
    for (std::size_t i = 0; i < sql.size();) {
        const std::size_t end = token_end(sql, i);
        const std::string_view token = sql.substr(i, end - i);
        if (token == "(") ++depth;
        if (token == ")") --depth;
        if (depth == 0 && equal_folded(token, "where")) return std::string{sql.substr(end)};
        i = end;
    }
    return {};
}

/// The default of a column as an expression that means the same anywhere: a bare or quoted word is a string there.
[[nodiscard]] inline std::string default_expression(std::string_view text) {
    if (text.empty()) return {};
    const char first = text.front();
    if (first == '"' || first == '`' || first == '[') return literal(text.substr(1, text.size() - 2));
    const bool word = token_end(text, 0) == text.size() && std::isdigit(static_cast<unsigned char>(first)) == 0;
    for (const char* known : {"null", "true", "false", "current_time", "current_date", "current_timestamp"})
        if (equal_folded(text, known)) return std::string{text};
    return word && first != '\'' ? literal(text) : "(" + std::string{text} + ")";
}

/// The module of a virtual table, from the text that made it.
[[nodiscard]] inline std::string module_of(std::string_view sql) {
    bool is_next = false;
    for (std::size_t i = 0; i < sql.size();) {
        const std::size_t end = token_end(sql, i);
        const std::string_view token = sql.substr(i, end - i);
        i = end;
        if (is_next) {
            const bool is_space = token.size() == 1 && std::isspace(static_cast<unsigned char>(token[0])) != 0;
            if (is_space || token.substr(0, 2) == "--" || token.substr(0, 2) == "/*") continue;
            const bool is_quoted = token.size() > 2 && std::string_view{"'\"`["}.find(token[0]) != token.npos;
            return std::string{is_quoted ? token.substr(1, token.size() - 2) : token};
        }
        is_next = equal_folded(token, "using");
    }
    return {};
}

}  // namespace foreshadow::sqlite::detail
