// SPDX-License-Identifier: BSL-1.0
#include "writer.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

namespace shop {

namespace {

/// In the child: nothing but system calls between fork and exec.
[[noreturn]] void become_writer(char* const* arguments, int control, int output) {
    dup2(control, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    execv("/proc/self/exe", arguments);
    _exit(127);
}

std::string last_line(const std::string& path) {
    std::ifstream in{path};
    std::string last;
    for (std::string line; std::getline(in, line);) last = line;
    return last;
}

}  // namespace

writer_process::writer_process(const std::string& database, dimensions size, std::string log) : log_{std::move(log)} {
    std::vector<std::string> words{"shop", "write", database, "--rows", std::to_string(size.rows)};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);

    const int output = open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int ends[2] = {-1, -1};
    if (output >= 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0) child_ = fork();
    if (child_ == 0) become_writer(arguments.data(), ends[1], output);
    close(output);
    close(ends[1]);
    control_ = ends[0];
    char ready = 0;
    if (child_ < 0 || read(control_, &ready, 1) != 1) {
        wait();
        throw std::runtime_error{"the writer did not start; see " + log_};
    }
}

writer_process::~writer_process() { wait(); }

writer_statistics writer_process::stop() {
    if (const int status = wait(); status != 0)
        throw std::runtime_error{"the writer ended with status " + std::to_string(status) + "; see " + log_};
    std::istringstream line{last_line(log_)};
    std::string word;
    writer_statistics s;
    line >> word >> s.transactions >> s.layout_changes >> s.seconds >> s.median_ms >> s.p99_ms >> s.longest_ms;
    if (!line || word != "statistics") throw std::runtime_error{"the writer left no statistics in " + log_};
    return s;
}

int writer_process::wait() {
    if (control_ >= 0) close(std::exchange(control_, -1));
    if (child_ < 0) return 0;
    int status = 0;
    while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace shop
