// SPDX-License-Identifier: BSL-1.0
#include "tool.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <thread>

namespace tool {

using foreshadow::errc;
using foreshadow::error;

std::atomic<bool> stop_requested = false;

url parse_url(const std::string& text) {
    const std::size_t colon = text.find(':');
    const bool is_scheme = colon != std::string::npos && colon > 1 &&
                           std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon),
                                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
    return is_scheme ? url{text.substr(0, colon), text.substr(colon + 1)} : url{"", text};
}

std::string sqlite_path(const std::string& text) {
    const url parsed = parse_url(text);
    if (parsed.scheme == "sqlite" && !parsed.rest.empty()) return parsed.rest;
    throw error{errc::invalid_argument, "\"" + text + "\" is not a database that this build knows",
                "write sqlite:PATH, for example sqlite:shop.db"};
}

std::string repository_path(const std::string& text) {
    const url parsed = parse_url(text);
    if (parsed.scheme.empty() && !parsed.rest.empty()) return parsed.rest;
    throw error{errc::invalid_argument, "\"" + text + "\" is not a repository that this build knows",
                "write the path of a directory"};
}

open_repository::open_repository(const std::string& where)
    : path{repository_path(where)}, pool{std::max(1u, std::thread::hardware_concurrency())} {}

foreshadow::task<bool> open_repository::open() {
    foreshadow::repository_options how{};
    how.create = false;
    how.workers = &pool;
    foreshadow::directory_store store{path};
    objects = co_await repository_type::open(store, foreshadow::zstd{}, foreshadow::no_cipher{}, how);
    storage = std::make_unique<foreshadow::content_defined_blocks<repository_type>>(*objects);
    co_return true;
}

void print(const foreshadow::json& object) { std::cout << object.dump(2) << std::endl; }

int report(const error& e, bool json) {
    std::cerr << "foreshadow: " << e.line() << std::endl;
    const bool is_damage = e.code() == errc::corrupt || e.code() == errc::conflict ||
                           (e.code() == errc::not_found && !e.fact("object").empty());
    const int status = is_damage ? exit_status::not_sound : exit_status::failed;
    if (json) {
        foreshadow::json facts = foreshadow::json::object();
        for (const auto& [name, value] : e.facts()) facts[name] = foreshadow::to_json(value);
        print({{"error",
                {{"code", name_of(e.code())},
                 {"message", foreshadow::to_json(e.message())},
                 {"hint", foreshadow::to_json(e.hint())},
                 {"facts", facts}}},
               {"status", status}});
    }
    return status;
}

std::string bytes_text(double bytes) {
    static constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    std::size_t unit = 0;
    while (std::abs(bytes) >= 1024 && unit + 1 < std::size(units)) {
        bytes /= 1024;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
    return text;
}

std::string time_text(foreshadow::wall_time time) {
    const std::time_t seconds = static_cast<std::time_t>(time.microseconds / 1'000'000);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char date[32];
    std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    char text[48];
    std::snprintf(text, sizeof text, "%s.%03dZ", date, static_cast<int>(time.microseconds / 1000 % 1000));
    return text;
}

std::string seconds_text(double seconds) {
    char text[32];
    if (seconds < 1)
        std::snprintf(text, sizeof text, "%.0f ms", seconds * 1000);
    else if (seconds < 120)
        std::snprintf(text, sizeof text, "%.1f s", seconds);
    else
        std::snprintf(text, sizeof text, "%.0f min", seconds / 60);
    return text;
}

std::string count_text(std::uint64_t count) {
    std::string digits = std::to_string(count);
    for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
    return digits;
}

}  // namespace tool
