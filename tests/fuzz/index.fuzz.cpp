// SPDX-License-Identifier: BSL-1.0
//
// The list of packs and blocks in an index object.
#include "foreshadow/store/block_index.hpp"

#include "fuzz.hpp"

namespace fs = foreshadow;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::may_refuse([&] {
        const auto packs = fs::decode_index(fuzz::text(data, size));
        fuzz::expect(fs::decode_index(fs::encode_index(packs)) == packs, "an index is written as it was read");
    });
    return 0;
}
