// SPDX-License-Identifier: BSL-1.0
#include "databases.hpp"
#include "verbs.hpp"

#include <iostream>

namespace tool {

namespace {

foreshadow::task<bool> release_source(any_source& source) {
    co_await source.release();
    co_return true;
}

}  // namespace

int release(const release_settings& chosen) {
    any_source source = source_at(chosen.source);
    run(release_source(source));
    if (chosen.json)
        print({{"released", to_json(without_password(chosen.source))}});
    else
        std::cout << "nothing of foreshadow is left in " << without_password(chosen.source) << std::endl;
    return exit_status::done;
}

}  // namespace tool
