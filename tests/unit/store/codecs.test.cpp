// SPDX-License-Identifier: BSL-1.0
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

template <class Codec>
void expect_bounded(const Codec& codec) {
    const std::string raw(1000, 'x');
    std::string pressed;
    codec.compress(raw, pressed);
    for (const std::size_t stated : {std::size_t{0}, std::size_t{999}, std::size_t{1001}, std::size_t{1} << 46}) {
        std::string out;
        CHECK_THROWS_AS(codec.decompress(pressed, stated, out), fs::error);
        CHECK(out.size() <= raw.size());
    }
    std::mt19937_64 random{6};
    for (int i = 0; i < 2000; ++i) {
        std::string damaged = pressed;
        damaged[random() % damaged.size()] ^= static_cast<char>(1 + random() % 255);
        damaged.resize(damaged.size() - random() % 3);
        std::string out;
        try {
            codec.decompress(damaged, raw.size(), out);
            CHECK(out.size() == raw.size());
        } catch (const fs::error& e) {
            CHECK(e.code() == fs::errc::corrupt);
        }
    }
}

}  // namespace

TEST_CASE("what a codec compresses is decompressed by its id") {
    expect_round_trips(fs::no_codec{});
    expect_round_trips(fs::zstd{});
    expect_round_trips(fs::zstd{19});
    expect_round_trips(fs::lz4{});
}

TEST_CASE("a codec gives exactly the stated size or says that the bytes are corrupt") {
    expect_bounded(fs::no_codec{});
    expect_bounded(fs::zstd{});
    expect_bounded(fs::lz4{});
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
