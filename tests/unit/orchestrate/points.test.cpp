// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/orchestrate/points.hpp"

#include "foreshadow/store/memory_store.hpp"
#include "foreshadow/store/no_codec.hpp"
#include "foreshadow/store/repository.hpp"

#include "run.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

namespace {

using namespace foreshadow;
namespace ft = foreshadow::testing;

[[nodiscard]] std::string id_at(std::uint64_t at) { return point_id(1, {at}); }

struct some_points {
    using repository_type = repository<memory_store, no_codec, no_cipher>;

    void put(const std::string& source, const std::string& id, std::uint64_t at) {
        restore_point point;
        point.id = id;
        point.at = {at};
        point.time = {static_cast<std::int64_t>(at)};
        point.knows.source.name = source.substr(0, source.find('-'));
        ft::run(there->put(point_object(source, id), object_kind::point, document_of(point)));
    }
    void put(const std::string& source, std::uint64_t at) { put(source, id_at(at), at); }
    void put_checkpoint(const std::string& source, const std::string& name, std::uint64_t sequence,
                        position followed = {}, std::uint64_t timeline = 1) {
        checkpoint state;
        state.sequence = sequence;
        state.knows.followed = followed;
        state.knows.timeline = timeline;
        ft::run(there->put("sources/" + source + "/running/" + name, object_kind::checkpoint, document_of(state)));
    }
    [[nodiscard]] std::uint64_t find(const std::string& id) { return ft::run(find_point(*there, id)).at.value; }
    [[nodiscard]] errc refusal(const std::string& id) {
        try {
            static_cast<void>(find(id));
        } catch (const error& e) {
            CHECK(!e.hint().empty());
            return e.code();
        }
        return errc{};
    }

    memory_store store;
    std::unique_ptr<repository_type> there = ft::run(repository_type::open(store));
};

}  // namespace

TEST_CASE("ids of points sort by timeline, then by position") {
    CHECK(point_id(1, {9}) < point_id(1, {10}));
    CHECK(point_id(1, {99'999'999'999}) < point_id(1, {100'000'000'000}));
    CHECK(point_id(1, position::last()) < point_id(2, {0}));
    CHECK(point_id(9, {5}) < point_id(10, {5}));
}

TEST_CASE("points are listed by source, then position, and nothing else is") {
    some_points repository;
    repository.put("b", 5);
    repository.put("a", 100);
    repository.put("a", 20);
    repository.put_checkpoint("a", "1/0000000001", 1);
    const std::vector<point_name> points = ft::run(list_points(*repository.there));
    REQUIRE(points.size() == 3);
    CHECK(points[0].source + " " + points[0].id == "a " + id_at(20));
    CHECK(points[1].source + " " + points[1].id == "a " + id_at(100));
    CHECK(points[2].source + " " + points[2].id == "b " + id_at(5));
    CHECK(points[2].object == point_object("b", id_at(5)));
}

TEST_CASE("the latest point is that of the highest position") {
    some_points repository;
    repository.put("a", 20);
    repository.put("a", 100);
    CHECK(repository.find("latest") == 100);
}

TEST_CASE("after the log began anew, its points are later than those before") {
    some_points repository;
    repository.put("a", point_id(1, {900}), 900);
    repository.put("a", point_id(2, {30}), 30);
    CHECK(repository.find("latest") == 30);
    CHECK(ft::run(latest_point(*repository.there, "a"))->at.value == 30);
}

TEST_CASE("the latest point of a database that was released and held again is the newest of its identities") {
    some_points repository;
    repository.put("shop-2", 20);
    repository.put("shop-1", 30);
    CHECK(repository.find("latest") == 30);
    repository.put("shop-2", 40);
    CHECK(repository.find("latest") == 40);
}

TEST_CASE("of several sources none is the latest") {
    some_points repository;
    repository.put("a", 20);
    repository.put("b", 10);
    CHECK(repository.refusal("latest") == errc::invalid_argument);
    CHECK(ft::run(latest_point(*repository.there, "a"))->at.value == 20);
    CHECK(ft::run(latest_point(*repository.there, "b"))->at.value == 10);
    CHECK(!ft::run(latest_point(*repository.there, "c")));
}

TEST_CASE("a point is found by its id, or by an end of it that no other has") {
    some_points repository;
    repository.put("a", 120);
    repository.put("a", 220);
    repository.put("a", 37);
    CHECK(repository.find(id_at(120)) == 120);
    CHECK(repository.find("37") == 37);
    CHECK(repository.find("220") == 220);
    CHECK(repository.refusal("20") == errc::not_found);
    CHECK(repository.refusal("38") == errc::not_found);
    CHECK(repository.refusal("") == errc::not_found);
}

TEST_CASE("a point of one of several sources is named with its source") {
    some_points repository;
    repository.put("a", 7);
    repository.put("ba", 7);
    repository.put("c", 8);
    CHECK(repository.refusal(id_at(7)) == errc::not_found);
    CHECK(repository.find("ba/" + id_at(7)) == 7);
    CHECK(repository.find("a/" + id_at(7)) == 7);  // the whole of it, though it is an end of the other's too
    CHECK(repository.find("8") == 8);
}

TEST_CASE("a repository without points says so") {
    some_points repository;
    CHECK(repository.refusal("latest") == errc::not_found);
    CHECK(repository.refusal("7") == errc::not_found);
}

TEST_CASE("the latest checkpoint is what a backup goes on from") {
    some_points repository;
    CHECK(!ft::run(latest_checkpoint(*repository.there, "a")));
    repository.put_checkpoint("a", "1/0000000009", 9);
    repository.put_checkpoint("a", "1/0000000010", 10);
    repository.put_checkpoint("ab", "1/0000000011", 11);
    CHECK(ft::run(latest_checkpoint(*repository.there, "a"))->sequence == 10);
}

TEST_CASE("a damaged point is corrupt, and names its object") {
    some_points repository;
    repository.put("a", 7);
    const std::string object = point_object("a", id_at(7));
    repository.store.objects()[object].back() ^= 1;
    try {
        static_cast<void>(repository.find("7"));
        FAIL("it was read");
    } catch (const error& e) {
        CHECK(e.code() == errc::corrupt);
        CHECK(e.fact("object") == object);
    }
}

TEST_CASE("a point that holds something else than a point is corrupt, and names its object") {
    some_points repository;
    const std::string object = point_object("a", id_at(7));
    ft::run(repository.there->put(object, object_kind::point, "{\"id\":7}"));
    try {
        static_cast<void>(repository.find("7"));
        FAIL("it was read");
    } catch (const error& e) {
        CHECK(e.code() == errc::corrupt);
        CHECK(e.fact("object") == object);
    }
}

TEST_CASE("of several backups' checkpoints the latest is the one that followed the furthest, whatever a clock said") {
    some_points repository;
    repository.put_checkpoint("a", "0001-2/0000000007", 7, {30});
    repository.put_checkpoint("a", "0001-3/0000000003", 3, {20});
    CHECK(ft::run(latest_checkpoint(*repository.there, "a"))->sequence == 7);
    repository.put_checkpoint("a", "0001-1/0000000001", 1, {40});
    CHECK(ft::run(latest_checkpoint(*repository.there, "a"))->sequence == 1);
    repository.put_checkpoint("a", "0001-0/0000000002", 2, {5}, 2);
    CHECK(ft::run(latest_checkpoint(*repository.there, "a"))->sequence == 2);
}
