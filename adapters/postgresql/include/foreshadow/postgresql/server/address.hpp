// SPDX-License-Identifier: BSL-1.0
//
// Where a database is, as its URL says; what a URL leaves out is libpq's to find. A password is in it, perhaps: nothing
// here repeats what was given.
#pragma once

#include "foreshadow/error.hpp"

#include <libpq-fe.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

/// How a database is reached: a libpq URL or `keyword=value` text; what it leaves out is taken from the environment and
/// the service file, as always.
class address {
  public:
    explicit address(std::string text) : text_{std::move(text)} {
        char* why = nullptr;
        const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed{PQconninfoParse(text_.c_str(), &why),
                                                                                  &PQconninfoFree};
        PQfreemem(why);  // it repeats the text, password and all
        if (!parsed)
            throw error{errc::invalid_argument, "libpq cannot read the database's URL",
                        "write postgresql://user@host:port/database"};
        for (const PQconninfoOption* o = parsed.get(); o->keyword != nullptr; ++o)
            if (o->val != nullptr) given_.emplace_back(o->keyword, o->val);
        refuse_misread_password();
    }

    /// The option as it was given; empty where it was not.
    [[nodiscard]] std::string option(std::string_view keyword) const {
        for (const auto& [name, value] : given_)
            if (name == keyword) return value;
        return {};
    }
    /// The same server, another database.
    [[nodiscard]] address with_database(const std::string& name) const {
        address other = *this;
        std::erase_if(other.given_, [](const auto& o) { return o.first == "dbname"; });
        other.given_.emplace_back("dbname", name);
        return other;
    }
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& options() const noexcept { return given_; }

    /// As `keyword=value` text without the password.
    [[nodiscard]] std::string public_text() const {
        std::string all;
        for (const auto& [name, value] : given_) {
            if (name == "password" || name == "sslpassword") continue;
            all += (all.empty() ? "" : " ") + name + "='";
            for (const char c : value) all += (c == '\'' || c == '\\') ? std::string{'\\', c} : std::string{c};
            all += '\'';
        }
        return all;
    }

  private:
    /// Where a password has a character in it that ends it, the rest of it is taken for a host, a port or a database,
    /// and libpq would complain of these by name.
    void refuse_misread_password() const {
        const std::string host = option("host");
        const bool is_name = !host.empty() && host.front() != '/';
        const std::string url = text_.substr(0, text_.find('?'));
        const std::size_t path = url.find('/', url.find("://") + 3);
        const bool is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
        const bool is_cut = is_url && path != std::string::npos && url.find('@', path) != std::string::npos;
        if (option("port").find_first_not_of("0123456789,") == std::string::npos &&
            !(is_name && host.find('@', 1) != std::string::npos) && !is_cut)
            return;
        throw error{errc::invalid_argument, "host, port or name in the database's URL cannot be one",
                    "in a password or name write / as %2F, @ as %40, : as %3A, ? as %3F, # as %23, % as %25"};
    }

    std::string text_;
    std::vector<std::pair<std::string, std::string>> given_;
};

/// An address as libpq takes it. It speaks of the address's own texts.
class parameters {
  public:
    explicit parameters(const address& where) {
        for (const auto& [name, value] : where.options()) add(name.c_str(), value.c_str());
    }
    void add(const char* name, const char* value) {
        names_.back() = name;
        values_.back() = value;
        names_.push_back(nullptr);
        values_.push_back(nullptr);
    }
    [[nodiscard]] const char* const* names() const noexcept { return names_.data(); }
    [[nodiscard]] const char* const* values() const noexcept { return values_.data(); }

  private:
    std::vector<const char*> names_{nullptr};
    std::vector<const char*> values_{nullptr};
};

}  // namespace foreshadow::postgresql::detail
