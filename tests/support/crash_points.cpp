// SPDX-License-Identifier: BSL-1.0
#include "crash_points.hpp"

#include "simulated_world.hpp"

#include "foreshadow/orchestrate/points.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"
#include "foreshadow/store/block_index.hpp"
#include "foreshadow/store/tree.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <optional>
#include <set>
#include <sstream>
#include <unordered_set>
#include <utility>

namespace support {

namespace {

ft::database_options database_of(const crash_plan& plan) {
    ft::database_options options = lively(plan.seed);
    options.work.untold_changes = false;  // what changes untold is read again, and rightly
    options.read_seconds = plan.read_seconds;
    options.mean_gap_seconds = plan.gap_seconds;
    options.warm_up = 50 + plan.steps / 2;  // a longer life, a larger database, a longer backup
    return options;
}

fs::back_up_options first_backup(const crash_plan& plan) {
    fs::back_up_options options = small_numbers(plan.seed);
    options.checkpoint_seconds = .05;
    options.forecast_seconds = .5;  // what is foretold stands in every catalog, and costs time
    return options;
}

/// The next one stops less often for what is not looked at again: it is lived through at every point.
fs::back_up_options next_backup(const crash_plan& plan) {
    fs::back_up_options options = small_numbers(plan.seed);
    options.checkpoint_seconds = 10;
    options.forecast_seconds = 2;
    options.journal_bytes = 64 << 10;
    return options;
}

/// What a child found, as it comes through a pipe.
struct verdict {
    std::uint64_t resumed = 0;
    std::uint64_t chunks_again = 0;
    std::uint64_t orphan_segments = 0;
    std::uint64_t orphan_blocks = 0;
    std::uint64_t orphan_bytes = 0;
    std::string wrong;

    [[nodiscard]] std::string text() const {
        std::ostringstream out;
        out << resumed << ' ' << chunks_again << ' ' << orphan_segments << ' ' << orphan_blocks << ' ' << orphan_bytes
            << ' ' << wrong;
        return out.str();
    }
    static verdict parse(const std::string& text) {
        verdict read;
        std::istringstream in{text};
        in >> read.resumed >> read.chunks_again >> read.orphan_segments >> read.orphan_blocks >> read.orphan_bytes;
        if (!in) read.wrong = "the process that went on ended without a word";
        in.get();
        std::string wrong;
        if (std::getline(in, wrong, '\0')) read.wrong = wrong;
        return read;
    }
};

fs::task<> collect_blocks(simulated_repository& from, fs::block_id id, unsigned depth,
                          std::unordered_set<fs::block_id>& out) {
    if (!out.insert(id).second || depth == 0) co_return;
    const fs::blocks_read read = co_await from.read_node(id);
    const std::vector<fs::tree_child> children = fs::children_in(read.blocks.front(), fs::key_range::all());
    for (const fs::tree_child& child : children) co_await collect_blocks(from, child.id, depth - 1, out);
}

class crash_course {
  public:
    crash_course(const crash_plan& plan, const std::function<void(const crash_totals&)>& tell)
        : plan_{plan}, tell_{tell}, world_{database_of(plan)} {
        world_.be_known_when_dead();
        world_.disk().work_by({.in_steps = true, .syncs_files = plan.syncs_files, .syncs_folders = plan.syncs_folders});
        world_.live(plan.steps);
    }

    crash_totals perform() {
        world_.fate().before_each_moment([this] { pass_point(totals_.operations); });
        world_.time().before_each_step([this] { pass_point(totals_.steps); });
        std::optional<fs::restore_point> made;
        try {
            made = back_up(first_backup(plan_), first_, &before_checkpoint_);
        } catch (const ft::process_death&) {
            // in a child
        }
        if (dies_) end_child();
        world_.fate().before_each_moment({});
        world_.time().before_each_step({});
        while (!children_.empty()) reap();
        const verdict undisturbed = judge(*made, {});
        if (!undisturbed.wrong.empty()) totals_.failures.push_back({~std::uint64_t{0}, undisturbed.wrong});
        return std::move(totals_);
    }

  private:
    static constexpr std::uint64_t verified_every = 8;  ///< points: it reads all over again what was restored just now

    struct child {
        pid_t process;
        int answer;
        std::uint64_t point;
        remains how;
    };

