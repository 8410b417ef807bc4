// SPDX-License-Identifier: BSL-1.0
//
// One error type for the whole library. A message says what went wrong and names the object; the hint says
// what to do about it; facts (box, partition, key, position, file) are attached on the way up and never
// thrown away. The code decides an exit status, `retry` decides whether a retry loop goes round again.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace foreshadow {

enum class errc {
    invalid_argument = 1,  ///< the caller's input cannot be used as it is
    not_found,             ///< a file, object, partition or point that was named does not exist
    already_exists,        ///< create-if-absent found the name taken
    busy,                  ///< locked by somebody else; may pass
    full,                  ///< no space, or a quota
    corrupt,               ///< bytes that were read are not the bytes that were written
    unsupported_format,    ///< written by a newer version, or by something else
    unsupported,           ///< understood, but cannot be backed up or restored faithfully
    hold_lost,             ///< the source's log no longer reaches back to where it was held
    not_restorable,        ///< the coverage rule finds a gap
    conflict,              ///< boxes disagree, and rule 1 cannot settle it
    unavailable,           ///< a database or store does not answer
    displaced,             ///< another backup of the same source took over
    interrupted,           ///< stopped on request at a durable point; the same call resumes
    internal               ///< a broken promise inside the library
};

[[nodiscard]] inline const char* name_of(errc code) noexcept {
    switch (code) {
        case errc::invalid_argument:
            return "invalid argument";
        case errc::not_found:
            return "not found";
        case errc::already_exists:
            return "already exists";
        case errc::busy:
            return "busy";
        case errc::full:
            return "full";
        case errc::corrupt:
            return "corrupt";
        case errc::unsupported_format:
            return "unsupported format";
        case errc::unsupported:
            return "unsupported";
        case errc::hold_lost:
            return "hold lost";
        case errc::not_restorable:
            return "not restorable";
        case errc::conflict:
            return "conflict";
        case errc::unavailable:
            return "unavailable";
        case errc::displaced:
            return "displaced";
        case errc::interrupted:
            return "interrupted";
        case errc::internal:
            return "internal";
    }
    return "unknown";
}

namespace detail {
class error_category final : public std::error_category {
  public:
    [[nodiscard]] const char* name() const noexcept override { return "foreshadow"; }
    [[nodiscard]] std::string message(int value) const override { return name_of(static_cast<errc>(value)); }
};
}  // namespace detail

[[nodiscard]] inline const std::error_category& error_category() noexcept {
    static const detail::error_category category;
    return category;
}

[[nodiscard]] inline std::error_code make_error_code(errc code) noexcept {
    return {static_cast<int>(code), error_category()};
}

/// Whether trying the same thing again can help.
enum class retry { never, later, maybe };

/// What every function of the library throws.
///
/// The message is lower case, without a full stop, and names the object. `facts` keep what the layers above knew.
class error : public std::exception {
  public:
    error(errc code, std::string message, std::string hint = {}, retry again = retry::never)
        : code_{code}, again_{again}, message_{std::move(message)}, hint_{std::move(hint)} {}

    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
    [[nodiscard]] errc code() const noexcept { return code_; }
    [[nodiscard]] retry again() const noexcept { return again_; }
    [[nodiscard]] const std::string& message() const noexcept { return message_; }
    [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& facts() const noexcept { return facts_; }
    [[nodiscard]] const std::exception_ptr& cause() const noexcept { return cause_; }

    /// Attaches a fact; for use on the way up: `throw std::move(e).with("object", name)`.
    error&& with(std::string name, std::string value) && {
        facts_.emplace_back(std::move(name), std::move(value));
        return std::move(*this);
    }
    error&& because(std::exception_ptr cause) && {
        cause_ = std::move(cause);
        return std::move(*this);
    }

    /// The fact of that name, or nothing: an empty string.
    [[nodiscard]] std::string fact(std::string_view name) const {
        for (const auto& [fact_name, value] : facts_)
            if (fact_name == name) return value;
        return {};
    }

    /// One line for a person: message, facts in parentheses, then the hint. An object that the message names is named
    /// once.
    [[nodiscard]] std::string line() const {
        std::string text = message_;
        const char* separator = " (";
        for (const auto& [name, value] : facts_) {
            if (name == "object" && message_.find(value) != std::string::npos) continue;
            text += separator + name + " " + value;
            separator = ", ";
        }
        if (*separator == ',') text += ')';
        if (!hint_.empty()) text += "; hint: " + hint_;
        return text;
    }

  private:
    errc code_;
    retry again_;
    std::string message_;
    std::string hint_;
    std::vector<std::pair<std::string, std::string>> facts_;
    std::exception_ptr cause_;
};

}  // namespace foreshadow

template <>
struct std::is_error_code_enum<foreshadow::errc> : std::true_type {};
