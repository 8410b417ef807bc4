// SPDX-License-Identifier: BSL-1.0
//
// A URL as it is shown. Who writes a password with a slash or an @ in it forgets to encode them, so what stands before
// the last @ is taken for a password, wherever it may be one; rather too much is left out than a part of it shown.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

namespace tool {

namespace detail {

/// Where the options of a URL begin: `?name=`. An @ in them is one of their values'.
[[nodiscard]] inline std::size_t options_of(const std::string& url) {
    const auto is_named = [&](std::size_t at) {
        const std::size_t end = url.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at + 1);
        return end != std::string::npos && end > at + 1 && url[end] == '=';
    };
    std::size_t at = url.find('?');
    while (at != std::string::npos && !is_named(at)) at = url.find('?', at + 1);
    return at;
}

}  // namespace detail

[[nodiscard]] inline std::string without_password(const std::string& url) {
    const std::size_t begin = url.find("://");
    if (begin == std::string::npos) return url;
    std::string shown = url;
    const std::size_t colon = url.find(':', begin + 3);
    const std::size_t options = detail::options_of(url);
    std::size_t at = url.rfind('@', options);
    if (at == std::string::npos || at < begin + 3) {
        // A password with options in it, if what follows the colon is no port.
        at = url.rfind('@');
        const std::size_t end = colon == std::string::npos ? colon : url.find_first_not_of("0123456789", colon + 1);
        const bool is_port = end != std::string::npos && end > colon + 1 && (url[end] == '/' || url[end] == '?');
        if (is_port) at = std::string::npos;
    }
    if (at != std::string::npos && colon < at) shown.erase(colon, at - colon);
    for (const std::string name : {"password=", "sslpassword="})
        for (std::size_t option = 0; (option = shown.find(name, option)) != std::string::npos; option += name.size())
            shown.erase(option + name.size(), std::min(shown.find('&', option), shown.size()) - option - name.size());
    return shown;
}

}  // namespace tool
