// SPDX-License-Identifier: BSL-1.0
//
// Backups through TLS, where libpq reads ahead of what it hands out: whoever waits for the socket alone waits for what
// is there already. The certificate is made here, and signed by itself.
#include "support/backups.hpp"
#include "support/database.hpp"
#include "support/ledger.hpp"
#include "temporary_folder.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <csignal>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

namespace foreshadow::postgresql::tests {
namespace {

/// A port that nobody listens at now.
int free_port() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool is_bound = ::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                          ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(listener);
    REQUIRE(is_bound);
    return ntohs(address.sin_port);
}

/// A key and a certificate in files that the server may read; returns the settings that name them.
std::string make_certificate(const testing::temporary_folder& folder) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair{EVP_RSA_gen(2048), &EVP_PKEY_free};
    const std::unique_ptr<X509, decltype(&X509_free)> made{X509_new(), &X509_free};
    REQUIRE((pair && made));
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -86'400);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 86'400);
    X509_set_pubkey(made.get(), pair.get());
    X509_NAME* name = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1,
                               0);
    X509_set_issuer_name(made.get(), name);
    REQUIRE(X509_sign(made.get(), pair.get(), EVP_sha256()) > 0);
    const std::string key = (folder / "server.key").string();
    const std::string certificate = (folder / "server.crt").string();
    const auto write = [](const std::string& path, auto what) {
        const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(path.c_str(), "w"), std::fclose};
        REQUIRE((file && what(file.get()) == 1));
    };
    write(key,
          [&](std::FILE* to) { return PEM_write_PrivateKey(to, pair.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    write(certificate, [&](std::FILE* to) { return PEM_write_X509(to, made.get()); });
    std::filesystem::permissions(folder.path(), std::filesystem::perms{0755});
    std::filesystem::permissions(key, std::filesystem::perms{0600});
    if (const passwd* user = server::unprivileged()) REQUIRE(::chown(key.c_str(), user->pw_uid, user->pw_gid) == 0);
    return "ssl = on\nssl_cert_file = '" + certificate + "'\nssl_key_file = '" + key + "'";
}

}  // namespace

TEST_CASE("a backup through TLS goes on where its sessions are ended and its server is started again", "[postgresql]") {
    const testing::temporary_folder folder;
    // A server that stops waits for whoever follows its log, and here that one waits for the server.
    server own{make_certificate(folder) + "\nwal_sender_timeout = 5s", programs(), free_port()};
    const std::string name = own.make_database();
    const std::string url = own.url(name);
    REQUIRE(blocking_session{url}.run(
        "CREATE TABLE t(a int, b text, PRIMARY KEY (a)) PARTITION BY RANGE (a); CREATE TABLE t_1 PARTITION OF t FOR "
        "VALUES FROM (0) TO (3000); CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (3000) TO (9000); INSERT INTO t "
        "SELECT i, md5(i::text) FROM generate_series(1, 5000) i"));
    backups b{own.tls_url(name), folder / "repository"};
    b.options.chunk.rows = 300;
    std::size_t ended = 0;
    std::size_t without_tls = 0;
    b.on_chunk = [&](std::size_t chunk) {
        if (chunk == 9) {
            own.stop(SIGINT);
            own.start();
        }
        blocking_session users{url};
        const std::string ours =
            " FROM pg_stat_activity a LEFT JOIN pg_stat_ssl s USING (pid) WHERE application_name "
            "= 'foreshadow'";
        without_tls += std::stoul(users.ask("SELECT count(*)" + ours + " AND s.ssl IS NOT TRUE"));
        if (chunk == 3 || chunk == 13)
            ended += std::stoul(users.ask("SELECT count(*) FROM (SELECT pg_terminate_backend(a.pid)" + ours + ") e"));
        CHECK(users.run("UPDATE t SET b = repeat(b, 50) WHERE a % 1000 = " + std::to_string(chunk)));
        CHECK(users.run("DELETE FROM t WHERE a % 1000 = " + std::to_string(100 + chunk)));
        if (chunk == 6)  // more than fits into a record of TLS at once
            CHECK(users.run("UPDATE t SET b = repeat(b, 100) WHERE a > 4000"));
    };
    const restore_point point = b.run();
    CHECK(point.figures.chunks > 14);
    CHECK(ended > 1);
    CHECK(without_tls == 0);
    b.on_chunk = {};
    const std::string restored = name + "_restored";
    b.restore_to(own.tls_url(restored), point);
    CHECK(blocking_session{own.url(restored)}.ask(all_rows) == blocking_session{url}.ask(all_rows));
}

TEST_CASE("a server without TLS is refused at once by who wants it", "[postgresql]") {
    server own{"", programs(), free_port()};
    source held{own.tls_url("postgres"), {.pg_dump = pg_dump()}};
    CHECK_THROWS_WITH(testing::run(held.identity()), Catch::Contains("server does not support SSL"));
}

}  // namespace foreshadow::postgresql::tests
