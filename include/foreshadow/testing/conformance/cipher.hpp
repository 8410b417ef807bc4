// SPDX-License-Identifier: BSL-1.0
//
// Whether a cipher keeps its contract. The cipher with id 0 seals nothing and says so; any other has to notice each
// bit that was changed, and bytes that were moved to where others belong. How strong it is, no test can say.
#pragma once

#include "foreshadow/store/cipher.hpp"
#include "foreshadow/testing/conformance/attempt.hpp"
#include "foreshadow/testing/conformance/detail/byte_samples.hpp"
#include "foreshadow/testing/conformance/detail/in_threads.hpp"
#include "foreshadow/testing/conformance/report.hpp"
#include "foreshadow/testing/random.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace foreshadow::testing {

struct cipher_rules {
    static constexpr rule round_trip{"round trip", "open gives back what was sealed, with the same associated bytes"};
    static constexpr rule appends{"appends", "what is in out before stays there"};
    static constexpr rule garbage{"garbage", "open returns or throws corrupt, whatever it is given"};
    static constexpr rule seals{"seals", "what was changed, cut, or belongs to something else throws corrupt"};
    static constexpr rule hides{"hides", "what is sealed cannot be read in its sealed form"};
    static constexpr rule threads{"threads", "one cipher may be used by several threads at once"};
};

namespace detail {

template <class Cipher>
class cipher_kit {
  public:
    cipher_kit(const Cipher& cipher, report& out) : cipher_{cipher}, out_{out} {}

    void run() {
        seeded_random random{12};
        for (const std::size_t size : sizes_to_try()) {
            if (size > 600 && size < 4090) continue;
            const std::string raw = sample_of(size % byte_patterns, size, random);
            round_trip(raw, sample_of(0, size % 40, random));
        }
        throw_garbage_at_it(random);
        if constexpr (Cipher::id != 0) {
            notice_changes(random);
            const std::string raw = "what nobody but the owner of the key should ever be able to read";
            out_.check(rules::hides, seal(raw, "a").find(raw.substr(0, 16)) == std::string::npos,
                       [] { return "its first bytes stand in the sealed form"; });
        }
        use_threads();
    }

  private:
    using rules = cipher_rules;

    [[nodiscard]] std::string seal(std::string_view raw, std::string_view associated) const {
        std::string sealed;
        cipher_.seal(raw, associated, sealed);
        return sealed;
    }

    void round_trip(const std::string& raw, const std::string& associated) {
        const auto name = [&] { return std::to_string(raw.size()) + " bytes: "; };
        std::string sealed = "before";
        const auto in = attempt_call([&] { cipher_.seal(raw, associated, sealed); });
        if (!out_.check(rules::round_trip, in.returned(), [&] { return name() + "seal: " + in.text(); })) return;
        if (!out_.check(rules::appends, sealed.starts_with("before"), [&] { return name() + "seal"; })) return;
        std::string back = "kept";
        const auto made = attempt_call([&] { cipher_.open(std::string_view{sealed}.substr(6), associated, back); });
        out_.check(rules::appends, back.starts_with("kept"), [&] { return name() + "open"; });
        out_.check(rules::round_trip, made.returned() && back == "kept" + raw,
                   [&] { return name() + (made.returned() ? "other bytes" : made.text()); });
    }

    [[nodiscard]] attempt<> open(std::string_view sealed, std::string_view associated) const {
        std::string out;
        return attempt_call([&] { cipher_.open(sealed, associated, out); });
    }

    void throw_garbage_at_it(seeded_random& random) {
        for (int round = 0; round < 2000; ++round) {
            const std::string bytes = sample_of(0, static_cast<std::size_t>(random.below(200)), random);
            const attempt<> made = open(bytes, "a");
            out_.check(rules::garbage, made.returned() || made.failed_with(errc::corrupt), [&] {
                return std::to_string(bytes.size()) + " bytes in round " + std::to_string(round) + ": " + made.text();
            });
        }
    }

    void notice_changes(seeded_random& random) {
        const auto expect = [&](std::string_view sealed, std::string_view associated, auto&& what) {
            const attempt<> made = open(sealed, associated);
            out_.check(rules::seals, made.failed_with(errc::corrupt), [&] { return what() + ": " + made.text(); });
        };
        for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100}}) {
            const std::string raw = sample_of(0, size, random);
            const std::string sealed = seal(raw, "block 7");
            const std::string of = " of " + std::to_string(size) + " bytes, sealed";
            for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
                std::string changed = sealed;
                changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
                expect(changed, "block 7", [&] { return "bit " + std::to_string(bit) + of; });
            }
            for (std::size_t length = 0; length < sealed.size(); ++length)
                expect(sealed.substr(0, length), "block 7", [&] { return "the first " + std::to_string(length) + of; });
            expect(sealed + '\0', "block 7", [&] { return "one byte more" + of; });
            for (const char* other : {"", "block 8", "block 77", "block "})
                expect(sealed, other, [&] { return std::string{"as if of '"} + other + "'" + of; });
        }
    }

    void use_threads() {
        check_in_threads(out_, rules::threads, [this](seeded_random& random) {
            const std::string raw = sample_of(0, static_cast<std::size_t>(random.below(5000)), random);
            std::string back;
            cipher_.open(seal(raw, "a"), "a", back);
            return back == raw;
        });
    }

    const Cipher& cipher_;
    report& out_;
};

}  // namespace detail

/// Checks the cipher that `make()` returns.
///
/// Example: `const auto report = check_cipher([] { return my_cipher{key}; });`
template <class Make>
[[nodiscard]] report check_cipher(Make&& make) {
    report out{"cipher"};
    const auto& made = make();
    static_assert(cipher<std::remove_cvref_t<decltype(made)>>);
    detail::cipher_kit<std::remove_cvref_t<decltype(made)>>{made, out}.run();
    return out;
}

}  // namespace foreshadow::testing
