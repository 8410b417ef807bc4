// SPDX-License-Identifier: BSL-1.0
//
// What a conformance kit found out about a policy. A plain value, so that a kit serves any test framework: print
// `text()`, and expect `is_kept()`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::testing {

/// A number of any size in a few characters.
[[nodiscard]] inline std::string short_text(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", number);
    return text;
}

/// A sentence of a contract: what it is called, and what it asks.
struct rule {
    std::string_view name;
    std::string_view asks;
};

/// Which rules of a contract were checked, and which were broken, how.
class report {
  public:
    explicit report(std::string_view role) : role_{role} {}

    /// Checks a rule once. `seen()` tells what was seen instead, with the input or the seed; asked where it is broken.
    template <class Seen>
    bool check(const rule& which, bool is_kept, Seen&& seen) {
        finding& found = find(which);
        ++found.checks;
        if (is_kept) return true;
        // The first few say it all; a policy that is wrong everywhere must not fill the screen.
        if (++found.broken <= most_examples) found.examples.emplace_back(std::forward<Seen>(seen)());
        return false;
    }

    [[nodiscard]] bool is_kept() const noexcept {
        return std::none_of(findings_.begin(), findings_.end(), [](const finding& f) { return f.broken > 0; });
    }
    /// Whether a rule was checked, and broken.
    [[nodiscard]] bool is_broken(const rule& which) const noexcept {
        const finding* found = look_up(which);
        return found != nullptr && found->broken > 0;
    }
    [[nodiscard]] bool was_checked(const rule& which) const noexcept { return look_up(which) != nullptr; }

    /// A line for the whole, one for each rule that is broken: what the contract asks, what was seen.
    [[nodiscard]] std::string text() const {
        std::size_t broken = 0;
        std::string lines;
        for (const finding& f : findings_) {
            if (f.broken == 0) continue;
            ++broken;
            lines += "  " + std::string{f.name} + ": asked is that " + std::string{f.asks} + "; seen:";
            for (const std::string& example : f.examples) lines += " " + example + ";";
            if (f.broken > f.examples.size())
                lines += " and " + std::to_string(f.broken - f.examples.size()) + " times more;";
            lines.back() = '\n';
        }
        return role_ + ": " + std::to_string(findings_.size()) + " rules checked, " + std::to_string(broken) +
               " broken\n" + lines;
    }

  private:
    static constexpr std::size_t most_examples = 3;
    struct finding {
        std::string_view name;
        std::string_view asks;
        std::size_t checks = 0;
        std::size_t broken = 0;
        std::vector<std::string> examples;
    };

    [[nodiscard]] const finding* look_up(const rule& which) const noexcept {
        const auto found =
            std::find_if(findings_.begin(), findings_.end(), [&](const finding& f) { return f.name == which.name; });
        return found == findings_.end() ? nullptr : &*found;
    }
    [[nodiscard]] finding& find(const rule& which) {
        for (finding& f : findings_)
            if (f.name == which.name) return f;
        findings_.push_back({which.name, which.asks, 0, 0, {}});
        return findings_.back();
    }

    std::string role_;
    std::vector<finding> findings_;
};

}  // namespace foreshadow::testing
