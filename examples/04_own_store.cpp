// SPDX-License-Identifier: BSL-1.0
// expects: kept in our own store: [0-9]+ objects, restored 1000 rows
//
// An object store of one's own: four functions. This one keeps objects in a std::map; a bucket, a tape or a database
// table would look alike. It is a policy like any other: the composition does not know the difference.
#include "foreshadow/compose.hpp"
#include "foreshadow/sqlite/sqlite.hpp"

#include "example.hpp"

#include <map>

// example: store
class map_store {
  public:
    foreshadow::task<> put(std::string name, std::string_view bytes) {
        // Create or fail: names are never used twice.
        if (!objects_->emplace(name, bytes).second)
            throw foreshadow::error{foreshadow::errc::already_exists, "object exists"}.with("object", name);
        co_return;
    }
    foreshadow::task<std::string> get(std::string name, foreshadow::byte_range range) {
        const auto found = objects_->find(name);
        if (found == objects_->end())
            throw foreshadow::error{foreshadow::errc::not_found, "no such object"}.with("object", name);
        const std::string& all = found->second;
        co_return range.offset < all.size() ? all.substr(range.offset, range.length) : std::string{};
    }
    foreshadow::task<std::vector<foreshadow::object_info>> list(std::string prefix) {
        std::vector<foreshadow::object_info> found;
        for (auto i = objects_->lower_bound(prefix); i != objects_->end() && i->first.starts_with(prefix); ++i)
            found.push_back({i->first, i->second.size()});
        co_return found;
    }
    foreshadow::task<> remove(std::string name) {
        objects_->erase(name);
        co_return;
    }
    std::size_t size() const { return objects_->size(); }

  private:
    // Copies share the objects, as two handles on one bucket would.
    std::shared_ptr<std::map<std::string, std::string>> objects_ =
        std::make_shared<std::map<std::string, std::string>>();
};
static_assert(foreshadow::object_store<map_store>);
// example: end

foreshadow::task<> example() {
    using namespace foreshadow;
    make_shop("shop.db");
    map_store store;
    auto nightly = compose(back_up(sqlite::source{"shop.db"}), keep_in(store));
    auto point = co_await nightly.back_up();
    auto report = co_await nightly.restore(std::move(point), sqlite::target{"restored.db"});
    std::cout << "kept in our own store: " << store.size() << " objects, restored " << count_rows("restored.db", "item")
              << " rows\n";
}

int main() { return run_example(example()); }
