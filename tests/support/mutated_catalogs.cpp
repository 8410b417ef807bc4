// SPDX-License-Identifier: BSL-1.0
#include "mutated_catalogs.hpp"

#include "catalog_mutator.hpp"

#include "foreshadow/catalog/consistency.hpp"
#include "foreshadow/testing/random.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace support {

namespace {

using namespace foreshadow;
using testing::seeded_random;

constexpr int key_count = 8;

std::string row_key(int k) { return std::string(1, static_cast<char>('a' + k)); }
std::string cut(int k) { return k == 0 || k >= key_count ? std::string{} : row_key(k); }
key_range range_of(int first, int second) { return {cut(first), cut(second)}; }
position at_int(int p) { return {static_cast<std::uint64_t>(p)}; }
int as_int(position p) { return static_cast<int>(p.value); }

/// A row: the positions at which its two columns were set.
using cell = std::optional<std::array<int, 2>>;
using cells = std::array<cell, key_count>;

struct write {
    enum class kind { put, patch, erase, erase_range, replaced } what;
    int at;
    std::uint32_t ordinal;
    int first;
    int second;
    std::size_t column = 0;

    [[nodiscard]] bool touches(int k) const { return first <= k && k < second; }
    [[nodiscard]] bool meets(const write& other) const { return first < other.second && other.first < second; }
};

/// False where a patch finds no row.
bool play(cell& row, const write& w) {
    switch (w.what) {
        case write::kind::put:
            row = {w.at, w.at};
            break;
        case write::kind::patch:
            if (!row) return false;
            (*row)[w.column] = w.at;
            break;
        case write::kind::erase:
        case write::kind::erase_range:
            row.reset();
            break;
        case write::kind::replaced:
            row = (w.at + w.first) % 3 == 0 ? cell{} : cell{{w.at, w.at}};
            break;
    }
    return true;
}

/// What is really in a box, whatever the catalog says of it.
struct content {
    int first = 0;
    int second = key_count;
    int after = 0;
    int upto = 0;
    cells rows;  ///< of an image
};

/// A small database, its whole past, and a backup of it.
struct small_world {
    int held = 0;
    int end = 0;
    std::vector<std::vector<write>> commits;                                ///< by position
    std::vector<cells> states;                                              ///< after each position
    std::vector<std::array<std::optional<partition_id>, key_count>> owner;  ///< after each position
    std::map<std::string, content> contents;
    restore_point point;
};

class world_maker {
  public:
    explicit world_maker(std::uint64_t seed) : dice_{seed * 2 + 1} {}

    small_world make() {
        w_.held = number(0, 3);
        w_.end = w_.held + number(3, 11);
        w_.commits.resize(static_cast<std::size_t>(w_.end + 1));
        is_layout_.resize(w_.commits.size());
        begin();
        for (int p = 1; p <= w_.end; ++p) live(p);
        draw_up_segments();
        draw_up_images();
        draw_up_runs();
        publish();
        return std::move(w_);
    }

  private:
    int number(int least, int most) {
        return static_cast<int>(dice_.between(static_cast<std::uint64_t>(least), static_cast<std::uint64_t>(most)));
    }
    bool chance(int percent) { return number(0, 99) < percent; }
    catalog& knows() { return w_.point.knows; }

    partition make_partition(int first, int second, int p, bool born_empty = false) {
        return {.id = {++native_, at_int(p)},
                .name = "p" + std::to_string(native_),
                .interval = range_of(first, second),
                .born_empty = born_empty};
    }

    void begin() {
        int k = number(0, 2);
        while (k < key_count) {
            const int next = std::min(key_count, k + number(2, 5));
            bands_[k] = {next, make_partition(k, next, 0)};
            k = next + (chance(30) ? number(1, 2) : 0);
        }
        for (const auto& [first, band] : bands_)
            for (int i = first; i < band.first; ++i)
                if (chance(60)) now_[static_cast<std::size_t>(i)] = {0, 0};
        remember(0);
    }

