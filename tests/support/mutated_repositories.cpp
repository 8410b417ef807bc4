// SPDX-License-Identifier: BSL-1.0
#include "mutated_repositories.hpp"

#include "catalog_mutator.hpp"
#include "simulated_world.hpp"

#include "foreshadow/json/write.hpp"
#include "foreshadow/orchestrate/points.hpp"
#include "foreshadow/predict/silent.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"
#include "foreshadow/store/block_index.hpp"
#include "foreshadow/store/detail/segment_content.hpp"
#include "foreshadow/store/journal_reader.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace support {

namespace {

constexpr std::uint64_t seeds_of_one = 50;

/// What a segment holds.
struct opened_segment {
    fs::journal_directory head;
    fs::change_batch changes;
};

}  // namespace

class mutated_repositories::base {
  public:
    explicit base(std::uint64_t number) : number_{number}, world_{database_of(number)} {
        fs::back_up_options options = small_numbers(number);
        options.journal_bytes = 1'500;
        world_.live(120);
        points_.push_back(world_.back_up(fs::silent{}, options));
        world_.time().run(world_.time().clock().sleep(.15));
        world_.open();
        points_.push_back(world_.back_up(fs::size_extrapolation{}, options));
        whole_ = world_.objects();
        for (const auto& [k, value] : world_.database().past().state_at(points_.back().at)) keys_.push_back(k);
        for (const fs::partition& p : world_.database().past().layout_at(points_.back().at).partitions) {
            keys_.push_back(p.interval.begin);
            keys_.push_back(p.interval.end);
        }
        std::sort(keys_.begin(), keys_.end());
        keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
    }

    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

    repository_result try_one(std::uint64_t seed, bool mutated) {
        repository_result result;
        ft::seeded_random dice{seed * 11 + (mutated ? 5 : 6)};
        world_.objects() = whole_;
        world_.open();
        tells_once_ = false;
        try {
            result.done = mutated ? mutate(seed, dice) : change_what_must_not_matter(dice);
            world_.open();
            // The two points, and two positions before them.
            for (const fs::restore_point& point : points_) restore(point, {}, mutated, result);
            const auto& log = world_.database().past().commits();
            for (int n = 0; n < 2; ++n) {
                const auto which = static_cast<std::size_t>(dice.below(log.size()));
                const fs::restore_point& point = points_[static_cast<std::size_t>(dice.below(2))];
                if (log[which].at < point.knows.first.at || log[which].at >= point.at) continue;
                const fs::restore_options when = dice.chance(.5) ? fs::restore_options{.at = log[which].at}
                                                                 : fs::restore_options{.at_time = log[which].time};
                restore(point, when, mutated, result);
            }
            result.is_found = !world_.verify(seed % 8 == 0).findings.empty();
            if (!mutated && result.is_found) result.wrong = "verify finds something in a sound repository";
        } catch (const fs::error& e) {
            // Opening or verifying as a whole: an error that says what is wrong is an answer.
            if (!mutated || e.code() != fs::errc::corrupt) result.wrong = "unexpected: " + e.line();
            ++result.refused;
        }
        return result;
    }

  private:
    static ft::database_options database_of(std::uint64_t number) {
        ft::database_options options = lively(number);
        options.work.untold_changes = number % 3 == 0;
        options.warm_up = 60;
        return options;
    }

    void restore(const fs::restore_point& original, fs::restore_options when, bool mutated, repository_result& result) {
        const std::string id = original.knows.source.id + "/" + original.id;
        try {
            const fs::restore_point point = world_.time().run(fs::find_point(world_.repository(), id));
            const auto [into, report] = world_.restore(point, when);
            if (into.rows() == world_.database().past().state_at(meant(original, when)) &&
                has_partitions(into.shape(), meant(original, when))) {
                ++result.exact;
                return;
            }
            const bool is_earlier = when.at || when.at_time;
            if (mutated && is_earlier && tells_once_) {
                result.untold = true;
                return;
            }
            result.wrong = std::string{"wrong rows, and nobody noticed, "} +
                           (when.at        ? "at position " + std::to_string(when.at->value)
                            : when.at_time ? "at the time of position " + std::to_string(meant(original, when).value)
                                           : "at " + id);
        } catch (const fs::error& e) {
            ++result.refused;
            const bool is_an_answer = e.code() == fs::errc::corrupt || e.code() == fs::errc::not_found ||
                                      e.code() == fs::errc::not_restorable || e.code() == fs::errc::conflict ||
                                      e.code() == fs::errc::unsupported_format;
            // What is sound is refused only where the oracle's own backup knew no more.
            if (!mutated && !is_rightly_refused(original, when, e))
                result.wrong = "a sound one is refused: " + e.line();
            if (mutated && !is_an_answer) result.wrong = "an error that does not say what is wrong: " + e.line();
        }
    }

