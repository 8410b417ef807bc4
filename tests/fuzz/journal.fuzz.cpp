// SPDX-License-Identifier: BSL-1.0
//
// The head of a journal segment, and the changes of a frame.
#include "foreshadow/store/journal_format.hpp"

#include "fuzz.hpp"

namespace fs = foreshadow;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view in = fuzz::text(data, size);
    if (fuzz::take_choice(in) % 2 == 0) {
        fuzz::may_refuse([&] {
            const auto directory = fs::detail::decode_journal_head(in, 100);
            const auto head = fs::detail::encode_journal_head(directory);
            fuzz::expect(fs::detail::encode_journal_head(fs::detail::decode_journal_head(head, 100)) == head,
                         "a head is written as it was read");
        });
        return 0;
    }
    fuzz::may_refuse([&] {
        fs::detail::byte_reader frame{in};
        fs::position before{};
        while (!frame.at_end()) {
            const fs::change_view change = fs::detail::read_change(frame, before);
            std::string written;
            fs::detail::append_change(change, before, written);
            fs::detail::byte_reader again{written};
            const fs::change_view reread = fs::detail::read_change(again, before);
            fuzz::expect(again.at_end() && reread.at == change.at && reread.key == change.key &&
                             reread.payload == change.payload && reread.kind == change.kind,
                         "a change is written as it was read");
            before = change.at.at;
        }
    });
    return 0;
}
