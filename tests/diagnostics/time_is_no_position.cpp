// SPDX-License-Identifier: BSL-1.0
//
// Order rule: positions order, clocks do not. Mixing them up is refused by the types.
#include "foreshadow/plane/position.hpp"

int main() {
    const foreshadow::position at{7};
    const foreshadow::wall_time when{7};
    static_cast<void>(at);
    static_cast<void>(when);
    // bad: (no match for 'operator<'|invalid operands to binary expression).*wall_time
    static_cast<void>(at < when);
    // bad: (conversion from|no viable conversion from).*wall_time.*position
    const foreshadow::position taken = when;
}