    /// Before the first point not everything was read yet, nor where something was replaced untold since.
    [[nodiscard]] bool is_rightly_refused(const fs::restore_point& point, const fs::restore_options& when,
                                          const fs::error& e) const {
        if (e.code() != fs::errc::not_restorable || (!when.at && !when.at_time)) return false;
        return meant(point, when) < points_.front().at || !point.knows.known.replacements.empty();
    }

    /// The position that is asked for, by the database's own history.
    [[nodiscard]] fs::position meant(const fs::restore_point& point, const fs::restore_options& when) const {
        if (when.at) return *when.at;
        if (!when.at_time) return point.at;
        if (point.time <= *when.at_time) return point.at;
        fs::position found;
        for (const ft::logged_commit& c : world_database().past().commits())
            if (c.at <= point.at && c.time <= *when.at_time) found = std::max(found, c.at);
        return found;
    }
    [[nodiscard]] const ft::simulated_database& world_database() const {
        return const_cast<simulated_world&>(world_).database();
    }
    [[nodiscard]] bool has_partitions(const fs::layout& shape, fs::position at) const {
        const fs::layout truth = world_database().past().layout_at(at);
        return std::equal(
            shape.partitions.begin(), shape.partitions.end(), truth.partitions.begin(), truth.partitions.end(),
            [](const fs::partition& a, const fs::partition& b) { return a.id == b.id && a.interval == b.interval; });
    }

    // ---- what is done

    [[nodiscard]] fs::key beside(const fs::key& of, int by, bool is_end) const {
        if (is_end && of.empty()) return by < 0 && !keys_.empty() ? keys_.back() : fs::key{};
        auto here = std::lower_bound(keys_.begin(), keys_.end(), of);
        if (by < 0) return here == keys_.begin() ? of : *std::prev(here);
        if (here != keys_.end() && *here == of) ++here;
        return here == keys_.end() ? of : *here;
    }

    template <class Document>
    void put_again(const std::string& object, fs::object_kind kind, const Document& document) {
        world_.objects().erase(object);
        world_.time().run(world_.repository().put(object, kind, fs::document_of(document)));
    }

    std::string mutate(std::uint64_t seed, ft::seeded_random& dice) {
        const double u = dice.unit();
        if (u < .70) return mutate_point(seed, dice);
        if (u < .92) return mutate_segment(dice);
        return mutate_index(dice);
    }

    std::string mutate_point(std::uint64_t seed, ft::seeded_random& dice) {
        fs::restore_point point = points_[static_cast<std::size_t>(dice.below(2))];
        const std::string object = fs::point_object(point.knows.source.id, point.id);
        std::string done;
        if (dice.chance(.12)) {
            done = mutate_proof(point, dice);
        } else {
            const bool remakes = seed % 3 == 0;
            catalog_mutator with{
                seed, [this](const fs::key& of, int by, bool is_end) { return beside(of, by, is_end); }, remakes};
            for (std::uint64_t left = 1 + seed % 2; left > 0;) {
                const std::string one = with.mutate(point.knows);
                if (one.empty()) continue;
                done += (done.empty() ? "" : ", ") + one;
                --left;
            }
            tells_once_ = with.is_told_once();
        }
        put_again(object, fs::object_kind::point, point);
        return "point " + point.id + ": " + done;
    }

    static std::string mutate_proof(fs::restore_point& point, ft::seeded_random& dice) {
        if (point.proof.empty() || dice.chance(.3)) {
            const bool later = dice.chance(.5);
            point.at.value += later ? 1U : ~std::uint64_t{0};
            return later ? "one position later" : "one position earlier";
        }
        const auto here = static_cast<std::size_t>(dice.below(point.proof.size()));
        fs::proven_piece& piece = point.proof[here];
        switch (dice.below(4)) {
            case 0:
                point.proof.erase(point.proof.begin() + static_cast<std::ptrdiff_t>(here));
                return "a piece of the proof dropped";
            case 1:
                piece.image += "0";
                return "a piece of the proof by another image";
            case 2:
                ++piece.seen.high.value;
                return "a piece of the proof by another horizon";
            default:
                if (piece.chain.empty()) piece.chain.push_back({});
                ++piece.chain.back().upto.value;
                return "a piece of the proof by a longer chain";
        }
    }

    opened_segment open_segment(const fs::segment& which) {
        opened_segment opened;
        fs::journal_reader<simulated_repository> reader{world_.repository()};
        opened.head = world_.time().run(reader.open(which));
        const fs::journal_reader<simulated_repository>::sink take = [&opened](const fs::change_view& change) {
            opened.changes.append(change);
        };
        fs::key_set all;
        all.insert(fs::key_range::all());
        world_.time().run(reader.read(which, all, which.after, which.upto, take));
        return opened;
    }

    /// Seals a segment anew under the same name.
    void close_segment(const std::string& name, opened_segment& of) {
        fs::detail::segment_content content;
        content.head = of.head;
        content.head.frames.clear();
        fs::detail::group_changes(of.changes, of.head.upto, {}, 64 << 10, 1 << 20, content);
        world_.objects().insert_or_assign(name, fs::close_segment(*world_.repository().seal(), name, content));
    }

