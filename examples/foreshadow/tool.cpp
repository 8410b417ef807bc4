// SPDX-License-Identifier: BSL-1.0
#include "tool.hpp"

#include "databases.hpp"

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

namespace {

[[noreturn]] void refuse_database(const std::string& url) {
    throw wrong_usage{"\"" + without_password(url) + "\" is not a database that this build knows",
                      "write sqlite:PATH or postgresql://USER@HOST/DATABASE, for example sqlite:shop.db"};
}

[[nodiscard]] bool is_postgresql(const url& parsed) {
    return (parsed.scheme == "postgresql" || parsed.scheme == "postgres") && parsed.rest.substr(0, 2) == "//";
}

}  // namespace

any_source source_at(const std::string& url) {
    const auto parsed = parse_url(url);
    if (is_postgresql(parsed)) return foreshadow::postgresql::source{url};
    if (parsed.scheme != "sqlite" || parsed.rest.empty()) refuse_database(url);
    foreshadow::sqlite::source_options how;
    // A call that waits cannot be stopped meanwhile; in a pause between two calls the backup can.
    how.busy_timeout = std::chrono::seconds{1};
    return foreshadow::sqlite::source{parsed.rest, how};
}

any_target target_at(const std::string& url) {
    const auto parsed = parse_url(url);
    if (is_postgresql(parsed)) return foreshadow::postgresql::target{url};
    if (parsed.scheme != "sqlite" || parsed.rest.empty()) refuse_database(url);
    return foreshadow::sqlite::target{parsed.rest};
}

std::string repository_path(const std::string& text) {
    const url parsed = parse_url(text);
    if (parsed.scheme.empty() && !parsed.rest.empty()) return parsed.rest;
    throw wrong_usage{"\"" + text + "\" is not a repository that this build knows", "write the path of a directory"};
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

namespace {

/// Positions and times are plain numbers to a script: {"value": 7} becomes 7.
json plain(const json& from) {
    if (from.is_object() && from.size() == 1 && from.begin()->is_number() &&
        (from.begin().key() == "value" || from.begin().key() == "microseconds"))
        return *from.begin();
    if (!from.is_structured()) return from;
    json made = from;
    for (auto& member : made) member = plain(member);
    return made;
}

}  // namespace

void print(const json& object, bool on_one_line) { std::cout << plain(object).dump(on_one_line ? -1 : 2) << std::endl; }

namespace {

int report(const error& e, int status, bool wants_json) {
    std::cerr << "foreshadow: " << e.line() << std::endl;
    if (!wants_json) return status;
    json facts = json::object();
    for (const auto& [name, value] : e.facts()) facts[name] = to_json(value);
    print({{"error",
            {{"code", name_of(e.code())},
             {"message", to_json(e.message())},
             {"hint", to_json(e.hint())},
             {"facts", facts}}},
           {"status", status}});
    return status;
}

}  // namespace

int report(const wrong_usage& e, bool wants_json) { return report(e, exit_status::wrong_usage, wants_json); }

int report(const error& e, bool wants_json) {
    // An object of another version than its repository's is damage; a repository of a newer version is not.
    const std::string object = e.fact("object");
    const bool is_damage = e.code() == errc::corrupt || e.code() == errc::conflict ||
                           (e.code() == errc::not_found && !object.empty()) ||
                           (e.code() == errc::unsupported_format && !object.empty() &&
                            object != foreshadow::repository_config::object_name);
    return report(e, is_damage ? exit_status::not_sound : exit_status::failed, wants_json);
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
    if (time.microseconds == 0) return "an unknown time";
    const std::time_t seconds = static_cast<std::time_t>(time.microseconds / 1'000'000);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char date[32];
    std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    char text[48];
    std::snprintf(text, sizeof text, "%s.%06dZ", date, static_cast<int>(time.microseconds % 1'000'000));
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
    for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
    return digits;
}

std::string counted(std::uint64_t count, const std::string& noun) {
    const bool ends_in_x = noun.back() == 'x';
    return count_text(count) + ' ' + noun + (count == 1 ? "" : ends_in_x ? "es" : "s");
}

}  // namespace tool
