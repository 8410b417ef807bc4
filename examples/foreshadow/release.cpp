// SPDX-License-Identifier: BSL-1.0
#include "verbs.hpp"

#include "foreshadow/sqlite/source.hpp"

#include <iostream>

namespace tool {

namespace {

foreshadow::task<bool> release_source(foreshadow::sqlite::source& source) {
    co_await source.release();
    co_return true;
}

}  // namespace

int release(const release_settings& chosen) {
    foreshadow::sqlite::source source{sqlite_path(chosen.source)};
    run(release_source(source));
    if (chosen.json)
        print({{"released", to_json(chosen.source)}});
    else
        std::cout << "nothing of foreshadow is left in " << chosen.source << std::endl;
    return exit_status::done;
}

}  // namespace tool
