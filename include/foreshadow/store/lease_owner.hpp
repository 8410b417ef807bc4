// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <csignal>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace foreshadow {

/// Who holds a lease, so exactly that a process on the same host can tell whether it is still there.
struct lease_owner {
    std::string host;
    std::string boot;  ///< changes with every start of the host, and with every container
    std::uint64_t process = 0;
    std::uint64_t started = 0;  ///< in ticks since the boot: process ids are used again

    friend bool operator==(const lease_owner&, const lease_owner&) = default;
    [[nodiscard]] std::string line() const { return "process " + std::to_string(process) + " on " + host; }

    [[nodiscard]] static lease_owner this_process();
};

namespace detail {

/// The start time of a process in ticks since the boot; 0 when it is not there or cannot be known.
[[nodiscard]] inline std::uint64_t start_of_process(std::uint64_t process) {
    std::ifstream file{"/proc/" + std::to_string(process) + "/stat"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const auto name_end = text.rfind(')');  // the name may hold anything, parentheses and spaces included
    if (name_end == std::string::npos) return 0;
    std::istringstream fields{text.substr(name_end + 1)};
    std::string field;
    for (int number = 3; number <= 22; ++number)
        if (!(fields >> field)) return 0;
    return std::strtoull(field.c_str(), nullptr, 10);
}

[[nodiscard]] inline std::string boot_id() {
    std::ifstream file{"/proc/sys/kernel/random/boot_id"};
    std::string id;
    std::getline(file, id);
    // Process ids mean something within their namespace only.
    std::array<char, 64> space{};
    if (::readlink("/proc/self/ns/pid", space.data(), space.size() - 1) > 0) id += std::string{" "} + space.data();
    return id;
}

[[nodiscard]] inline std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown host";
}

}  // namespace detail

inline lease_owner lease_owner::this_process() {
    const auto process = static_cast<std::uint64_t>(::getpid());
    return {detail::host_name(), detail::boot_id(), process, detail::start_of_process(process)};
}

/// Whether a process is certainly gone. A process of another host or boot is judged by its lease's time alone.
[[nodiscard]] inline bool is_known_dead(const lease_owner& owner) {
    if (owner.host != detail::host_name() || owner.boot.empty()) return false;
    if (owner.boot != detail::boot_id()) return false;
    if (::kill(static_cast<pid_t>(owner.process), 0) != 0 && errno == ESRCH) return true;
    const auto started = detail::start_of_process(owner.process);
    return started != 0 && owner.started != 0 && started != owner.started;
}

}  // namespace foreshadow