    void remember(int p) {
        w_.states.push_back(now_);
        std::array<std::optional<partition_id>, key_count> owner;
        for (const auto& [first, band] : bands_)
            for (int k = first; k < band.first; ++k) owner[static_cast<std::size_t>(k)] = band.second.id;
        w_.owner.push_back(owner);
        if (p != w_.held) return;
        knows().held = knows().first.at = at_int(p);
        for (const auto& [first, band] : bands_) knows().first.partitions.push_back(band.second);
    }

    void add(int p, write::kind what, int first, int second, std::size_t column = 0) {
        const write w{what, p, ordinal_++, first, second, column};
        for (int k = first; k < second; ++k) (void)play(now_[static_cast<std::size_t>(k)], w);
        w_.commits[static_cast<std::size_t>(p)].push_back(w);
    }

    void live(int p) {
        ordinal_ = 0;
        for (int n = number(1, 3); n > 0; --n) {
            const int u = number(0, 99);
            const int k = number(0, key_count - 1);
            const bool is_owned = owner_of(k) != bands_.end();
            if (u < 60) {
                if (!is_owned) continue;
                const bool is_there = now_[static_cast<std::size_t>(k)].has_value();
                if (u < 30) {
                    add(p, write::kind::put, k, k + 1);
                } else if (is_there && u < 50) {
                    add(p, write::kind::patch, k, k + 1, static_cast<std::size_t>(number(0, 1)));
                } else if (is_there) {
                    add(p, write::kind::erase, k, k + 1);
                }
            } else if (u < 66) {
                if (is_owned) replace(p, owner_of(k));
            } else {
                change_layout(p, u);
            }
        }
        remember(p);
    }

    using bands_type = std::map<int, std::pair<int, partition>>;  ///< first key to end and partition
    bands_type::iterator owner_of(int k) {
        auto next = bands_.upper_bound(k);
        if (next == bands_.begin()) return bands_.end();
        --next;
        return k < next->second.first ? next : bands_.end();
    }

    void replace(int p, bands_type::iterator band) {
        knows().known.replacements.push_back({band->second.second.interval, {at_int(p), ordinal_}});
        add(p, write::kind::replaced, band->first, band->second.first);
        replaced_.push_back({band->first, band->second.first, p});
    }

    void change_layout(int p, int u) {
        layout_change change{.at = {at_int(p), ordinal_}, .time = {}, .retired = {}, .begun = {}};
        const auto any =
            bands_.empty() ? bands_.end() : std::next(bands_.begin(), number(0, static_cast<int>(bands_.size()) - 1));
        if (u < 78 && any != bands_.end()) {  // a split
            const int first = any->first;
            const int second = any->second.first;
            if (second - first < 2) return;
            const int middle = number(first + 1, second - 1);
            change.retired = {any->second.second.id};
            bands_.erase(any);
            begin_band(change, first, middle, p);
            begin_band(change, middle, second, p);
        } else if (u < 86 && any != bands_.end()) {  // a merge
            const auto next = std::next(any);
            if (next == bands_.end() || any->second.first != next->first) return;
            const int first = any->first;
            const int second = next->second.first;
            change.retired = {any->second.second.id, next->second.second.id};
            bands_.erase(any, std::next(next));
            begin_band(change, first, second, p);
        } else if (u < 92 && any != bands_.end()) {  // a drop
            const int first = any->first;
            const int second = any->second.first;
            add(p, write::kind::erase_range, first, second);
            change.at.ordinal = ordinal_;
            change.retired = {any->second.second.id};
            bands_.erase(any);
        } else {  // a creation
            const int first = number(0, key_count - 1);
            int second = first;
            while (second < key_count && owner_of(second) == bands_.end()) ++second;
            if (second == first) return;
            const bool born_empty = chance(75);
            begin_band(change, first, second, p, born_empty);
            if (born_empty) {
                if (p > w_.held) knows().known.births.push_back({range_of(first, second), change.at});
            }
        }
        ++ordinal_;
        is_layout_[static_cast<std::size_t>(p)] = true;
        if (p > w_.held) knows().changes.push_back(change);
        // What does not begin empty begins with rows that the log does not tell.
        if (change.retired.empty() && !change.begun.front().born_empty)
            replace(p, owner_of(key_of(change.begun.front().interval.begin)));
    }
    void begin_band(layout_change& change, int first, int second, int p, bool born_empty = false) {
        partition begun = make_partition(first, second, p, born_empty);
        change.begun.push_back(begun);
        bands_[first] = {second, std::move(begun)};
    }
    static int key_of(const key& k) { return k.empty() ? 0 : k[0] - 'a'; }

