// SPDX-License-Identifier: BSL-1.0
#include "../../../examples/foreshadow/without_password.hpp"

#include <catch2/catch.hpp>

#include <string>

TEST_CASE("what stands between the user's colon and the host is not shown") {
    for (const std::string secret :
         {"secret", "se@cret", "se/cret", "12/secret", "?secret", "s?e@c/r=et", "a?b=secret"}) {
        CAPTURE(secret);
        CHECK(tool::without_password("postgresql://me:" + secret + "@host/shop") == "postgresql://me@host/shop");
    }
    CHECK(tool::without_password("postgresql://me:secret@host/shop?sslmode=require&password=secret&user=me") ==
          "postgresql://me@host/shop?sslmode=require&password=&user=me");
}

TEST_CASE("an @ among the options of a URL ends no password") {
    for (const std::string url :
         {"postgresql://host:5432/shop?options=-c%20x@y", "postgresql://me@host/shop?options=-c%20x@y",
          "postgresql://host:5432?application_name=a@b", "postgresql://me@host:5432/shop?options=a:b@c"}) {
        CAPTURE(url);
        CHECK(tool::without_password(url) == url);
    }
    CHECK(tool::without_password("postgresql://me:secret@host:5432/shop?options=-c%20x@y") ==
          "postgresql://me@host:5432/shop?options=-c%20x@y");
}

TEST_CASE("what is no URL is shown as it is") {
    CHECK(tool::without_password("sqlite:shop@home.db") == "sqlite:shop@home.db");
}
