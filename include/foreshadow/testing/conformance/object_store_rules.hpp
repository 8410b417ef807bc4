// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/testing/conformance/report.hpp"

namespace foreshadow::testing {

struct object_store_rules {
    static constexpr rule keeps_bytes{"keeps bytes", "get returns the bytes that put was given, whatever they are"};
    static constexpr rule ranges{"ranges", "get returns the stretch asked for, as far as the object reaches"};
    static constexpr rule absent{"absent", "get of what is not there throws not_found"};
    static constexpr rule creates{"creates only",
                                  "put of a name that is there throws already_exists and changes nothing"};
    static constexpr rule one_wins{"one wins", "of puts of one name at once exactly one succeeds, with its bytes"};
    static constexpr rule whole{"whole or absent", "a put that was cancelled leaves the whole object or none"};
    static constexpr rule lists{"lists", "list tells every object below a prefix, with its size, in order of names"};
    static constexpr rule lists_many{"lists many", "list tells all objects, however many there are"};
    static constexpr rule removes{"removes",
                                  "remove makes exactly its object go, and is content when it is gone already"};
    static constexpr rule names{"names",
                                "names are words of [A-Za-z0-9._-] with slashes between them, and are kept apart"};
    static constexpr rule copies{"copies", "a copy of a store speaks of the same objects"};
};

}  // namespace foreshadow::testing