    // ---- the backup

    std::string name(const char* what) { return what + std::to_string(++names_); }

    void draw_up_segments() {
        for (int p = w_.held; p < w_.end;) {
            const int q = std::min(w_.end, p + number(1, 5));
            segment made{.after = at_int(p), .upto = at_int(q), .where = name("segment "), .changes = 0, .bytes = 0};
            w_.contents[made.where] = {.first = 0, .second = key_count, .after = p, .upto = q, .rows = {}};
            knows().known.segments.push_back(std::move(made));
            p = q;
        }
    }

    void draw_up_image(int first, int second, int least) {
        const int low = number(std::max(least, w_.held), w_.end);
        horizon seen = horizon::exactly(at_int(low));
        if (chance(40)) {
            // Later commits may be visible before earlier ones, where nothing orders them.
            std::vector<int> missing;
            for (int p = low + 1; p <= std::min(w_.end, low + 4); ++p) {
                const bool is_bound = is_layout_[static_cast<std::size_t>(p)] ||
                                      std::any_of(missing.begin(), missing.end(), [&](int m) { return meets(m, p); });
                if (missing.empty() || is_bound || chance(50)) {
                    missing.push_back(p);
                } else {
                    seen.also.push_back(at_int(p));
                    seen.high = at_int(p);
                }
            }
        }
        content inside{.first = first, .second = second, .after = 0, .upto = 0, .rows = w_.states[std::size_t(low)]};
        for (const position p : seen.also)
            for (const write& w : w_.commits[static_cast<std::size_t>(p.value)])
                for (int k = w.first; k < w.second; ++k) (void)play(inside.rows[static_cast<std::size_t>(k)], w);
        image made{.interval = range_of(first, second), .seen = seen, .where = name("image ")};
        w_.contents[made.where] = inside;
        knows().known.images.push_back(fingerprinted(std::move(made)));
    }
    [[nodiscard]] bool meets(int p, int q) const {
        if (is_layout_[static_cast<std::size_t>(p)] || is_layout_[static_cast<std::size_t>(q)]) return true;
        const auto& some = w_.commits[static_cast<std::size_t>(p)];
        const auto& others = w_.commits[static_cast<std::size_t>(q)];
        return std::any_of(some.begin(), some.end(), [&](const write& a) {
            return a.what == write::kind::replaced || std::any_of(others.begin(), others.end(), [&](const write& b) {
                       return b.what == write::kind::replaced || a.meets(b);
                   });
        });
    }
    void draw_up_images() {
        for (int k = 0; k < key_count;) {
            const int next = std::min(key_count, k + number(1, 5));
            draw_up_image(k, next, w_.held);
            k = next;
        }
        for (const auto& [first, second, p] : replaced_) draw_up_image(first, second, p);
        for (int n = number(0, 3); n > 0; --n) {
            const int first = number(0, key_count - 1);
            draw_up_image(first, number(first + 1, key_count), w_.held);
        }
    }

    void draw_up_runs() {
        for (int n = number(0, 3); n > 0; --n) {
            const int first = number(0, key_count - 1);
            const int second = number(first + 1, key_count);
            const int after = number(w_.held, w_.end - 1);
            int upto = number(after + 1, w_.end);
            for (const auto& [from, to, p] : replaced_)
                if (p > after && from < second && first < to) upto = std::min(upto, p - 1);
            if (upto <= after) continue;
            run made{.interval = range_of(first, second),
                     .after = at_int(after),
                     .upto = at_int(upto),
                     .where = name("run "),
                     .erasures = {}};
            w_.contents[made.where] = {.first = first, .second = second, .after = after, .upto = upto, .rows = {}};
            knows().known.runs.push_back(fingerprinted(std::move(made)));
        }
    }

