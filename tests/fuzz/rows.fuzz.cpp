// SPDX-License-Identifier: BSL-1.0
//
// What rows hold: changes encoded as rows, columns, patches.
#include "foreshadow/row/change_row.hpp"
#include "foreshadow/row/columns.hpp"

#include "fuzz.hpp"

#include <algorithm>
#include <string>

namespace fs = foreshadow;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view in = fuzz::text(data, size);
    const std::size_t choice = fuzz::take_choice(in);
    const std::size_t cut = std::min(choice, in.size());
    const std::string_view front = in.substr(0, cut);
    const std::string_view back = in.substr(cut);
    fuzz::may_refuse([&] {
        const fs::change_view change = fs::read_change_row({front, back});
        fs::row_batch written;
        fs::append_change_row(change, written);
        const fs::change_view again = fs::read_change_row(written[0]);
        fuzz::expect(again.at == change.at && again.kind == change.kind && again.key == change.key &&
                         again.payload == change.payload,
                     "a change is written as it was read");
    });
    fuzz::may_refuse([&] {
        std::string row;
        fs::apply_patch(front, back, row);
        (void)fs::columns_of(row);
    });
    fuzz::may_refuse([&] {
        std::string folded;
        fs::fold_patches(front, back, folded);
        fuzz::expect(fs::detail::is_ascending(folded), "a folded patch names its columns in order");
    });
    return 0;
}
