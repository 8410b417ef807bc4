// SPDX-License-Identifier: BSL-1.0
//
// Encoded keys of SQLite's tables. Bytes that no encoder wrote may be read as some value, but that value is then
// written in one way only.
#include "foreshadow/sqlite/table/key_encoding.hpp"

#include "fuzz.hpp"

#include <string>

namespace sqlite = foreshadow::sqlite;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view in = fuzz::text(data, size);
    const unsigned choice = fuzz::take_choice(in);
    // Not `nocase`: it keeps the length of a text after its first NUL, and a wrong length is a gigabyte of NULs.
    const sqlite::key_column column{.name = "k",
                                    .collate = choice % 2 == 0 ? sqlite::collation::binary : sqlite::collation::rtrim,
                                    .descending = choice / 2 % 2 == 1};
    const std::string_view whole = in;
    const auto value = sqlite::take_key(in, column);
    if (!value) {
        fuzz::expect(in == whole, "what is not understood is left where it was");
        return 0;
    }
    std::string written;
    sqlite::append_key(written, value->view(), column);
    std::string_view rest = written;
    const auto again = sqlite::take_key(rest, column);
    fuzz::expect(again && rest.empty(), "what was taken off can be appended");
    std::string rewritten;
    sqlite::append_key(rewritten, again->view(), column);
    fuzz::expect(rewritten == written, "and is written alike ever after");
    return 0;
}