    void publish() {
        restore_point& point = w_.point;
        point.id = "point";
        point.at = at_int(w_.end);
        point.knows.followed = point.at;
        const layout shape = history_of(point.knows).at(point.at);
        point.proof = spelled_out(prove(point.knows.known, shape, point.at), point.knows.known);
    }

    struct replaced_keys {
        int first;
        int second;
        int at;
    };

    seeded_random dice_;
    small_world w_;
    bands_type bands_;
    cells now_{};
    std::vector<bool> is_layout_;
    std::vector<replaced_keys> replaced_;
    std::uint64_t native_ = 0;
    std::uint32_t ordinal_ = 0;
    int names_ = 0;
};

/// The key beside one of the few that there are.
key beside(const key& k, int by, bool is_end) {
    const int now = k.empty() ? (is_end ? key_count : 0) : k[0] - 'a';
    return cut(std::clamp(now + by, 0, key_count));
}

// ---- the oracle ---------------------------------------------------------------------------------------------

/// What a catalog says, key by key and position by position, as naively as can be.
struct plain_reading {
    const catalog& knows;

    /// Who owns each key at T, by the changes one after the other; nothing where they contradict each other.
    [[nodiscard]] std::optional<std::array<std::optional<partition_id>, key_count>> owners(int t) const {
        std::map<partition_id, std::set<int>> alive;
        std::set<partition_id> used;
        const auto begin = [&](const partition& p) {
            std::set<int> keys;
            for (int k = 0; k < key_count; ++k)
                if (p.interval.begin <= row_key(k) && (p.interval.end.empty() || row_key(k) < p.interval.end))
                    keys.insert(k);
            for (const auto& [id, others] : alive)
                for (const int k : keys)
                    if (others.count(k) != 0) return false;
            if (keys.empty() || !used.insert(p.id).second) return false;
            alive.emplace(p.id, std::move(keys));
            return true;
        };
        bool is_sound = true;
        for (const partition& p : knows.first.partitions) is_sound = is_sound && begin(p);
        auto at_t = alive;
        std::vector<const layout_change*> passed;
        for (const layout_change& c : knows.changes) {
            if (c.at.at <= knows.first.at) continue;
            bool is_told = false;
            for (const layout_change* before : passed) {
                const auto same = [](const partition& a, const partition& b) { return a.id == b.id; };
                if (before->at == c.at)
                    is_told = before->retired == c.retired && std::equal(before->begun.begin(), before->begun.end(),
                                                                         c.begun.begin(), c.begun.end(), same);
                if (before->at == c.at && !is_told) is_sound = false;
            }
            if (is_told) continue;
            if (!passed.empty() && c.at < passed.back()->at) is_sound = false;
            for (const partition_id id : c.retired) is_sound = alive.erase(id) == 1 && is_sound;
            for (const partition& p : c.begun) is_sound = begin(p) && is_sound;
            passed.push_back(&c);
            if (as_int(c.at.at) <= t) at_t = alive;
        }
        if (!is_sound) return std::nullopt;
        std::array<std::optional<partition_id>, key_count> owner;
        for (const auto& [id, keys] : at_t)
            for (const int k : keys) owner[static_cast<std::size_t>(k)] = id;
        return owner;
    }

    static bool holds(const key_range& interval, int k) {
        return interval.begin <= row_key(k) && (interval.end.empty() || row_key(k) < interval.end);
    }
    static bool contains(const horizon& seen, position p) {
        return p <= seen.low || std::find(seen.also.begin(), seen.also.end(), p) != seen.also.end();
    }

    [[nodiscard]] bool is_covered(int k, int low, int t) const {
        for (int p = low + 1; p <= t; ++p) {
            const auto lies_over = [&](const auto& box) { return as_int(box.after) < p && p <= as_int(box.upto); };
            bool is_told = std::any_of(knows.known.segments.begin(), knows.known.segments.end(), lies_over);
            for (const run& r : knows.known.runs)
                is_told = is_told || (holds(r.interval, k) && as_int(r.upto) <= t && lies_over(r));
            if (!is_told) return false;
        }
        return true;
    }

