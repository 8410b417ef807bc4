// SPDX-License-Identifier: BSL-1.0
//
// A restore point's document, and everything that is concluded from it: its layouts over time and its proof.
#include "foreshadow/catalog/restore_point.hpp"
#include "foreshadow/json.hpp"
#include "foreshadow/plane/coverage.hpp"

#include "fuzz.hpp"

namespace fs = foreshadow;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto point = fs::parse_document<fs::restore_point>(fuzz::text(data, size), "points/1");
        const std::string written = fs::document_of(point);
        fuzz::expect(fs::document_of(fs::parse_document<fs::restore_point>(written, "points/1")) == written,
                     "a point is written as it was read");
        const fs::layout shape = fs::history_of(point.knows).at(point.at);
        (void)fs::prove(point.knows.known, shape, point.at);
    } catch (const fs::error& e) {
        fuzz::expect(e.code() == fs::errc::corrupt || e.code() == fs::errc::conflict ||
                         e.code() == fs::errc::not_restorable || e.code() == fs::errc::unsupported_format,
                     "a wrong document is damage, or contradicts itself");
    }
    return 0;
}
