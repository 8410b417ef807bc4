// SPDX-License-Identifier: BSL-1.0
//
// The database that this example is about: a text file of keys and values. Each line is a commit, `time key value`
// with tabs between, or `time key` where the key is erased; the first line names the file. Nothing in here knows of
// backups.
#pragma once

#include "foreshadow/plane/position.hpp"

#include <chrono>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

struct kv_commit {
    foreshadow::wall_time time;
    std::string key;
    std::optional<std::string> value;
};

class kv_file {
  public:
    explicit kv_file(std::string path) : path_{std::move(path)} {}

    static kv_file create(const std::string& path) {
        std::ofstream{path} << "kv-" << std::random_device{}() << '\n';
        return kv_file{path};
    }

    void put(const std::string& key, const std::string& value) { append(key + '\t' + value); }
    void erase(const std::string& key) { append(key); }

    [[nodiscard]] std::string name() const {
        std::string first;
        std::ifstream in{path_};
        std::getline(in, first);
        return first;
    }
    /// Every commit so far, in order. A last line without its end is not committed yet.
    [[nodiscard]] std::vector<kv_commit> commits() const {
        std::ifstream in{path_};
        std::vector<kv_commit> all;
        std::string line;
        std::getline(in, line);
        while (std::getline(in, line) && !in.eof()) {
            const auto first = line.find('\t');
            const auto second = line.find('\t', first + 1);
            kv_commit c{{std::stoll(line.substr(0, first))}, line.substr(first + 1, second - first - 1), std::nullopt};
            if (second != std::string::npos) c.value = line.substr(second + 1);
            all.push_back(std::move(c));
        }
        return all;
    }
    /// The rows after the first so many commits.
    [[nodiscard]] static std::map<std::string, std::string> rows(const std::vector<kv_commit>& commits,
                                                                 std::size_t many) {
        std::map<std::string, std::string> all;
        for (std::size_t i = 0; i < many; ++i)
            if (commits[i].value)
                all[commits[i].key] = *commits[i].value;
            else
                all.erase(commits[i].key);
        return all;
    }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    void append(const std::string& what) {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        const auto time = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
        std::ofstream{path_, std::ios::app} << std::to_string(time) + '\t' + what + '\n';
    }
    std::string path_;
};