    fs::restore_point back_up(const fs::back_up_options& options, std::vector<fs::key_range>& chunks,
                              std::size_t* at_checkpoint) {
        world_.listen([&chunks, at_checkpoint](const fs::event& told) {
            if (const auto* chunk = std::get_if<fs::chunk_read>(&told)) chunks.push_back(chunk->interval);
            if (at_checkpoint != nullptr && std::holds_alternative<fs::checkpointed>(told))
                *at_checkpoint = chunks.size();
        });
        world_.open();
        return world_.back_up(fs::size_extrapolation{}, options);
    }

    void pass_point(std::uint64_t& count) {
        if (dies_) return;
        const std::uint64_t point = totals_.operations + totals_.steps;
        ++count;
        if (point < plan_.from || point > plan_.upto || (point - plan_.from) % plan_.every != 0) return;
        const bool is_settled = world_.disk().is_settled();
        for (const remains how : {remains::all, remains::part, remains::later}) {
            if (how != remains::all && is_settled) break;
            branch(point, how);
            if (dies_) return;
        }
        if (tell_ && ++passed_ % 64 == 0) tell_(totals_);
    }

    void branch(std::uint64_t point, remains how) {
        while (children_.size() >= plan_.processes) reap();
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0) throw fs::error{fs::errc::internal, "no pipe to be had"};
        const pid_t process = ::fork();
        if (process < 0) throw fs::error{fs::errc::internal, "no process to be had"};
        if (process > 0) {
            ::close(ends[1]);
            children_.push_back({process, ends[0], point, how});
            return;
        }
        constexpr unsigned patience_seconds = 300;
        ::alarm(patience_seconds);  // one that hangs is a failure, and not the end of everything
        ::close(ends[0]);
        answer_ = ends[1];
        dies_ = how;
        point_ = point;
        world_.fate().kill();
    }

    void reap() {
        const child first = children_.front();
        children_.pop_front();
        std::string text;
        std::array<char, 512> buffer{};
        for (ssize_t got = 0; (got = ::read(first.answer, buffer.data(), buffer.size())) > 0;)
            text.append(buffer.data(), static_cast<std::size_t>(got));
        ::close(first.answer);
        ::waitpid(first.process, nullptr, 0);
        const verdict found = verdict::parse(text);
        ++totals_.deaths;
        if (first.how != remains::all) ++totals_.power_cuts;
        totals_.resumed += found.resumed;
        totals_.chunks_again += found.chunks_again;
        totals_.most_chunks_again = std::max(totals_.most_chunks_again, found.chunks_again);
        totals_.orphan_segments += found.orphan_segments;
        totals_.orphan_blocks += found.orphan_blocks;
        totals_.orphan_bytes += found.orphan_bytes;
        if (found.wrong.empty()) return;
        const char* how = first.how == remains::all    ? "the process died: "
                          : first.how == remains::part ? "the power went: "
                                                       : "the power went later: ";
        totals_.failures.push_back({first.point, how + found.wrong});
    }

    // ---- in a child

