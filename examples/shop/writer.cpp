// SPDX-License-Identifier: BSL-1.0
#include "writer.hpp"

#include "engine.hpp"
#include "workload.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <iostream>
#include <vector>

namespace shop {

namespace {

using steady = std::chrono::steady_clock;

std::int64_t microseconds_now() {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/// Customers come at a rate: waits for the next one. False when whoever controls the writer is gone or wants it to end.
bool wait_for_customer(steady::time_point when, bool controlled) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(when - steady::now());
    const std::int64_t wait = std::max<std::int64_t>(left.count(), 0);
    const timespec pause{wait / 1'000'000'000, wait % 1'000'000'000};
    pollfd control{STDIN_FILENO, POLLIN, 0};
    return ppoll(&control, controlled ? 1 : 0, &pause, nullptr) <= 0;
}

void print_statistics(std::vector<double> milliseconds, std::uint64_t layout_changes, double seconds) {
    std::sort(milliseconds.begin(), milliseconds.end());
    const auto at = [&](double share) {
        return milliseconds.empty()
                   ? 0
                   : milliseconds[static_cast<std::size_t>(share * static_cast<double>(milliseconds.size() - 1))];
    };
    std::cout << "statistics " << milliseconds.size() << ' ' << layout_changes << ' ' << seconds << ' ' << at(0.5)
              << ' ' << at(0.99) << ' ' << at(1) << std::endl;
}

}  // namespace

int write(const std::string& path, dimensions size, double seconds) {
    constexpr std::chrono::microseconds between_customers{1'500};
    connection db = open_shop(path, foreshadow::sqlite::open_mode::read_write);
    workload work{db, size};
    engine partitions{
        {&work.orders_table(), &work.users_table(), &work.stock_table()}, work.sessions_table(), size.split_rows()};
    while (!partitions.keep_house(microseconds_now()).empty()) {
    }
    std::vector<double> milliseconds;
    std::uint64_t layout_changes = 0;
    const auto begun = steady::now();
    const auto since_begin = [&] { return std::chrono::duration<double>(steady::now() - begun).count(); };
    auto next = begun;
    const bool controlled = seconds == 0;
    while (wait_for_customer(next, controlled) && (controlled || since_begin() < seconds)) {
        const auto before = steady::now();
        work.step(microseconds_now());
        milliseconds.push_back(std::chrono::duration<double, std::milli>(steady::now() - before).count());
        if (milliseconds.size() == 1 && controlled && ::write(STDIN_FILENO, "r", 1) != 1) return 1;
        if (milliseconds.size() % 25 == 0) {
            const std::string done = partitions.keep_house(microseconds_now());
            if (!done.empty()) {
                ++layout_changes;
                std::cout << microseconds_now() << ' ' << done << std::endl;
            }
        }
        // Who is late does not hurry: a shop that was held up has lost those customers.
        next = std::max(next + between_customers, steady::now() - between_customers);
    }
    print_statistics(std::move(milliseconds), layout_changes, since_begin());
    return 0;
}

}  // namespace shop
