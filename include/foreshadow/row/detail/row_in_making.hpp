// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/position.hpp"
#include "foreshadow/row/change.hpp"
#include "foreshadow/row/columns.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace foreshadow::detail {

enum class effect : std::uint8_t { applied, told_twice, disagrees, no_row };

/// One key's row while its changes are laid over it in the order of their versions.
///
/// Holds views into the batches that it came from for as long as they last; `keep` copies what is left of them.
class row_in_making {
  public:
    [[nodiscard]] bool is_open() const noexcept { return is_open_; }
    [[nodiscard]] key_view key() const noexcept { return key_; }
    [[nodiscard]] std::optional<std::string_view> value() const noexcept { return value_; }
    /// The version of the newest change so far.
    [[nodiscard]] std::optional<version> newest() const noexcept { return newest_; }

    void open(key_view k, std::optional<std::string_view> value = {}) {
        is_open_ = true;
        owns_key_ = owns_value_ = false;
        key_ = k;
        value_ = value;
        newest_.reset();
    }
    void close() noexcept { is_open_ = false; }

    /// Makes the batches that it came from dispensable.
    void keep() {
        if (!is_open_) return;
        if (!owns_key_) {
            own_key_.assign(key_);
            key_ = own_key_;
            owns_key_ = true;
        }
        if (value_ && !owns_value_) {
            own_value_.assign(*value_);
            value_ = own_value_;
            owns_value_ = true;
        }
    }

    /// Whatever there is from before `at` is gone.
    void erase_before(version at) {
        if (!newest_ || *newest_ < at) value_.reset();
    }

    /// Lays `change` over the row. Of one version, rows and erasures have to come before patches.
    [[nodiscard]] effect apply(const change_view& change) {
        const bool is_again = newest_ && *newest_ == change.at;
        if (change.kind == change_kind::patch) return is_again ? patch_again(change.payload) : patch(change);
        const bool is_put = change.kind == change_kind::put;
        const told now = is_put ? told::put : told::erase;
        if (is_again && told_ == now && (!is_put || value_ == change.payload)) return effect::told_twice;
        newest_ = change.at;
        told_ = now;
        owns_value_ = false;
        value_ = is_put ? std::optional{change.payload} : std::nullopt;
        return is_again ? effect::disagrees : effect::applied;
    }

  private:
    /// How the newest version was told first.
    enum class told : std::uint8_t { put, erase, patch, patch_without_row };

    [[nodiscard]] effect patch(const change_view& change) {
        newest_ = change.at;
        told_ = value_ ? told::patch : told::patch_without_row;
        if (!value_) return effect::no_row;
        patches_.assign(change.payload);
        set_columns(change.payload);
        return effect::applied;
    }

    /// A patch at a version that was told already: it may tell the same in other words, a part of it, or another part.
    [[nodiscard]] effect patch_again(std::string_view payload) {
        switch (told_) {
            case told::patch_without_row:
                return effect::told_twice;
            case told::erase:
                return effect::disagrees;
            case told::put:
                return set_columns(payload) ? effect::disagrees : effect::told_twice;
            case told::patch:
                break;
        }
        if (payload == patches_) return effect::told_twice;
        std::string one;
        std::string other;
        fold_patches(patches_, payload, one);
        fold_patches(payload, patches_, other);
        patches_ = one;
        const bool has_changed = set_columns(payload);
        if (one != other) return effect::disagrees;
        return has_changed ? effect::applied : effect::told_twice;
    }

    /// Whether that made a difference.
    bool set_columns(std::string_view patch) {
        spare_.clear();
        apply_patch(*value_, patch, spare_);
        const bool has_changed = spare_ != *value_;
        std::swap(own_value_, spare_);
        value_ = own_value_;
        owns_value_ = true;
        return has_changed;
    }

    bool is_open_ = false;
    bool owns_key_ = false;
    bool owns_value_ = false;
    told told_ = told::put;
    key_view key_;
    std::optional<std::string_view> value_;
    std::optional<version> newest_;
    foreshadow::key own_key_;
    std::string own_value_;
    std::string spare_;
    std::string patches_;  ///< those of the newest version, where it was told as patches
};

}  // namespace foreshadow::detail