    std::string mutate_segment(ft::seeded_random& dice) {
        std::vector<fs::segment> all = points_.back().knows.known.segments;
        const fs::segment which = dice.pick(all);
        opened_segment opened = open_segment(which);
        std::string done;
        switch (dice.below(6)) {
            case 0: {
                const fs::segment other = dice.pick(all);
                opened = open_segment(other);
                done = "is " + other.where;
                break;
            }
            case 1:
                opened.changes = {};
                opened.head.commits.clear();
                done = "says that nothing was committed";
                break;
            case 2:
                if (opened.head.commits.empty()) break;
                drop_commit(opened, dice.pick(opened.head.commits).at);
                done = "lacks a commit";
                break;
            case 3:
                if (opened.head.layouts.empty()) break;
                opened.head.layouts.pop_back();
                done = "lacks a layout change";
                break;
            case 4:
                ++opened.head.upto.value;
                done = "ends one later";
                break;
            default:
                ++opened.head.after.value;
                done = "begins one later";
                break;
        }
        if (!opened.head.commits.empty() && opened.head.commits.front().at <= opened.head.after)
            drop_commit(opened, opened.head.commits.front().at);
        close_segment(which.where, opened);
        return "segment " + which.where + " " + done;
    }
    static void drop_commit(opened_segment& of, fs::position at) {
        std::erase_if(of.head.commits, [&](const fs::journal_commit& c) { return c.at == at; });
        std::erase_if(of.head.layouts, [&](const fs::layout_change& c) { return c.at.at == at; });
        fs::change_batch kept;
        for (std::size_t i = 0; i < of.changes.size(); ++i)
            if (of.changes[i].at.at != at) kept.append(of.changes[i]);
        of.changes = std::move(kept);
    }

    std::string mutate_index(ft::seeded_random& dice) {
        std::vector<std::string> names;
        for (const auto& [name, bytes] : whole_)
            if (name.starts_with("indexes/")) names.push_back(name);
        const std::string name = dice.pick(names);
        std::vector<fs::indexed_pack> packs =
            fs::decode_index(world_.time().run(world_.repository().get(name, fs::object_kind::index)));
        fs::indexed_pack& pack = dice.pick(packs);
        std::string done;
        switch (dice.below(5)) {
            case 0:
                pack.blocks.erase(pack.blocks.begin() + static_cast<std::ptrdiff_t>(dice.below(pack.blocks.size())));
                done = "lacks a block";
                break;
            case 1:
                pack.blocks.push_back(dice.pick(pack.blocks));
                done = "has a block twice";
                break;
            case 2:
                std::swap(pack.blocks.front().id, pack.blocks.back().id);
                done = "mistakes a block for another";
                break;
            case 3:
                packs.push_back(pack);
                done = "has a pack twice";
                break;
            default:
                ++pack.bytes;
                done = "thinks a pack longer";
                break;
        }
        const std::string text = fs::encode_index(packs);
        world_.objects().erase(name);
        world_.time().run(world_.repository().put(name, fs::object_kind::index, text));
        return name + " " + done;
    }

    /// The order of boxes, an index that is gone, a segment that no point names.
    std::string change_what_must_not_matter(ft::seeded_random& dice) {
        fs::restore_point point = points_[static_cast<std::size_t>(dice.below(2))];
        const auto shuffle = [&dice](auto& boxes) {
            for (std::size_t i = boxes.size(); i > 1; --i)
                std::swap(boxes[i - 1], boxes[static_cast<std::size_t>(dice.below(i))]);
        };
        shuffle(point.knows.known.segments);
        shuffle(point.knows.known.births);
        shuffle(point.knows.known.replacements);
        const std::string object = fs::point_object(point.knows.source.id, point.id);
        put_again(object, fs::object_kind::point, point);
        if (dice.chance(.5)) {
            const auto index = world_.objects().lower_bound("indexes/");
            if (index != world_.objects().end() && index->first.starts_with("indexes/")) world_.objects().erase(index);
        }
        const fs::segment& some = point.knows.known.segments.front();
        world_.objects().insert_or_assign(some.where + "-7", world_.objects().at(some.where));
        return "boxes in another order";
    }

    std::uint64_t number_;
    simulated_world world_;
    std::vector<fs::restore_point> points_;
    ft::simulated_disk::objects_type whole_;
    std::vector<fs::key> keys_;
    bool tells_once_ = false;  ///< whether what was done may be to something that stands in one place only
};

mutated_repositories::mutated_repositories() = default;
mutated_repositories::~mutated_repositories() = default;

repository_result mutated_repositories::try_one(std::uint64_t seed, bool mutated) {
    const std::uint64_t number = 1 + seed / seeds_of_one;
    if (!base_ || base_->number() != number) base_ = std::make_unique<base>(number);
    return base_->try_one(seed, mutated);
}

}  // namespace support
