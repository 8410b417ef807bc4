// SPDX-License-Identifier: BSL-1.0
//
// Memory for large arrays that are read at random. With pages of 4 KiB nearly each such read first waits for where the
// page is, on a virtual machine for longer than for what is in it; with pages of 2 MiB the processor knows them all.
// The system is asked for these, and where it has none nothing else changes.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace foreshadow::detail {

template <class T>
struct huge_page_allocator {
    using value_type = T;
    static constexpr std::size_t huge = std::size_t{2} << 20;

    huge_page_allocator() = default;
    template <class U>
    huge_page_allocator(const huge_page_allocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor)

    [[nodiscard]] T* allocate(std::size_t n) {
        if (n > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_array_new_length{};
        const std::size_t bytes = n * sizeof(T);
        void* const made = ::operator new(bytes, alignment(bytes));
#if defined(__linux__) && defined(MADV_HUGEPAGE)
        if (bytes >= huge) (void)::madvise(made, bytes / huge * huge, MADV_HUGEPAGE);  // a wish
#endif
        return static_cast<T*>(made);
    }
    void deallocate(T* made, std::size_t n) noexcept { ::operator delete(made, alignment(n * sizeof(T))); }

    friend bool operator==(huge_page_allocator, huge_page_allocator) noexcept { return true; }

  private:
    [[nodiscard]] static std::align_val_t alignment(std::size_t bytes) noexcept {
        return std::align_val_t{bytes >= huge ? huge : alignof(T)};
    }
};

template <class T>
using huge_vector = std::vector<T, huge_page_allocator<T>>;

}  // namespace foreshadow::detail