    [[noreturn]] void end_child() {
        verdict found;
        try {
            found = go_on();
        } catch (const fs::error& e) {
            found.wrong = "unexpected: " + e.line();
        } catch (const std::exception& e) {
            found.wrong = std::string{"unexpected: "} + e.what();
        }
        const std::string text = found.text();
        const bool is_said = ::write(answer_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
        ::_exit(is_said ? 0 : 1);
    }

    verdict go_on() {
        world_.time().before_each_step({});
        world_.fate().before_each_moment({});
        world_.fate().cease();
        if (*dies_ == remains::part) world_.disk().cut_power(ft::seeded_random{point_}, point_ % 2 == 0 ? 1.0 : 0.5);
        std::vector<fs::key_range> chunks;
        const fs::restore_point point = back_up(next_backup(plan_), chunks, nullptr);
        if (*dies_ == remains::later) world_.disk().cut_power(ft::seeded_random{point_}, 1.0);
        return judge(point, chunks);
    }

    verdict judge(const fs::restore_point& point, const std::vector<fs::key_range>& chunks) {
        verdict found;
        found.resumed = point.figures.resumed;
        world_.open();
        if (world_.restore(point).first.rows() != world_.database().past().state_at(point.at))
            found.wrong = "the point is restored with wrong rows";
        if (found.wrong.empty()) check_objects(point, found);
        if (!dies_) return found;
        for (std::size_t i = 0; i < before_checkpoint_; ++i)
            if (std::any_of(chunks.begin(), chunks.end(),
                            [&](const fs::key_range& again) { return again.overlaps(first_[i]); }))
                ++found.chunks_again;
        if (found.wrong.empty() && found.chunks_again > first_backup(plan_).workers)
            found.wrong = std::to_string(found.chunks_again) + " chunks from before the last checkpoint are read again";
        return found;
    }

    /// What is left in the store: everything is whole, and is of a point, or is told apart from what is.
    void check_objects(const fs::restore_point& last, verdict& found) {
        simulated_repository& in = world_.repository();
        std::set<std::string> segments;
        std::unordered_set<fs::block_id> blocks;
        const std::vector<fs::point_name> points = world_.time().run(fs::list_points(in));
        if (points.empty()) found.wrong = "no restore point is left";
        for (const fs::point_name& name : points) {
            const bool is_last = name.id == last.id;
            const fs::restore_point point = is_last ? last : world_.time().run(fs::read_point(in, name.object));
            for (const fs::segment& s : point.knows.known.segments) segments.insert(s.where);
            for (const fs::image& box : point.knows.known.images) collect(box.where, blocks);
            for (const fs::run& box : point.knows.known.runs) collect(box.where, blocks);
        }
        std::set<std::string> indexed;
        std::size_t leases = 0;
        for (const auto& [name, bytes] : world_.objects()) {
            const auto is_in = [&](std::string_view folder) { return name.find(folder) != std::string::npos; };
            if (is_in("/running/")) {
                // A removal may be undone: the next backup must not go on from there, and removes it again.
                const auto left = world_.time().run(fs::latest_checkpoint(in, last.knows.source.id));
                if (dies_ != remains::later || !left || left->knows.followed > last.at)
                    found.wrong = "a checkpoint is left: " + name;
            } else if (is_in("/leases/")) {
                if (++leases > 1) found.wrong = "more than one lease is left: " + name;
            } else if (is_in("/journal/")) {
                if (segments.count(name) != 0) continue;
                ++found.orphan_segments;
                found.orphan_bytes += bytes.size();
            } else if (name.starts_with("indexes/")) {
                const std::string text = world_.time().run(in.get(name, fs::object_kind::index));
                for (const fs::indexed_pack& pack : fs::decode_index(text)) indexed.insert(fs::pack_name(pack.id));
            } else if (name.starts_with("packs/")) {
                for (const fs::pack_entry& entry :
                     world_.time().run(fs::read_pack_index(in.store(), *in.seal(), name, bytes.size()))) {
                    if (blocks.count(entry.id) != 0) continue;
                    ++found.orphan_blocks;
                    found.orphan_bytes += entry.stored;
                }
            } else if (name != fs::repository_config::object_name && !is_in("/points/")) {
                found.wrong = "nobody knows what this is: " + name;
            }
        }
        for (const std::string& pack : indexed)
            if (world_.objects().count(pack) == 0) found.wrong = "an index tells of a pack that is not there: " + pack;
        if (point_ % verified_every != 0) return;
        for (const fs::finding& f : world_.verify(true).findings)
            found.wrong = "verify finds " + f.object + ": " + f.what;
    }

    void collect(const std::string& where, std::unordered_set<fs::block_id>& out) {
        const fs::tree_root root = fs::tree_root::parse(where);
        if (!root.is_empty()) world_.time().run(collect_blocks(world_.repository(), root.id, root.depth, out));
    }

    crash_plan plan_;
    const std::function<void(const crash_totals&)>& tell_;
    simulated_world world_;
    crash_totals totals_;
    std::uint64_t passed_ = 0;
    std::deque<child> children_;
    std::vector<fs::key_range> first_;   ///< chunks that were read
    std::size_t before_checkpoint_ = 0;  ///< of those, how many when the last checkpoint was done
    std::optional<remains> dies_;        ///< in a child
    std::uint64_t point_ = 0;
    int answer_ = -1;
};

}  // namespace

crash_totals crash_everywhere(const crash_plan& plan, const std::function<void(const crash_totals&)>& tell) {
    crash_course all{plan, tell};
    return all.perform();
}

}  // namespace support
