// SPDX-License-Identifier: BSL-1.0
//
// What fuzzers share. A parser of bytes from outside either understands them or refuses them with `corrupt` or
// `unsupported_format`; every other exception, and every crash, is a defect.
#pragma once

#include "foreshadow/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

[[nodiscard]] inline std::string_view text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// Ends the process when what must hold does not.
inline void expect(bool holds, const char* what) {
    if (holds) return;
    std::cerr << "does not hold: " << what << std::endl;
    std::abort();
}

/// Runs a parser; a refusal of its input is no defect.
template <class F>
void may_refuse(F parse) {
    try {
        parse();
    } catch (const foreshadow::error& e) {
        expect(e.code() == foreshadow::errc::corrupt || e.code() == foreshadow::errc::unsupported_format,
               "bad bytes are `corrupt` or of an unsupported format");
    }
}

/// Takes the first byte off, to choose by; 0 where there is none.
[[nodiscard]] inline unsigned take_choice(std::string_view& in) {
    if (in.empty()) return 0;
    const auto choice = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    return choice;
}

}  // namespace fuzz
