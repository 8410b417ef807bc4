// SPDX-License-Identifier: BSL-1.0
//
// shop: the main job. A shop's database is backed up while a process of its own writes to it, and splits, merges, makes
// and drops partitions; what is restored must be what the ledger says. Exit status: 0 it is, 3 it is not; 1 the job
// failed, 2 wrong usage.
#include "job.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <exception>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

std::filesystem::path fresh_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "foreshadow-shop-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error{"cannot make a folder like " + name};
    return name;
}

int run(shop::job_options options, bool keep) {
    const bool is_ours = options.folder.empty();
    if (is_ours) options.folder = fresh_folder();
    std::filesystem::create_directories(options.folder);
    if (!std::filesystem::is_empty(options.folder))
        throw std::runtime_error{options.folder.string() + " is not empty; name a folder that is, or is not there yet"};
    const shop::job_result result = shop::run_job(options);
    shop::print_summary(options, result);
    if (!result.is_sound()) {
        std::cerr << "shop: what was restored is not what the ledger says; everything is kept in "
                  << options.folder.string() << std::endl;
        return 3;
    }
    const bool kept = keep || !is_ours;
    if (!kept) {
        std::filesystem::remove_all(options.folder);
        std::cout << "(removed now; --keep keeps it)" << std::endl;
    }
    const std::filesystem::path tool = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "foreshadow";
    shop::print_next_steps(std::filesystem::proximate(tool).string(), kept ? options.folder.string() : "");
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"A shop that is backed up while it is open."};
    shop::job_options options;
    bool keep = false;
    app.add_option("--folder", options.folder, "where to work: an empty folder; a temporary one where none is named");
    app.add_option("--seconds", options.seconds, "how long the first backup is made to last, about")
        ->check(CLI::Range(1.0, 3600.0))
        ->capture_default_str();
    app.add_option("--rows", options.size.rows, "orders in the beginning")
        ->check(CLI::Range(5'000, 100'000'000))
        ->capture_default_str();
    app.add_flag("--keep", keep, "keep the temporary folder");

    std::string database;
    double write_seconds = 0;
    CLI::App* const write =
        app.add_subcommand("write", "only work on a shop's database, as the job's writer process does");
    write->add_option("DATABASE", database)->required();
    write->add_option("--seconds", write_seconds,
                      "stop after so long; else standard input is a socket whose end stops it");
    write->add_option("--rows", options.size.rows, "the orders that it began with");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }
    try {
        return *write ? shop::write(database, options.size, write_seconds) : run(options, keep);
    } catch (const std::exception& e) {
        std::cerr << "shop: " << e.what() << std::endl;
        return 1;
    }
}
