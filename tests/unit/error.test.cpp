// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/error.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>

namespace fs = foreshadow;

TEST_CASE("every code has a name of its own, and other numbers have none") {
    std::set<std::string> names;
    int codes = 0;
    for (; fs::name_of(static_cast<fs::errc>(codes + 1)) != std::string{"unknown"}; ++codes)
        names.insert(fs::name_of(static_cast<fs::errc>(codes + 1)));
    CHECK(codes == static_cast<int>(fs::errc::internal));
    CHECK(names.size() == static_cast<std::size_t>(codes));
    CHECK(fs::name_of(static_cast<fs::errc>(0)) == std::string{"unknown"});
}

TEST_CASE("an error is one line: what, of which object, and what to do") {
    const fs::error e = fs::error{fs::errc::corrupt, "a block is damaged", "run `foreshadow verify`"}
                            .with("object", "packs/0a/1")
                            .with("block", "7");
    CHECK(e.line() == "a block is damaged (object packs/0a/1, block 7); hint: run `foreshadow verify`");
    CHECK(e.fact("object") == "packs/0a/1");
    CHECK(e.fact("point").empty());
    CHECK(fs::error{fs::errc::busy, "it is locked"}.line() == "it is locked");
}

TEST_CASE("an object that the message names already is named once in the line") {
    const fs::error e =
        fs::error{fs::errc::corrupt, "object packs/0a/1 is damaged: it is cut off"}.with("object", "packs/0a/1");
    CHECK(e.line() == "object packs/0a/1 is damaged: it is cut off");
    CHECK(e.fact("object") == "packs/0a/1");
    const fs::error more = fs::error{e}.with("block", "7");
    CHECK(more.line() == "object packs/0a/1 is damaged: it is cut off (block 7)");
}

TEST_CASE("codes are error codes of their own category") {
    const std::error_code code = fs::make_error_code(fs::errc::busy);
    CHECK(code.category().name() == std::string{"foreshadow"});
    CHECK(code.message() == "busy");
    CHECK(code != std::make_error_code(std::errc::device_or_resource_busy));
}