    /// Whether the cell at T can be derived.
    [[nodiscard]] bool is_derivable(int k, int t) const {
        std::vector<version> replaced;
        for (const replacement& r : knows.known.replacements)
            if (holds(r.interval, k) && as_int(r.at.at) <= t) replaced.push_back(r.at);
        for (const image& i : knows.known.images) {
            if (!holds(i.interval, k) || as_int(i.seen.high) > t) continue;
            const bool has_all =
                std::all_of(replaced.begin(), replaced.end(), [&](version v) { return contains(i.seen, v.at); });
            if (has_all && is_covered(k, as_int(i.seen.low), t)) return true;
        }
        for (const birth& b : knows.known.births) {
            if (!holds(b.interval, k) || as_int(b.at.at) > t) continue;
            const bool is_last = std::all_of(replaced.begin(), replaced.end(), [&](version v) { return v < b.at; });
            if (is_last && is_covered(k, as_int(b.at.at) - 1, t)) return true;
        }
        return false;
    }
};

/// What comes of a restore that goes by a proof, from what is really in the boxes.
class plain_restore {
  public:
    enum class ending { exact, refused, wrong };

    plain_restore(const small_world& truth, const catalog& says) : truth_{truth}, says_{says} {}

    ending restore(const layout& shape, const proof& by, int t) {
        // The journal's heads repeat the layouts: a restore to an earlier T compares them.
        if (t != truth_.end && owners_of(shape) != truth_.owner[static_cast<std::size_t>(t)]) return ending::refused;
        if (owners_of(shape) != truth_.owner[static_cast<std::size_t>(t)]) return ending::wrong;
        ending worst = ending::exact;
        for (const proof_piece& piece : by.pieces)
            for (int k = 0; k < key_count; ++k) {
                if (!plain_reading::holds(piece.interval, k)) continue;
                const ending one = restore_cell(piece, k, t);
                if (one == ending::refused) return one;
                if (one == ending::wrong) worst = one;
            }
        return worst;
    }

  private:
    static std::array<std::optional<partition_id>, key_count> owners_of(const layout& shape) {
        std::array<std::optional<partition_id>, key_count> owner;
        for (const partition& p : shape.partitions)
            for (int k = 0; k < key_count; ++k)
                if (plain_reading::holds(p.interval, k)) owner[static_cast<std::size_t>(k)] = p.id;
        return owner;
    }

    ending restore_cell(const proof_piece& piece, int k, int t) const {
        cell row;
        if (piece.image) {
            const content& inside = truth_.contents.at(says_.known.images[*piece.image].where);
            if (inside.first <= k && k < inside.second) row = inside.rows[static_cast<std::size_t>(k)];
        }
        const auto counts = [&](const write& w) {
            const version at{at_int(w.at), w.ordinal};
            return at >= piece.since && w.at <= t && !plain_reading::contains(piece.seen, at.at);
        };
        std::vector<write> changes;
        const auto take = [&](int after, int upto) {
            for (int p = after + 1; p <= std::min(upto, truth_.end); ++p)
                for (const write& w : truth_.commits[static_cast<std::size_t>(p)])
                    if (w.touches(k) && counts(w)) changes.push_back(w);
        };
        for (const change_step& step : piece.chain) {
            if (step.is_run) {
                const content& inside = truth_.contents.at(says_.known.runs[step.run].where);
                if (inside.first <= k && k < inside.second) take(inside.after, inside.upto);
                continue;
            }
            for (const segment& s : says_.known.segments) {
                if (step.upto <= s.after || s.upto <= step.after) continue;
                const content& inside = truth_.contents.at(s.where);
                // A segment says itself what it covers.
                if (inside.after != as_int(s.after) || inside.upto != as_int(s.upto)) return ending::refused;
                take(std::max(inside.after, as_int(step.after)), std::min(inside.upto, as_int(step.upto)));
            }
        }
        std::sort(changes.begin(), changes.end(), [](const write& a, const write& b) {
            return std::pair{a.at, a.ordinal} < std::pair{b.at, b.ordinal};
        });
        for (const write& w : changes) {
            if (w.what == write::kind::replaced) return ending::refused;  // the journal says so
            if (!play(row, w)) return ending::refused;                    // a patch without its row
        }
        return row == truth_.states[static_cast<std::size_t>(t)][static_cast<std::size_t>(k)] ? ending::exact
                                                                                              : ending::wrong;
    }

