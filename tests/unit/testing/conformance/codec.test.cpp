// SPDX-License-Identifier: BSL-1.0
//
// The codecs and the cipher of the tree keep their contracts; those with one flaw are found.
#include "foreshadow/testing/conformance/codec.hpp"

#include "foreshadow/store/lz4.hpp"
#include "foreshadow/store/no_codec.hpp"
#include "foreshadow/store/zstd.hpp"
#include "foreshadow/testing/conformance/cipher.hpp"

#include "expect_contract.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

namespace fs = foreshadow;
namespace ft = foreshadow::testing;

using support::expect_broken;
using support::expect_kept;

/// lz4, but for one thing.
struct almost_lz4 : fs::lz4 {
    static constexpr std::uint8_t id = 99;
};
struct wrong_at_one_length : almost_lz4 {
    void compress(std::string_view in, std::string& out) const {
        std::string copy{in};
        if (copy.size() == 4097) copy.back() ^= 1;
        almost_lz4::compress(copy, out);
    }
};
struct clears_its_output : almost_lz4 {
    void decompress(std::string_view in, std::size_t size, std::string& out) const {
        out.clear();
        almost_lz4::decompress(in, size, out);
    }
};
struct believes_any_size : almost_lz4 {
    void compress(std::string_view in, std::string& out) const { out += in; }
    void decompress(std::string_view in, std::size_t, std::string& out) const { out += in; }
};
struct throws_what_it_likes : almost_lz4 {
    void decompress(std::string_view in, std::size_t size, std::string& out) const {
        try {
            almost_lz4::decompress(in, size, out);
        } catch (const fs::error&) {
            throw std::runtime_error{"bad bytes"};
        }
    }
};
/// No encryption of any worth, but one that keeps the contract: a keyed sum over everything, and bytes that are turned.
struct toy_cipher {
    static constexpr std::uint8_t id = 99;
    bool binds = true;  ///< whether another's bytes are noticed
    bool sums = true;   ///< whether any change is

    [[nodiscard]] std::string sum(std::string_view in, std::string_view associated) const {
        std::uint64_t h = 1469598103934665603ULL;
        const auto mix = [&](std::string_view bytes) {
            for (const char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
            h = (h ^ bytes.size()) * 1099511628211ULL;
        };
        if (binds) mix(associated);
        mix(in);
        std::string eight;
        for (int i = 0; i < 8; ++i) eight += static_cast<char>(h >> (8 * i));
        return eight;
    }
    void seal(std::string_view in, std::string_view associated, std::string& out) const {
        for (const char c : in) out += static_cast<char>(c ^ 0x5a);
        out += sum(in, associated);
    }
    void open(std::string_view in, std::string_view associated, std::string& out) const {
        if (in.size() < 8) throw fs::error{fs::errc::corrupt, "too short"};
        std::string raw;
        for (const char c : in.substr(0, in.size() - 8)) raw += static_cast<char>(c ^ 0x5a);
        if (sums && sum(raw, associated) != in.substr(in.size() - 8))
            throw fs::error{fs::errc::corrupt, "not sealed here"};
        out += raw;
    }
};

}  // namespace

TEST_CASE("every codec keeps the contract") {
    expect_kept(ft::check_codec([] { return fs::no_codec{}; }));
    expect_kept(ft::check_codec([] { return fs::lz4{}; }));
    expect_kept(ft::check_codec([] { return fs::zstd{}; }));
    expect_kept(ft::check_codec([] { return almost_lz4{}; }));
}

TEST_CASE("each flaw of a codec is found under the rule that it breaks") {
    using rules = ft::codec_rules;
    expect_broken(ft::check_codec([] { return wrong_at_one_length{}; }), rules::round_trip);
    expect_broken(ft::check_codec([] { return clears_its_output{}; }), rules::appends);
    expect_broken(ft::check_codec([] { return believes_any_size{}; }), rules::sizes);
    expect_broken(ft::check_codec([] { return believes_any_size{}; }), rules::garbage);
    expect_broken(ft::check_codec([] { return throws_what_it_likes{}; }), rules::garbage);
}

TEST_CASE("the cipher that seals nothing keeps the contract, and one that seals") {
    expect_kept(ft::check_cipher([] { return fs::no_cipher{}; }));
    const ft::report report = ft::check_cipher([] { return toy_cipher{}; });
    expect_kept(report);
    CHECK(report.was_checked(ft::cipher_rules::seals));
}

TEST_CASE("a cipher that takes what was changed or belongs to another is found") {
    expect_broken(ft::check_cipher([] { return toy_cipher{.binds = false}; }), ft::cipher_rules::seals);
    expect_broken(ft::check_cipher([] { return toy_cipher{.sums = false}; }), ft::cipher_rules::seals);
}
