// SPDX-License-Identifier: BSL-1.0
//
// SQLite itself is the oracle: encoded keys must order, and be equal, as its own comparison says.
#include "foreshadow/sqlite/table/key_encoding.hpp"

#include "foreshadow/sqlite/table/partition_map.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::sqlite::tests {
namespace {

/// Values of every storage class, close to each other more often than not: neighbours are where orders go wrong.
class value_source {
  public:
    value_source(std::uint64_t seed, bool any_bytes) : random_{seed}, any_bytes_{any_bytes} {}

    key_value next() {
        switch (random_() % 10) {
            case 0:
                return {};
            case 1:
            case 2:
                return {.kind = value_kind::integer, .integer = integer()};
            case 3:
            case 4:
                return {.kind = value_kind::real, .real = real()};
            case 5:
                return {.kind = value_kind::blob, .bytes = bytes()};
            default:
                return {.kind = value_kind::text, .bytes = text()};
        }
    }

  private:
    std::int64_t integer() {
        static constexpr std::array<std::int64_t, 8> corners{0,
                                                             std::int64_t{1} << 53,
                                                             -(std::int64_t{1} << 53),
                                                             std::numeric_limits<std::int64_t>::max() - 600,
                                                             std::numeric_limits<std::int64_t>::min() + 3,
                                                             1000,
                                                             std::int64_t{1} << 62,
                                                             -(std::int64_t{1} << 60)};
        const auto near = static_cast<std::int64_t>(random_() % 7) - 3;
        return corners[random_() % corners.size()] + near;
    }
    double real() {
        static const std::array<double, 10> corners{0.0,
                                                    -0.0,
                                                    9007199254740992.0,
                                                    -9007199254740993.0,
                                                    9223372036854775808.0,
                                                    -9223372036854775808.0,
                                                    std::numeric_limits<double>::infinity(),
                                                    -std::numeric_limits<double>::infinity(),
                                                    5e-324,
                                                    1000.5};
        const double corner = corners[random_() % corners.size()];
        const auto near = random_() % 3;
        return near == 0 ? corner : std::nextafter(corner, near == 1 ? 1e308 : -1e308);
    }
    std::string text() {
        static const std::vector<std::string> letters{"a", "A", "b", "Z",      "z",      " ",      "  ",
                                                      "[", "`", "1", "\u00e9", "\u20ac", "\uffee", "\U0001f600"};
        std::string made;
        for (auto n = random_() % 5; n > 0; --n)
            made += random_() % 9 == 0 ? std::string(1, '\0') : letters[random_() % letters.size()];
        if (any_bytes_ && random_() % 6 == 0) made += static_cast<char>(0x80 + random_() % 0x80);
        return made;
    }
    std::string bytes() {
        std::string made;
        for (auto n = random_() % 4; n > 0; --n) made += "\x00\x01\x7f\xff"[random_() % 4];
        return made;
    }

    std::mt19937_64 random_;
    bool any_bytes_;
};

/// A value as the database stores it, and as a key is made of it.
struct stored {
    std::int64_t id = 0;
    key_value value;
    std::string encoded;
};

constexpr std::array names{"BINARY", "NOCASE", "RTRIM"};

}  // namespace

TEST_CASE("encoded keys order as SQLite orders values, and come back equal", "[sqlite]") {
    const std::string encoding = GENERATE("UTF-8", "UTF-16le", "UTF-16be");
    const auto collate = GENERATE(collation::binary, collation::nocase, collation::rtrim);
    const bool descending = GENERATE(false, true);
    const std::string name = names[static_cast<std::size_t>(collate)];
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(encoding, name, descending, seed);
        connection db{":memory:", open_mode::create};
        db.execute("PRAGMA encoding = " + literal(encoding) + "; CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
        const text_encoding how = encoding_of(db);
        const bool wide = how != text_encoding::utf8 && collate == collation::binary;
        const key_column column{.name = "v", .collate = collate, .descending = descending};
        value_source values{seed, how == text_encoding::utf8};
        for (int i = 0; i < 40; ++i) {
            statement& add = db.cached("INSERT INTO t(v) VALUES(?1)");
            bind_value(add, 1, values.next().view());
            add.run();
        }
        std::vector<stored> all;
        statement& rows = db.cached("SELECT id, v FROM t");
        while (rows.step()) {
            stored one{.id = rows.integer(0), .value = detail::owned(column_value(rows, 1, wide)), .encoded = {}};
            append_key(one.encoded, one.value.view(), column, how);
            all.push_back(std::move(one));
        }
        REQUIRE(all.size() == 40);
        bool orders_agree = true;
        bool pairs_agree = true;
        statement& compare = db.cached("SELECT a.v COLLATE " + name +
                                       " IS b.v, a.v IS NULL AND b.v IS NOT NULL OR a.v "
                                       "COLLATE " +
                                       name + " < b.v FROM t a, t b WHERE a.id = ?1 AND b.id = ?2");
        for (const stored& a : all)
            for (const stored& b : all) {
                compare.reset();
                compare.bind(1, a.id);
                compare.bind(2, b.id);
                REQUIRE(compare.step());
                const bool equal = compare.integer(0) != 0;
                const bool less = compare.integer(1) != 0;
                const bool before = descending ? !equal && !less : less;
                orders_agree = orders_agree && equal == (a.encoded == b.encoded) && before == (a.encoded < b.encoded);
                // No key is the beginning of another, so a second column never decides against the first.
                pairs_agree = pairs_agree && (equal || (a.encoded + '\xff' < b.encoded) == before);
            }
        CHECK(orders_agree);
        CHECK(pairs_agree);

        bool come_back = true;
        statement& same = db.cached("SELECT v COLLATE " + name + " IS ?2 FROM t WHERE id = ?1");
        for (const stored& one : all) {
            const std::string followed = one.encoded + "rest";
            std::string_view in = followed;
            const auto taken = take_key(in, column, how);
            REQUIRE(taken);
            std::string again;
            append_key(again, taken->view(), column, how);
            same.reset();
            same.bind(1, one.id);
            bind_value(same, 2, taken->view());
            come_back = come_back && in == "rest" && again == one.encoded && same.step() && same.integer(0) != 0;
            for (std::size_t cut = 0; cut < one.encoded.size(); ++cut) {
                std::string_view part = std::string_view{one.encoded}.substr(0, cut);
                come_back = come_back && !take_key(part, column, how);
            }
        }
        CHECK(come_back);
    }
}

TEST_CASE("rowids order as numbers, and come back", "[sqlite]") {
    std::mt19937_64 random{7};
    std::vector<std::int64_t> ids{0, -1, 1, std::numeric_limits<std::int64_t>::min(),
                                  std::numeric_limits<std::int64_t>::max()};
    for (int i = 0; i < 100; ++i) ids.push_back(static_cast<std::int64_t>(random()));
    const auto encoded = [](std::int64_t id) {
        std::string k;
        append_rowid(k, id);
        return k;
    };
    for (const std::int64_t a : ids) {
        const std::string k = encoded(a);
        std::string_view in = k;
        CHECK(take_rowid(in) == a);
        CHECK(in.empty());
        for (const std::int64_t b : ids)
            if ((a < b) != (k < encoded(b))) FAIL(std::to_string(a) + " and " + std::to_string(b));
    }
}

}  // namespace foreshadow::sqlite::tests
