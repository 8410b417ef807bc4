// SPDX-License-Identifier: BSL-1.0
//
// The schema of a database, as the server's own program tells it.
#pragma once

#include "server.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace foreshadow::postgresql::tests {

/// What a dump has of each object, sorted. Lines that it makes up anew each time, and what foreshadow has in the
/// database, are left out.
[[nodiscard]] inline std::vector<std::string> schema_of(const std::string& url) {
    const std::string command = pg_dump() + " --schema-only --exclude-schema=foreshadow '" + url + "'";
    std::FILE* const dump = ::popen(command.c_str(), "r");
    std::string text;
    char part[4096];
    for (std::size_t got = 0; (got = std::fread(part, 1, sizeof part, dump)) > 0;) text.append(part, got);
    if (::pclose(dump) != 0) throw std::runtime_error{"pg_dump failed: " + text};
    std::vector<std::string> all(1);
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);
        at = end + 1;
        if (line.starts_with("-- Name: ")) all.emplace_back();
        if (line.find("restrict ") == std::string::npos && line != "--" && !line.empty()) all.back() += line + '\n';
    }
    std::erase_if(all, [](const std::string& each) { return each.starts_with("-- Name: foreshadow"); });
    std::sort(all.begin(), all.end());
    return all;
}

/// What is in one of them only.
[[nodiscard]] inline std::vector<std::string> difference(const std::vector<std::string>& a,
                                                         const std::vector<std::string>& b) {
    std::vector<std::string> only;
    std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(only));
    return only;
}

}  // namespace foreshadow::postgresql::tests
