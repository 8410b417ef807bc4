// SPDX-License-Identifier: BSL-1.0
//
// Whether a codec keeps its contract: every length there is a boundary at, bytes of every kind, and whatever a broken
// disk or a stranger may put in place of what was compressed.
#pragma once

#include "foreshadow/store/codec.hpp"
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

struct codec_rules {
    static constexpr rule round_trip{"round trip", "decompress gives back what was compressed, at every length"};
    static constexpr rule appends{"appends", "what is in out before stays there"};
    static constexpr rule sizes{"sizes", "decompress with another size than the true one throws corrupt"};
    static constexpr rule garbage{"garbage", "bytes that were not compressed give the stated size, or throw corrupt"};
    static constexpr rule threads{"threads", "one codec may be used by several threads at once"};
};

namespace detail {

template <class Codec>
class codec_kit {
  public:
    codec_kit(const Codec& codec, report& out) : codec_{codec}, out_{out} {}

    void run() {
        seeded_random random{11};
        for (const std::size_t size : sizes_to_try())
            for (std::size_t pattern = 0; pattern < byte_patterns; ++pattern) {
                const std::string raw = sample_of(pattern, size, random);
                round_trip(raw, [&] { return std::to_string(size) + " bytes of pattern " + std::to_string(pattern); });
            }
        state_other_sizes(random);
        throw_garbage_at_it(random);
        use_threads();
    }

  private:
    using rules = codec_rules;

    template <class Name>
    void round_trip(const std::string& raw, Name&& name) {
        std::string pressed = "before";
        const auto in = attempt_call([&] { codec_.compress(raw, pressed); });
        if (!out_.check(rules::round_trip, in.returned(), [&] { return name() + ": compress: " + in.text(); })) return;
        if (!out_.check(rules::appends, pressed.starts_with("before"), [&] { return name() + ": compress"; })) return;
        std::string back = "kept";
        const auto made =
            attempt_call([&] { codec_.decompress(std::string_view{pressed}.substr(6), raw.size(), back); });
        out_.check(rules::appends, back.starts_with("kept"), [&] { return name() + ": decompress"; });
        out_.check(rules::round_trip, made.returned() && back == "kept" + raw,
                   [&] { return name() + ": " + (made.returned() ? "other bytes" : made.text()); });
    }

    /// Whether decompressing appends `size` bytes, or says that it cannot.
    [[nodiscard]] attempt<> decompress(std::string_view pressed, std::size_t size, bool& is_bounded) const {
        std::string out = "kept";
        attempt<> made = attempt_call([&] { codec_.decompress(pressed, size, out); });
        is_bounded =
            made.returned() ? out.size() - 4 == size && out.starts_with("kept") : made.failed_with(errc::corrupt);
        return made;
    }

    void state_other_sizes(seeded_random& random) {
        for (const std::size_t size : {std::size_t{1}, std::size_t{100}, std::size_t{4096}, std::size_t{70'000}})
            for (std::size_t pattern = 0; pattern < byte_patterns; ++pattern) {
                std::string pressed;
                codec_.compress(sample_of(pattern, size, random), pressed);
                for (const std::size_t stated : {std::size_t{0}, size - 1, size + 1, 2 * size, std::size_t{1} << 46}) {
                    if (stated == size) continue;
                    bool is_bounded = false;
                    const attempt<> made = decompress(pressed, stated, is_bounded);
                    out_.check(rules::sizes, made.failed_with(errc::corrupt), [&] {
                        return std::to_string(size) + " bytes, stated as " + std::to_string(stated) + ": " +
                               made.text();
                    });
                }
            }
    }

    void throw_garbage_at_it(seeded_random& random) {
        for (int round = 0; round < 3000; ++round) {
            const std::size_t size = static_cast<std::size_t>(random.between(0, 3000));
            std::string bytes;
            if (round % 4 != 0) codec_.compress(sample_of(random.below(byte_patterns), size, random), bytes);
            if (round % 4 == 0) bytes = sample_of(0, static_cast<std::size_t>(random.below(300)), random);
            if (round % 4 == 1 && !bytes.empty()) {
                char& hit = bytes[static_cast<std::size_t>(random.below(bytes.size()))];
                hit = static_cast<char>(hit ^ (1 << random.below(8)));
            }
            if (round % 4 == 2) bytes.resize(static_cast<std::size_t>(random.below(bytes.size() + 1)));
            if (round % 4 == 3) bytes += sample_of(0, static_cast<std::size_t>(1 + random.below(20)), random);
            bool is_bounded = false;
            const attempt<> made = decompress(bytes, size, is_bounded);
            out_.check(rules::garbage, is_bounded, [&] {
                return "round " + std::to_string(round) + ", " + std::to_string(bytes.size()) + " bytes stated as " +
                       std::to_string(size) + ": " + (made.returned() ? "another number of bytes" : made.text());
            });
        }
    }

    void use_threads() {
        check_in_threads(out_, rules::threads, [this](seeded_random& random) {
            const std::string raw =
                sample_of(random.below(byte_patterns), static_cast<std::size_t>(random.below(9000)), random);
            std::string pressed;
            std::string back;
            codec_.compress(raw, pressed);
            codec_.decompress(pressed, raw.size(), back);
            return back == raw;
        });
    }

    const Codec& codec_;
    report& out_;
};

}  // namespace detail

/// Checks the codec that `make()` returns.
///
/// Example: `const auto report = check_codec([] { return my_codec{}; });`
template <class Make>
[[nodiscard]] report check_codec(Make&& make) {
    report out{"codec"};
    const auto& made = make();
    static_assert(codec<std::remove_cvref_t<decltype(made)>>);
    detail::codec_kit<std::remove_cvref_t<decltype(made)>>{made, out}.run();
    return out;
}

}  // namespace foreshadow::testing
