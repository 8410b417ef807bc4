// SPDX-License-Identifier: BSL-1.0
//
// Any bytes in the place of an object or a pack: nothing about them is believed before their checksum is right.
#include "foreshadow/store/envelope.hpp"
#include "foreshadow/store/memory_store.hpp"
#include "foreshadow/store/no_codec.hpp"
#include "foreshadow/store/pack.hpp"
#include "run.hpp"

#include "fuzz.hpp"

namespace fs = foreshadow;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fs::detail::sealing<fs::no_codec, fs::no_cipher> with{
        {}, {}, fs::repository_keys::from(fs::digest{}, 1)};
    const std::string_view in = fuzz::text(data, size);
    fuzz::may_refuse([&] { (void)fs::open_envelope(with, "points/1", fs::object_kind::point, in); });
    fuzz::may_refuse([&] {
        fs::memory_store store;
        store.objects()["packs/00/00"] = std::string{in};
        (void)fs::testing::run(fs::read_pack_index(store, with, "packs/00/00", size));
    });
    return 0;
}
