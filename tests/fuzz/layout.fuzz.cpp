// SPDX-License-Identifier: BSL-1.0
//
// Layouts and their changes, as journals hold them.
#include "foreshadow/store/layout_format.hpp"

#include "fuzz.hpp"

namespace fs = foreshadow;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view in = fuzz::text(data, size);
    const bool whole = fuzz::take_choice(in) % 2 == 0;
    const auto written = [&](std::string_view bytes) {
        fs::detail::byte_reader reader{bytes};
        std::string out;
        if (whole)
            fs::append_layout(fs::read_layout(reader), out);
        else
            fs::append_layout_change(fs::read_layout_change(reader), out);
        return out;
    };
    fuzz::may_refuse([&] {
        const std::string once = written(in);
        fuzz::expect(written(once) == once, "a layout is written as it was read");
    });
    return 0;
}
