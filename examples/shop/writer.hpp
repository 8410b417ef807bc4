// SPDX-License-Identifier: BSL-1.0
//
// The other program: it works on the shop's database, in a process of its own, and never heard of a backup.
#pragma once

#include "shop.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace shop {

/// Writes for `seconds`. Where that is 0, standard input is a socket: it gets a byte when the first transaction is
/// done, and its end is the request to stop. What happens to the layout goes to standard output, a line each; the last
/// line is the statistics.
int write(const std::string& path, dimensions size, double seconds);

struct writer_statistics {
    std::uint64_t transactions = 0;
    std::uint64_t layout_changes = 0;
    double seconds = 0;
    double median_ms = 0;  ///< of a transaction, from its beginning to its commit
    double p99_ms = 0;
    double longest_ms = 0;
};

/// This program once more, with the verb `write`.
class writer_process {
  public:
    /// Returns when the writer has written. `log` gets its output.
    writer_process(const std::string& database, dimensions size, std::string log);
    writer_process(const writer_process&) = delete;
    writer_process& operator=(const writer_process&) = delete;
    ~writer_process();

    /// Lets it finish its transaction and end. Throws where it failed.
    writer_statistics stop();

  private:
    int wait();

    std::string log_;
    pid_t child_ = -1;
    int control_ = -1;  ///< its end stops the child, also when this process dies
};

}  // namespace shop
