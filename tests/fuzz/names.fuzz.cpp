// SPDX-License-Identifier: BSL-1.0
//
// Small texts: a repository's configuration, a lease, the name of a tree.
#include "foreshadow/store/lease.hpp"
#include "foreshadow/store/repository_keys.hpp"
#include "foreshadow/store/tree.hpp"

#include "fuzz.hpp"

namespace fs = foreshadow;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view in = fuzz::text(data, size);
    switch (fuzz::take_choice(in) % 3) {
        case 0:
            fuzz::may_refuse([&] { (void)fs::repository_config::parse(in); });
            break;
        case 1:
            fuzz::may_refuse([&] {
                const auto record = fs::lease_record::parse(in, "lease");
                fuzz::expect(fs::lease_record::parse(record.text(), "lease").text() == record.text(),
                             "a lease is written as it was read");
            });
            break;
        default:
            fuzz::may_refuse([&] {
                const auto root = fs::tree_root::parse(in);
                fuzz::expect(fs::tree_root::parse(root.text()).text() == root.text(),
                             "a tree's name is written as it was read");
            });
    }
    return 0;
}
