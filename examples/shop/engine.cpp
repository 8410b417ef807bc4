// SPDX-License-Identifier: BSL-1.0
#include "engine.hpp"

namespace shop {

std::string engine::keep_house(std::int64_t now) {
    // The next time partition comes first: without it, writes would be refused.
    std::string done = expire(now);
    for (routed_table* table : by_size_) {
        if (!done.empty()) return done;
        done = grow_or_shrink(*table);
    }
    return done;
}

std::string engine::grow_or_shrink(routed_table& table) const {
    const auto& children = table.children();
    for (std::size_t i = 0; i < children.size(); ++i) {
        if (children[i].rows > split_rows_) {
            const std::string full = children[i].name;
            if (const auto made = table.split(i)) return "split " + full + " into " + full + " " + *made;
        }
        // The last partition is where rows are about to come; it is left alone.
        if (i + 2 < children.size() && children[i].rows + children[i + 1].rows < split_rows_ / 3) {
            const std::string text =
                "merge " + children[i].name + " " + children[i + 1].name + " into " + children[i].name;
            table.merge_with_next(i);
            return text;
        }
    }
    return {};
}

std::string engine::expire(std::int64_t now) const {
    const auto& children = by_time_->children();
    const std::int64_t end = children.back().high.value_or(now);
    if (end < now + dimensions::session_partition)
        return "create " + by_time_->add(end, end + dimensions::session_partition);
    const auto& oldest = children.front();
    if (oldest.rows == 0 && oldest.high && *oldest.high < now - dimensions::session_life) {
        const std::string text = "drop " + oldest.name;
        by_time_->drop(0);
        return text;
    }
    return {};
}

}  // namespace shop
