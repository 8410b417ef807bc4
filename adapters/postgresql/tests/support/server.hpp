// SPDX-License-Identifier: BSL-1.0
//
// A PostgreSQL server of the tests' own: made in a temporary folder, reached through a socket there, ended by its
// process id. The programs are those of the folder that FORESHADOW_POSTGRESQL_BIN names, else of Debian's package.
//
// The server refuses to run as root; where the tests do, it runs as the user that its package made, else as nobody.
#pragma once

#include "foreshadow/postgresql/server/sql_text.hpp"

#include <libpq-fe.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace foreshadow::postgresql::tests {

/// The folder of the server's programs, and of its package's.
[[nodiscard]] inline std::string programs() {
    const char* chosen = std::getenv("FORESHADOW_POSTGRESQL_BIN");
    return chosen != nullptr ? chosen : "/usr/lib/postgresql/15/bin";
}
[[nodiscard]] inline std::string program(const std::string& name) { return programs() + "/" + name; }
[[nodiscard]] inline std::string pg_dump() { return program("pg_dump"); }

/// The URL of a server, for another role than its superuser.
[[nodiscard]] inline std::string url_of_role(std::string url, const std::string& role) {
    constexpr std::string_view superuser = "postgres@";
    return url.replace(url.find(superuser), superuser.size() - 1, role);
}

class server {
  public:
    /// `settings`: lines of postgresql.conf, besides those that every test needs. `from`: the folder of its program.
    /// `port`: where it listens to this machine, if it is to, besides its socket.
    explicit server(const std::string& settings = {}, const std::string& from = programs(), int port = 0)
        : program_{from + "/postgres"}, port_{port} {
        std::string name = (std::filesystem::temp_directory_path() / "foreshadow-postgresql-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"cannot make a temporary folder"};
        folder_ = name;
        if (const passwd* user = unprivileged()) {
            user_ = *user;
            if (::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0)
                throw std::runtime_error{"cannot give a folder away"};
        }
        run({program("initdb"), "-D", data(), "-U", "postgres", "--no-sync", "-A", "trust", "-E", "UTF8",
             "--locale=C"});
        std::ofstream{data() + "/postgresql.conf", std::ios::app}
            << (port == 0 ? "listen_addresses = ''" : "listen_addresses = '127.0.0.1'\nport = " + std::to_string(port))
            << "\nunix_socket_directories = '" << folder_ << "'\nwal_level = logical\nfsync = off\n"
            << "max_replication_slots = 20\nmax_wal_senders = 20\nmax_prepared_transactions = 5\n"
            << settings << "\n";
        start();
    }
    server(const server&) = delete;
    server& operator=(const server&) = delete;
    ~server() {
        stop(SIGQUIT);
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    /// Begins to run; ready on return.
    void start() {
        process_ = spawn({program_, "-D", data()});
        for (int tries = 0; PQping(url("postgres").c_str()) != PQPING_OK; ++tries) {
            int status = 0;
            if (tries == 3'000 || ::waitpid(process_, &status, WNOHANG) == process_)
                throw std::runtime_error{"the server does not start; see " + folder_ + "/log"};
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
    }
    /// SIGINT ends it in order, SIGQUIT as a crash does.
    void stop(int signal) {
        if (process_ <= 0) return;
        ::kill(process_, signal);
        ::waitpid(process_, nullptr, 0);
        process_ = -1;
    }

    /// Of its programs: 15.
    [[nodiscard]] int version() const {
        PGconn* c = PQconnectdb(url("postgres").c_str());
        const int number = PQserverVersion(c);
        PQfinish(c);
        return number / 10'000;
    }
    [[nodiscard]] std::string url(const std::string& database) const {
        return "postgresql://postgres@/" + database + "?host=" + folder_ +
               (port_ == 0 ? "" : "&port=" + std::to_string(port_));
    }
    /// Through its port, with TLS and nothing else.
    [[nodiscard]] std::string tls_url(const std::string& database) const {
        return "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/" + database + "?sslmode=require";
    }
    /// A new database; returns its name.
    [[nodiscard]] std::string make_database() {
        static std::atomic<int> next{0};
        const std::string name = "test_" + std::to_string(next++);
        PGconn* c = PQconnectdb(url("postgres").c_str());
        PGresult* r = PQexec(c, ("CREATE DATABASE " + name).c_str());
        const bool made = PQresultStatus(r) == PGRES_COMMAND_OK;
        PQclear(r);
        PQfinish(c);
        if (!made) throw std::runtime_error{"cannot make a database"};
        return name;
    }

    /// Whom it runs as; nobody else than who runs the tests where they do not run as root.
    [[nodiscard]] static const passwd* unprivileged() {
        if (::geteuid() != 0) return nullptr;
        const passwd* made = ::getpwnam("postgres");
        return made != nullptr ? made : ::getpwnam("nobody");
    }

  private:
    [[nodiscard]] std::string data() const { return folder_ + "/data"; }

    [[nodiscard]] pid_t spawn(const std::vector<std::string>& command) const {
        std::vector<char*> arguments;
        for (const std::string& a : command) arguments.push_back(const_cast<char*>(a.c_str()));
        arguments.push_back(nullptr);
        const pid_t child = ::fork();
        if (child != 0) return child;
        // It ends with the tests, however these end.
        const bool changed = user_.pw_name == nullptr || (::setgid(user_.pw_gid) == 0 && ::setuid(user_.pw_uid) == 0);
        ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
        const std::string log = folder_ + "/log";
        if (changed && ::chdir(folder_.c_str()) == 0 && std::freopen(log.c_str(), "a", stdout) != nullptr &&
            std::freopen(log.c_str(), "a", stderr) != nullptr)
            ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }
    void run(const std::vector<std::string>& command) const {
        int status = 0;
        ::waitpid(spawn(command), &status, 0);
        if (status != 0)
            throw std::runtime_error{command[0] +
                                     " failed; install postgresql-15, or let FORESHADOW_POSTGRESQL_BIN "
                                     "name the folder of a server's programs"};
    }

    std::string program_;
    int port_ = 0;
    std::string folder_;
    passwd user_{};
    pid_t process_ = -1;
};

/// The server that the tests of one program share.
[[nodiscard]] inline server& shared_server() {
    static server one;
    return one;
}

/// The URL of a new database there.
[[nodiscard]] inline std::string new_database() { return shared_server().url(shared_server().make_database()); }

}  // namespace foreshadow::postgresql::tests
