// SPDX-License-Identifier: BSL-1.0
//
// A block of rows or of a node, and any range of it.
#include "foreshadow/store/block.hpp"
#include "foreshadow/store/tree.hpp"

#include "fuzz.hpp"

namespace fs = foreshadow;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view in = fuzz::text(data, size);
    const unsigned choice = fuzz::take_choice(in);
    const auto kind = choice % 2 == 0 ? fs::block_kind::rows : fs::block_kind::node;
    fuzz::may_refuse([&] {
        fs::row_batch all;
        fs::decode_block(kind, in, fs::key_range::all(), all);
        for (std::size_t i = 1; i < all.size(); ++i) fuzz::expect(all[i - 1].key <= all[i].key, "keys are in order");

        fs::row_batch again;
        fs::decode_block(kind, fs::encode_block(kind, all), fs::key_range::all(), again);
        fuzz::expect(again.size() == all.size(), "what was decoded is encoded and decoded alike");

        if (all.size() == 0) return;
        const fs::key_range part{std::string{all[choice % all.size()].key}, {}};
        fs::row_batch some;
        fs::decode_block(kind, in, part, some);
        std::size_t first = 0;
        while (all[first].key < part.begin) ++first;
        fuzz::expect(some.size() == all.size() - first, "a range has the rows of the range");
        for (std::size_t i = 0; i < some.size(); ++i)
            fuzz::expect(some[i].key == all[first + i].key && some[i].value == all[first + i].value,
                         "a range has the rows of the whole");
    });
    fuzz::may_refuse([&] { (void)fs::children_in(in, fs::key_range::all()); });
    return 0;
}
