// SPDX-License-Identifier: BSL-1.0
//
// Catalogs and repositories that mean another thing than they did, and as many that are sound:
//
//   mutations catalogs|repositories [--from N] [--seeds N] [--only mutated|sound]
//
// Of those that were mutated none may be restored to anything but what was there; of those that are sound none may be
// refused. Says how to try again each that fails. Status 1 where anything was wrong.
#include "mutated_catalogs.hpp"
#include "mutated_repositories.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <iostream>
#include <string>

namespace {

struct plan {
    std::string program;
    std::string what;
    std::uint64_t from = 1;
    std::uint64_t seeds = 10'000;
    bool mutated = false;

    [[nodiscard]] const char* kind() const { return mutated ? "mutated" : "sound"; }
    void tell(std::uint64_t seed, const std::string& done, const std::string& wrong) const {
        std::cout << "seed " << seed << ", " << kind() << (done.empty() ? "" : ": " + done) << ": " << wrong
                  << "\n  again: " << program << ' ' << what << " --from " << seed << " --seeds 1 --only " << kind()
                  << std::endl;
    }
};

std::uint64_t try_catalogs(const plan& p) {
    std::uint64_t refused = 0;
    std::uint64_t harmless = 0;
    std::uint64_t untold = 0;
    std::uint64_t failed = 0;
    support::catalog_result all;
    for (std::uint64_t seed = p.from; seed < p.from + p.seeds; ++seed) {
        const support::catalog_result one = support::try_catalog(seed, p.mutated);
        refused += one.is_refused;
        harmless += one.is_harmless;
        untold += one.untold != 0;
        all.proved += one.proved;
        all.unproved += one.unproved;
        all.exact += one.exact;
        all.cannot_be_read += one.cannot_be_read;
        if (one.wrong.empty()) continue;
        ++failed;
        p.tell(seed, one.done, one.wrong);
    }
    std::cout << p.seeds << ' ' << p.kind() << " catalogs: " << refused << " refused, " << harmless
              << " restore exactly, the others as their boxes are read; positions: " << all.proved << " proved and "
              << all.unproved << " not, as the oracle has it, " << all.exact << " restored exactly, "
              << all.cannot_be_read << " refused in reading; " << untold
              << " wrong before T by what stands in no proof; " << failed << " failed" << std::endl;
    return failed;
}

std::uint64_t try_repositories(const plan& p) {
    std::uint64_t refused = 0;
    std::uint64_t exact = 0;
    std::uint64_t found = 0;
    std::uint64_t untold = 0;
    std::uint64_t failed = 0;
    support::mutated_repositories repositories;
    for (std::uint64_t seed = p.from; seed < p.from + p.seeds; ++seed) {
        const support::repository_result one = repositories.try_one(seed, p.mutated);
        refused += one.refused;
        exact += one.exact;
        found += one.is_found;
        untold += one.untold;
        if (one.wrong.empty()) continue;
        ++failed;
        p.tell(seed, one.done, one.wrong);
    }
    std::cout << p.seeds << ' ' << p.kind() << " repositories: " << exact << " restores exact, " << refused
              << " refused; " << found << " found by verify; " << untold
              << " wrong before T by what stands in no proof; " << failed << " failed" << std::endl;
    return failed;
}

}  // namespace

int main(int count, char** words) {
    CLI::App program{
        "Tries catalogs or repositories that mean another thing than they did, and as many that are sound."};
    plan chosen{.program = words[0], .what = {}};
    std::string only;
    program.add_option("what", chosen.what)->required()->check(CLI::IsMember({"catalogs", "repositories"}));
    program.add_option("--from", chosen.from, "the first seed")->capture_default_str();
    program.add_option("--seeds", chosen.seeds, "so many")->capture_default_str();
    program.add_option("--only", only)->check(CLI::IsMember({"mutated", "sound"}));
    CLI11_PARSE(program, count, words);

    std::uint64_t failed = 0;
    for (const bool mutated : {true, false}) {
        chosen.mutated = mutated;
        if (!only.empty() && only != chosen.kind()) continue;
        failed += chosen.what == "catalogs" ? try_catalogs(chosen) : try_repositories(chosen);
    }
    return failed == 0 ? 0 : 1;
}
