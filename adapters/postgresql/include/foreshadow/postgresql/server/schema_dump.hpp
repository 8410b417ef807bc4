// SPDX-License-Identifier: BSL-1.0
//
// The schema by PostgreSQL's own tool: `pg_dump --schema-only` as of a snapshot that a transaction exports. It locks
// what it describes as any reader does, for as long as it takes. What foreshadow itself has in the database is left
// out.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/postgresql/server/connection.hpp"
#include "foreshadow/run/readiness.hpp"
#include "foreshadow/task.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern char** environ;

namespace foreshadow::postgresql::detail {

/// A program whose output is read; it ends with this object.
class child_process {
  public:
    /// `settings`: of its environment, besides those of this process.
    child_process(const std::vector<std::string>& command, const std::vector<std::string>& settings) {
        int out[2];
        if (::pipe2(out, O_CLOEXEC) != 0) throw error{errc::unavailable, "cannot make a pipe"};
        output_ = out[0];
        errors_ = std::tmpfile();
        std::vector<char*> arguments;
        for (const std::string& a : command) arguments.push_back(const_cast<char*>(a.c_str()));
        arguments.push_back(nullptr);
        std::vector<char*> environment;
        for (const std::string& s : settings) environment.push_back(const_cast<char*>(s.c_str()));
        for (char** e = environ; *e != nullptr; ++e) environment.push_back(*e);
        environment.push_back(nullptr);
        posix_spawn_file_actions_t files;
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
        if (errors_ != nullptr) posix_spawn_file_actions_adddup2(&files, ::fileno(errors_), STDERR_FILENO);
        const int failed = ::posix_spawnp(&id_, arguments[0], &files, nullptr, arguments.data(), environment.data());
        posix_spawn_file_actions_destroy(&files);
        ::close(out[1]);
        if (failed == 0) return;
        id_ = -1;
        close();
        throw error{errc::not_found, "cannot run " + command[0] + ": " + std::strerror(failed),
                    "install PostgreSQL's client programs, of the server's version or newer"};
    }
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;
    ~child_process() {
        if (id_ > 0) {
            ::kill(id_, SIGKILL);
            ::waitpid(id_, nullptr, 0);
        }
        close();
    }

    /// Everything that it writes. Errors: `unavailable`, with the first line that it complained with.
    task<std::string> read() {
        std::string all;
        std::array<char, 65'536> piece;
        for (;;) {
            co_await wait_until_ready(output_, readiness::readable);
            const ssize_t size = ::read(output_, piece.data(), piece.size());
            if (size < 0 && errno == EINTR) continue;
            if (size <= 0) break;
            all.append(piece.data(), static_cast<std::size_t>(size));
        }
        int status = 0;
        ::waitpid(std::exchange(id_, -1), &status, 0);
        if (status != 0) throw error{errc::unavailable, "pg_dump failed: " + complaint(), "", retry::later};
        co_return all;
    }

  private:
    [[nodiscard]] std::string complaint() {
        std::array<char, 1'000> text{};
        if (errors_ == nullptr || std::fseek(errors_, 0, SEEK_SET) != 0) return "for an unknown reason";
        const std::size_t size = std::fread(text.data(), 1, text.size() - 1, errors_);
        text[size] = '\0';
        return one_line(text.data());
    }
    void close() noexcept {
        if (output_ >= 0) ::close(std::exchange(output_, -1));
        if (errors_ != nullptr) std::fclose(std::exchange(errors_, nullptr));
    }

    pid_t id_ = -1;
    int output_ = -1;
    std::FILE* errors_ = nullptr;
};

/// Whether the heading of an object in a dump, from its name on, is one of what foreshadow put into the database.
[[nodiscard]] inline bool is_own(std::string_view heading) {
    const auto has = [&](std::string_view what) { return heading.find(what) != heading.npos; };
    if (heading.starts_with("PUBLICATION foreshadow; ")) return true;
    if (heading.starts_with("foreshadow_")) return has("; Type: EVENT TRIGGER;");
    return (heading.starts_with("foreshadow; ") || heading.starts_with("foreshadow ")) && has("; Type: PUBLICATION");
}

/// The dump without commands of psql, and without what foreshadow put into the database.
[[nodiscard]] inline std::string without_own(std::string_view dump) {
    constexpr std::string_view head = "--\n-- Name: ";
    std::string kept;
    bool is_passed_over = false;
    for (std::size_t at = 0; at < dump.size();) {
        const std::string_view rest = dump.substr(at);
        if (rest.starts_with(head))
            is_passed_over = is_own(rest.substr(head.size(), rest.find('\n', head.size()) - head.size()));
        else if (rest.starts_with("--\n-- PostgreSQL database dump complete\n"))
            is_passed_over = false;
        const std::string_view line = rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
        at += line.size();
        if (is_passed_over || line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ")) continue;
        kept += line;
    }
    return kept;
}

/// The schema as of an exported snapshot. `section`: `pre-data` (all that rows need) or `post-data` (indexes,
/// constraints, triggers). `without`: patterns of tables that are left out, and not locked.
inline task<std::string> dump_schema(std::string program, address where, std::string exported, std::string section,
                                     std::vector<std::string> without) {
    std::vector<std::string> command{program,
                                     "--schema-only",
                                     "--section=" + section,
                                     "--snapshot=" + exported,
                                     "--exclude-schema=foreshadow",
                                     "--no-subscriptions",
                                     "--encoding=UTF8",
                                     "--dbname=" + where.public_text()};
    for (const std::string& pattern : without) command.push_back("--exclude-table=" + pattern);
    std::vector<std::string> settings;
    // In the environment, since everybody can read a command line.
    if (const std::string password = where.option("password"); !password.empty())
        settings.push_back("PGPASSWORD=" + password);
    child_process running{command, settings};
    const std::string dump = co_await running.read();
    co_return without_own(dump);
}

}  // namespace foreshadow::postgresql::detail
