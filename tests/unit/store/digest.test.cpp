// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/store/digest.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <thread>
#include <vector>

namespace fs = foreshadow;

namespace {

/// A shorter key is one with zeros after it.
[[nodiscard]] fs::digest key_of(std::string bytes) {
    bytes.resize(32, '\0');
    return fs::digest::from(bytes);
}

}  // namespace

TEST_CASE("digests are those of the standards") {
    // RFC 4231, cases 1 and 2
    CHECK(fs::to_hex(fs::hmac_sha256(key_of(std::string(20, '\x0b')), {"Hi There"})) ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(fs::to_hex(fs::hmac_sha256(key_of("Jefe"), {"what do ya want ", "for ", "nothing?"})) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    // FIPS 180-4
    CHECK(fs::to_hex(fs::sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(fs::to_hex(fs::sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("a digest that is given up disturbs no later one, on any thread") {
    const std::string expected = fs::to_hex(fs::sha256("abc"));
    const auto check = [&] {
        {
            fs::detail::sha256_stream given_up;
            given_up << "something";
        }
        CHECK(fs::to_hex(fs::sha256("abc")) == expected);
    };
    check();
    std::vector<std::string> found(4);
    std::vector<std::thread> threads;
    for (std::string& each : found) threads.emplace_back([&each] { each = fs::to_hex(fs::sha256("abc")); });
    for (std::thread& t : threads) t.join();
    for (const std::string& each : found) CHECK(each == expected);
}
