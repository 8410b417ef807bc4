// SPDX-License-Identifier: BSL-1.0
//
// How a codec is found by its id. That each keeps its contract, the conformance kit shows.
#include "foreshadow/store/decoders.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>

namespace fs = foreshadow;

namespace {

template <class Codec>
void expect_round_trips(const Codec& codec) {
    std::mt19937_64 random{5};
    for (const std::size_t size : {0U, 1U, 100U, 70'000U}) {
        std::string raw(size, 'a');
        for (std::size_t i = 0; i < size; i += 3) raw[i] = static_cast<char>(random());
        std::string pressed = "kept";
        codec.compress(raw, pressed);
        std::string back = "kept";
        fs::decompress(Codec::id, std::string_view{pressed}.substr(4), size, back);
        CHECK(back == "kept" + raw);
    }
}

}  // namespace

TEST_CASE("what a codec compresses is decompressed by its id") {
    expect_round_trips(fs::no_codec{});
    expect_round_trips(fs::zstd{});
    expect_round_trips(fs::zstd{19});
    expect_round_trips(fs::lz4{});
}

TEST_CASE("a codec that nobody knows is an unsupported format") {
    std::string out;
    try {
        fs::decompress(77, "bytes", 5, out);
        FAIL("decompressed");
    } catch (const fs::error& e) {
        CHECK(e.code() == fs::errc::unsupported_format);
    }
}
