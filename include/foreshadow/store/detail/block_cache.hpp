// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/store/digest.hpp"

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

namespace foreshadow::detail {

/// The blocks that were read last, up to a number of bytes: the nodes of trees, which every range read passes.
class block_cache {
  public:
    explicit block_cache(std::size_t most) noexcept : most_{most} {}

    [[nodiscard]] const std::string* find(const block_id& id) {
        const auto found = by_id_.find(id);
        if (found == by_id_.end()) return nullptr;
        latest_first_.splice(latest_first_.begin(), latest_first_, found->second);
        return &found->second->second;
    }

    void insert(const block_id& id, const std::string& block) {
        if (block.size() > most_ / 4 || by_id_.contains(id)) return;
        latest_first_.emplace_front(id, block);
        by_id_.emplace(id, latest_first_.begin());
        bytes_ += block.size();
        while (bytes_ > most_) {
            bytes_ -= latest_first_.back().second.size();
            by_id_.erase(latest_first_.back().first);
            latest_first_.pop_back();
        }
    }

  private:
    using entries = std::list<std::pair<block_id, std::string>>;
    std::size_t most_;
    std::size_t bytes_ = 0;
    entries latest_first_;
    std::unordered_map<block_id, entries::iterator> by_id_;
};

}  // namespace foreshadow::detail
