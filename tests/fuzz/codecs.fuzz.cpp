// SPDX-License-Identifier: BSL-1.0
//
// Compressed bytes that nobody compressed; and whatever is compressed comes back.
#include "foreshadow/store/lz4.hpp"
#include "foreshadow/store/no_codec.hpp"
#include "foreshadow/store/zstd.hpp"

#include "fuzz.hpp"

#include <string>

namespace fs = foreshadow;

namespace {

template <fs::codec C>
void check(const C& codec, std::string_view in, std::size_t claimed) {
    fuzz::may_refuse([&] {
        std::string out = "before";
        codec.decompress(in, claimed, out);
        fuzz::expect(out.size() == 6 + claimed && out.starts_with("before"), "as many bytes as asked for are appended");
    });
    std::string packed;
    codec.compress(in, packed);
    std::string back;
    codec.decompress(packed, in.size(), back);
    fuzz::expect(back == in, "what was compressed comes back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view in = fuzz::text(data, size);
    const std::size_t claimed = fuzz::take_choice(in) * std::size_t{17};
    check(fs::zstd{}, in, claimed);
    check(fs::lz4{}, in, claimed);
    check(fs::no_codec{}, in, claimed);
    return 0;
}
