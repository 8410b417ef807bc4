// SPDX-License-Identifier: BSL-1.0
// expects: the file had [0-9]+ commits at the restore point; restored [1-9][0-9]* rows, equal
//
// An adapter written from nothing: a source, a target and an object store for a small key-value file, backed up while
// somebody writes to it. Read `kv_source.hpp` first; how the three are tested is in tests/unit/examples/.
#include "flat_store.hpp"
#include "kv_source.hpp"
#include "kv_target.hpp"

#include "foreshadow/compose.hpp"

#include "../example.hpp"

#include <thread>

/// Somebody else's program.
void keep_writing(const std::stop_token& stop, kv_file file) {
    for (int i = 0; !stop.stop_requested(); ++i) {
        file.put("key " + std::to_string(i % 200), "value " + std::to_string(i));
        if (i % 5 == 0) file.erase("key " + std::to_string(i * 7 % 300));
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
}

foreshadow::task<> example() {
    using namespace foreshadow;
    kv_file file = kv_file::create("data.kv");
    for (int i = 0; i < 300; ++i) file.put("key " + std::to_string(i), "first");
    auto nightly = compose(back_up(kv_source{file}), keep_in(flat_store{"backups"}));
    std::jthread writer{keep_writing, file};
    const restore_point point = co_await nightly.back_up();
    writer.request_stop();
    co_await nightly.restore(point, kv_target{"restored.kv"});

    const auto restored = kv_file{"restored.kv"}.commits();
    const auto rows = kv_file::rows(restored, restored.size());
    const auto truth = kv_file::rows(file.commits(), point.at.value);
    std::cout << "the file had " << point.at.value << " commits at the restore point; restored " << rows.size()
              << " rows, " << (rows == truth ? "equal" : "not equal") << "\n";
}

int main() { return run_example(example()); }
