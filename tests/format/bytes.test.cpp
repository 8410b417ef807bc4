// SPDX-License-Identifier: BSL-1.0
//
// The format's bytes, with fixed keys, field by field. If one of these fails, repositories that exist can no longer be
// read: the format's version has to change, and the old form stays readable.
#include "foreshadow/store/block.hpp"
#include "foreshadow/store/block_index.hpp"
#include "foreshadow/store/detail/segment_content.hpp"
#include "foreshadow/store/envelope.hpp"
#include "foreshadow/store/memory_store.hpp"
#include "foreshadow/store/no_codec.hpp"
#include "foreshadow/store/pack.hpp"
#include "foreshadow/store/tree.hpp"
#include "run.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <string>

namespace fs = foreshadow;
using fs::testing::run;

namespace {

using plain_sealing = fs::detail::sealing<fs::no_codec, fs::no_cipher>;

/// The keys of all samples: the id key is 32 times 0x11, the cut seed 0x0123456789abcdef.
plain_sealing fixed() {
    fs::digest id;
    id.bytes.fill(0x11);
    return {{}, {}, fs::repository_keys::from(id, 0x0123'4567'89ab'cdefU)};
}

fs::row_batch two_rows() {
    fs::row_batch rows;
    rows.append("apple", "red");
    rows.append("apricot", "x");
    return rows;
}

/// Every single-byte damage and every truncation of `whole` must make `read` throw one of the three codes.
void expect_damage_found(const std::string& whole, const std::function<void(const std::string&)>& read) {
    const auto expect_error = [&](const std::string& damaged, std::size_t at) {
        try {
            read(damaged);
            FAIL("damage at byte " << at << " was not found");
        } catch (const fs::error& e) {
            INFO("byte " << at << ": " << e.line());
            CHECK((e.code() == fs::errc::corrupt || e.code() == fs::errc::unsupported_format ||
                   e.code() == fs::errc::not_found));
        }
    };
    read(whole);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        for (const int mask : {0x01, 0x80, 0xff}) {
            std::string damaged = whole;
            damaged[i] = static_cast<char>(damaged[i] ^ mask);
            expect_error(damaged, i);
        }
        expect_error(whole.substr(0, i), i);
    }
}

}  // namespace

TEST_CASE("a block of rows is these bytes") {
    CHECK(fs::to_hex(fs::encode_block(fs::block_kind::rows, two_rows())) ==
          "01"          // kind: rows
          "02"          // 2 rows
          "10"          // 16 bytes of keys
          "000503"      // shares 0, 5 of its own, value of 3
          "6170706c65"  // "apple"
          "020501"      // shares "ap", 5 of its own, value of 1
          "7269636f74"  // "ricot"
          "00000000"    // restart 0: keys at 0
          "00000000"    //            values at 0
          "726564"      // "red"
          "78");        // "x"
}

TEST_CASE("a node is a block whose values name its children") {
    fs::row_batch children;
    fs::tree_child child{.first = "a", .id = {}, .rows = 300, .bytes = 5};
    child.id.bytes.fill(0xcc);
    fs::append_child(children, child);
    CHECK(fs::to_hex(fs::encode_block(fs::block_kind::node, children)) ==
          "02"                // kind: node
          "01"                // 1 child
          "04"                // 4 bytes of keys
          "00012361"          // shares 0, 1 of its own, value of 35; "a"
          "0000000000000000"  // restart 0
          "ac02"              // 300 rows
          "05"                // 5 bytes
          "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc");  // id
}

TEST_CASE("an envelope is these bytes, and every damage to it is found") {
    const auto with = fixed();
    const std::string name = "sources/s/points/1";
    const auto object = fs::close_envelope(with, name, fs::object_kind::point, "hello");
    CHECK(fs::to_hex(object) ==
          "4653484f"          // "FSHO"
          "04"                // kind: point
          "01"                // version
          "00"                // codec: none
          "00"                // cipher: none
          "0500000000000000"  // 5 bytes before compression
          "733b0bc1bd83854070c415de20c42406fba0402fab492d6ab288ba21bfaccce3"
          "68656c6c6f");  // "hello"
    expect_damage_found(object, [&](const std::string& bytes) {
        const auto payload = fs::open_envelope(with, name, fs::object_kind::point, bytes);
        CHECK(payload == "hello");
    });
    CHECK_THROWS_AS(fs::open_envelope(with, "sources/s/points/2", fs::object_kind::point, object), fs::error);
}

TEST_CASE("a pack ends in these bytes, and every damage to it is found") {
    const auto with = fixed();
    const std::string name = "packs/00/00";
    const auto encoded = fs::encode_block(fs::block_kind::rows, two_rows());
    const auto id = fs::hmac_sha256(with.keys.id, {encoded});
    fs::pack_builder builder;
    builder.add(id, with.close(encoded, id.view()));
    const auto object = builder.finish(with, name);
    CHECK(fs::to_hex(object.substr(encoded.size())) ==
          "92e365438c070a78205d0368e944bc91cb8de24dca2962a9c8bd72b7f5c6d39f"  // id of the block
          "1f"                                                                // 31 bytes stored
          "1f"                                                                // 31 bytes before compression
          "00"                                                                // codec: none
          "eda6a80258ee03b6"                                                  // XXH3 of the stored bytes
          "1f00000000000000"                                                  // the index begins at 31
          "2b000000"                                                          // 43 bytes of it stored
          "2b000000"                                                          // 43 bytes before compression
          "01000000"                                                          // 1 block
          "01"                                                                // version
          "00"                                                                // codec of the index: none
          "00"                                                                // cipher: none
          "00"
          "d54879bc4298cefe02d9af96acdb0741be421c3e06e2905d8f6b4a7f6308a944"
          "4653485041434b0a");  // "FSHPACK", line feed
    expect_damage_found(object, [&](const std::string& bytes) {
        fs::memory_store store;
        store.objects()[name] = bytes;
        const auto entries = run(fs::read_pack_index(store, with, name, bytes.size()));
        REQUIRE(entries.size() == 1);
        if (fs::hmac_sha256(with.keys.id, {bytes.substr(entries[0].offset, entries[0].stored)}) != entries[0].id)
            throw fs::error{fs::errc::corrupt, "the block does not match its id"};
    });
}

TEST_CASE("a segment is these bytes") {
    const auto with = fixed();
    fs::detail::segment_content content;
    content.head.after = {10};
    content.head.upto = {12};
    content.head.commits.push_back({{12}, {-1}});
    fs::change_batch changes;
    changes.append({fs::change_kind::put, fs::write_hint::inserted, {{12}, 1}, "k", "v"});
    fs::detail::group_changes(changes, {12}, {}, 100, 1000, content);
    const auto object = fs::close_segment(with, "sources/s/journal/10-12", content);
    CHECK(fs::to_hex(object) ==
          "4653484a"  // "FSHJ"
          "01"        // version
          "00"        // codec of the head: none
          "00"        // cipher: none
          "00"
          "32000000"  // 50 bytes of head stored
          "32000000"  // 50 bytes before compression
          "54623943add38566b64017021d02233054f18ab8b2016cc78324b834bb76479f"
          "0a0c"  // after 10, upto 12
          "01"    // 1 commit
          "02"    //   position 10 + 2
          "01"    //   time -1
          "00"    // no layout change
          "01"    // 1 frame
          "07"    //   7 bytes stored
          "07"    //   7 bytes before compression
          "00"    //   codec: none
          "00"    //   flags: none
          "01"    //   1 change
          "0c0c"  //   first and last position 12
          "016b"  //   first key "k"
          "016b"  //   last key "k"
          "b85074cac6fa0b6325bc812de52edffcc0dd263286b6094d0d723557bacddea9"
          "02"      // frame: position 10 + 2
          "01"      // ordinal 1
          "08"      // put, inserted
          "016b"    // "k"
          "0176");  // "v"
}

TEST_CASE("foreshadow.json is this text, and every damage to it is found") {
    fs::repository_config config{"00112233445566778899aabbccddeeff", fixed().keys};
    const auto text = config.text();
    CHECK(text == R"({
  "format": "foreshadow repository",
  "id": "00112233445566778899aabbccddeeff",
  "key_slots": [
    {
      "cut_seed": "efcdab8967452301",
      "id_key": "1111111111111111111111111111111111111111111111111111111111111111",
      "kind": "none"
    }
  ],
  "seal": "6da5d69a3e787c02f0718d3032f8001873dbaa5f0e3e65b846ce3ecce1bdf4b7",
  "version": 1
}
)");
    expect_damage_found(text.substr(0, text.size() - 1), [&](const std::string& bytes) {
        const auto read = fs::repository_config::parse(bytes);
        CHECK(read.id == config.id);
    });
}

TEST_CASE("every damage to a block's bytes that could pass for a block is rows or an error, never a crash") {
    fs::row_batch rows;
    for (int i = 0; i < 40; ++i)
        rows.append("key" + std::to_string(i + 100), std::string(static_cast<std::size_t>(i), 'v'));
    const auto encoded = fs::encode_block(fs::block_kind::rows, rows);
    for (std::size_t i = 0; i < encoded.size(); ++i)
        for (const int mask : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
            std::string damaged = encoded;
            damaged[i] = static_cast<char>(damaged[i] ^ mask);
            for (const fs::key_range& range : {fs::key_range::all(), fs::key_range{"key120", "key130"}}) {
                fs::row_batch out;
                try {
                    fs::decode_block(fs::block_kind::rows, damaged, range, out);
                    CHECK(out.bytes() <= 40 * encoded.size());
                } catch (const fs::error& e) {
                    if (e.code() != fs::errc::corrupt) FAIL(e.line());
                }
            }
        }
}
