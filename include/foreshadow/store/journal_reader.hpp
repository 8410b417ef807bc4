// SPDX-License-Identifier: BSL-1.0
//
// Reads journal segments: first the head, then the frames that somebody is interested in, one at a time.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/key_set.hpp"
#include "foreshadow/run/workers.hpp"
#include "foreshadow/store/journal_format.hpp"
#include "foreshadow/store/object_store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace foreshadow {

template <class Repository>
class journal_reader {
  public:
    /// Takes a change; it is valid during the call.
    using sink = std::function<void(const change_view&)>;

    /// The repository outlives the reader.
    explicit journal_reader(Repository& repository) : repository_{&repository} {}

    /// What a segment covers. One get, two when the head is long.
    ///
    /// Errors: not_found; corrupt; unsupported_format. All name the object.
    task<journal_directory> open(segment which) {
        const std::string name = which.where;
        const byte_range front{0, first_fetch};
        std::string bytes = co_await repository_->store().get(name, front);
        if (bytes.size() < detail::journal_prelude) detail::throw_damaged(name, "it is too short");
        if (!bytes.starts_with(detail::journal_magic))
            detail::throw_damaged(name, "it does not begin as a segment does");
        detail::byte_reader prelude{std::string_view{bytes}.substr(4, 12)};
        const auto version = prelude.u8();
        const auto codec_id = prelude.u8();
        detail::check_format(name, version, detail::journal_version, prelude.u8(), repository_->seal()->cipher.id);
        prelude.u8();
        const std::uint64_t stored = prelude.u32();
        const auto raw = prelude.u32();
        const auto end = detail::journal_prelude + stored;
        if (end > bytes.size() && bytes.size() == first_fetch) {
            const byte_range rest{bytes.size(), end - bytes.size()};
            bytes += co_await repository_->store().get(name, rest);
        }
        repository_->count_read(bytes.size());
        if (end > bytes.size()) detail::throw_damaged(name, "it ends before its head does");
        const auto all = std::string_view{bytes};
        const auto head = all.substr(detail::journal_prelude, static_cast<std::size_t>(stored));
        if (detail::bound_to(repository_->keys().object, name, all.substr(0, 16), head).view() != all.substr(16, 32))
            detail::throw_damaged(name, "the checksum of its head does not match");
        auto directory = naming(name, [&] {
            return detail::decode_journal_head(repository_->seal()->open(codec_id, raw, head, name), end);
        });
        if (directory.after != which.after || directory.upto != which.upto)
            detail::throw_damaged(name, "it covers other positions than it should");
        std::uint64_t changes = 0;
        for (const journal_frame& frame : directory.frames) changes += frame.changes;
        if (changes != which.changes || directory.end != which.bytes)
            detail::throw_damaged(name, "it holds other changes than it should");
        directory.stored = bytes.size();
        co_return directory;
    }

    /// Gives `take` the changes with `after < at.at <= upto` of the keys in `interest`, and every range operation that
    /// overlaps them. Returns the bytes fetched.
    ///
    /// Guarantees: in log order within a key, and within the range operations; between keys in no order. One frame,
    /// about a MiB, is held at a time. Errors: as `open`; what was given before an error was right.
    task<std::uint64_t> read(segment which, key_set interest, position after, position upto, sink take) {
        const auto directory = co_await open(which);
        std::uint64_t fetched = directory.stored;
        for (std::size_t i = 0; i < directory.frames.size(); ++i) {
            if (!directory.frames[i].concerns(interest, after, upto)) continue;
            const auto changes = co_await read_frame(which.where, directory.frames[i], i);
            fetched += directory.frames[i].stored;
            give(which.where, directory, i, *changes, interest, after, upto, take);
        }
        co_return fetched;
    }

    /// Reads every frame, and throws what is wrong first: every byte of the object is looked at. Returns what it
    /// covers.
    task<journal_directory> check(segment which) {
        const auto directory = co_await open(which);
        const sink count = [](const change_view&) {};
        key_set all;
        all.insert(key_range::all());
        for (std::size_t i = 0; i < directory.frames.size(); ++i) {
            const auto changes = co_await read_frame(which.where, directory.frames[i], i);
            give(which.where, directory, i, *changes, all, which.after, which.upto, count);
        }
        const byte_range beyond{directory.end, 1};
        const auto extra = co_await repository_->store().get(which.where, beyond);
        if (!extra.empty()) detail::throw_damaged(which.where, "it goes on after its last frame");
        co_return directory;
    }

  private:
    static constexpr std::uint64_t first_fetch = std::uint64_t{16} << 10;

    template <class F>
    static auto naming(const std::string& name, F&& decode) {
        try {
            return decode();
        } catch (const error& e) {
            throw error{e.code(), "object " + name + ": " + e.message(), e.hint()}.with("object", name);
        }
    }

    task<std::shared_ptr<const std::string>> read_frame(std::string name, journal_frame frame, std::size_t number) {
        const byte_range span{frame.offset, frame.stored};
        const auto stored = std::make_shared<const std::string>(co_await repository_->store().get(name, span));
        repository_->count_read(stored->size());
        auto open_it = [stored, name, frame, number, seal = repository_->seal()] {
            if (stored->size() != frame.stored) detail::throw_damaged(name, "it ends before its frames do");
            if (detail::frame_seal(seal->keys.object, name, number, *stored) != frame.seal)
                detail::throw_damaged(name, "the checksum of frame " + std::to_string(number) + " does not match");
            return std::make_shared<const std::string>(
                naming(name, [&] { return seal->open(frame.codec, frame.raw, *stored, name); }));
        };
        co_return co_await offload(repository_->pool(), std::move(open_it));
    }

    static void give(const std::string& name, const journal_directory& directory, std::size_t number,
                     const std::string& changes, const key_set& interest, position after, position upto,
                     const sink& take) {
        const auto& frame = directory.frames[number];
        detail::byte_reader reader{changes};
        position before = directory.after;
        for (std::uint64_t i = 0; i < frame.changes; ++i) {
            const auto change = naming(name, [&] { return detail::read_change(reader, before); });
            before = change.at.at;
            if (before <= after || before > upto) continue;
            const bool wanted = change.is_range() ? interest.overlaps({key{change.key}, key{change.payload}})
                                                  : interest.contains(change.key);
            if (wanted) take(change);
        }
        naming(name, [&] {
            reader.expect_end();
            return 0;
        });
    }

    Repository* repository_;
};

}  // namespace foreshadow