    const small_world& truth_;
    const catalog& says_;
};

bool is_consistent(const catalog& knows) {
    try {
        expect_consistent(knows);
        return true;
    } catch (const error&) {
        return false;
    }
}
bool is_consistent(const restore_point& point) {
    try {
        expect_consistent(point);
        return true;
    } catch (const error&) {
        return false;
    }
}

/// The rule against the plain reading of what the catalog says, at every position.
void compare_by_word(const catalog& says, const layout_history& layouts, int t, catalog_result& result) {
    const plain_reading plain{says};
    const auto owner = plain.owners(t);
    const std::string here = " at position " + std::to_string(t);
    if (!owner) {
        result.wrong = "layouts that contradict each other are believed" + here;
        return;
    }
    const layout shape = layouts.at(at_int(t));
    const proof found = prove(says.known, shape, at_int(t));
    for (int k = 0; k < key_count; ++k) {
        const partition* by = shape.owner(row_key(k));
        if ((by != nullptr ? std::optional{by->id} : std::nullopt) != (*owner)[static_cast<std::size_t>(k)]) {
            result.wrong = "key " + row_key(k) + " has another owner" + here;
            return;
        }
        const auto pieces = std::count_if(found.pieces.begin(), found.pieces.end(),
                                          [&](const proof_piece& p) { return p.interval.contains(row_key(k)); });
        const bool is_derivable = by != nullptr && plain.is_derivable(k, t);
        if (pieces == (is_derivable ? 1 : 0)) continue;
        result.wrong =
            "key " + row_key(k) + (is_derivable ? " is refused, and known" : " is proved, and not known") + here;
        return;
    }
    ++(found.is_complete() ? result.proved : result.unproved);
}

}  // namespace

catalog_result try_catalog(std::uint64_t seed, bool mutated) {
    catalog_result result;
    const small_world truth = world_maker{seed}.make();
    restore_point point = truth.point;
    bool tells_once = false;
    if (mutated) {
        const bool remakes = seed % 3 == 0;
        catalog_mutator with{seed, beside, remakes};
        for (std::uint64_t left = 1 + seed % 2; left > 0;) {
            const std::string done = with.mutate(point.knows);
            if (done.empty()) continue;
            result.done += (result.done.empty() ? "" : ", ") + done;
            --left;
        }
        tells_once = with.is_told_once();
    }
    const bool is_accepted = is_consistent(point);
    result.is_refused = !is_accepted;
    if (!mutated && !is_accepted) result.wrong = "a sound catalog is refused";
    if (!is_consistent(point.knows)) return result;
    const layout_history layouts = history_of(point.knows);
    for (int t = as_int(point.knows.first.at); t <= truth.end && result.wrong.empty(); ++t) {
        compare_by_word(point.knows, layouts, t, result);
        if (!is_accepted || !result.wrong.empty()) continue;
        const layout shape = layouts.at(at_int(t));
        const proof by = prove(point.knows.known, shape, at_int(t));
        if (!by.is_complete()) {
            if (t == truth.end) result.wrong = "a point that was accepted is not proved";
            continue;
        }
        switch (plain_restore{truth, point.knows}.restore(shape, by, t)) {
            case plain_restore::ending::exact:
                ++result.exact;
                if (t == truth.end) result.is_harmless = true;
                break;
            case plain_restore::ending::refused:
                if (!mutated) result.wrong = "what is sound cannot be read at position " + std::to_string(t);
                ++result.cannot_be_read;
                break;
            case plain_restore::ending::wrong:
                if (t == truth.end || !tells_once)
                    result.wrong = "wrong rows at position " + std::to_string(t) + ", and nobody noticed";
                ++result.untold;
                break;
        }
    }
    return result;
}

}  // namespace support
