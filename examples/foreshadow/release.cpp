// SPDX-License-Identifier: BSL-1.0
#include "databases.hpp"
#include "verbs.hpp"

#include <iostream>
#include <string>
#include <vector>

namespace tool {

namespace {

/// What is left: what the role may not remove, or what somebody else uses.
foreshadow::task<std::vector<std::string>> release_source(any_source& source) {
    co_await source.release();
    std::vector<std::string> left = co_await source.left_behind();
    co_return left;
}

}  // namespace

int release(const release_settings& chosen) {
    any_source source = source_at(chosen.source);
    const std::vector<std::string> left = run(release_source(source));
    const std::string shown = without_password(chosen.source);
    if (chosen.json) {
        print({{"released", to_json(shown)}, {"left", to_json(left)}});
        return exit_status::done;
    }
    if (left.empty()) {
        std::cout << "nothing of foreshadow is left in " << shown << std::endl;
        return exit_status::done;
    }
    std::cout << "the log of " << shown
              << " is released; left there, until an administrator releases it or nobody uses it:\n";
    for (const std::string& each : left) std::cout << "  " << each << "\n";
    std::cout.flush();
    return exit_status::done;
}

}  // namespace tool
