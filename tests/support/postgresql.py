#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
#
# A PostgreSQL server of one's own for programs in Python: made in a temporary folder, reached through a socket there,
# ended by its process id. The programs are those of the folder that FORESHADOW_POSTGRESQL_BIN names, else of Debian's
# package. As root, it runs as the user that the package made, since the server refuses to be root.
#
#   postgresql.py PROGRAM [ARGUMENT...]    runs a program beside an empty server, which libpq's environment names
import ctypes
import ctypes.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BIN = os.environ.get("FORESHADOW_POSTGRESQL_BIN", "/usr/lib/postgresql/15/bin")
SETTINGS = ("listen_addresses = ''", "wal_level = logical", "max_replication_slots = 20", "max_wal_senders = 20")
UNSAFE = ("fsync = off",)  # what a test loses, nobody misses


LIBC = ctypes.CDLL(None)


def end_with_parent():
    """A server does not outlive who started it, however that ends."""
    LIBC.prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG


def unprivileged():
    """What makes a command run as the server's user, and that user; nothing where this is not root."""
    if os.geteuid() != 0:
        return {}, None
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}, user


class Server:
    """Runs until `stop`. `authentication`: how users prove who they are, as `initdb -A` takes it."""

    def __init__(self, settings=UNSAFE, under=None, authentication="trust"):
        self.folder = tempfile.mkdtemp(prefix="foreshadow-postgresql-", dir=under)
        self.data = f"{self.folder}/data"
        self.process = None
        self.as_user, user = unprivileged()
        if user:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        secret = f"{self.folder}/password"
        with open(secret, "w") as file:
            file.write("postgres\n")
        if user:
            os.chown(secret, user.pw_uid, user.pw_gid)
        self.run("initdb", "-D", self.data, "-U", "postgres", "--no-sync", "-A", authentication, "-E", "UTF8", "--locale=C",
                 f"--pwfile={secret}")
        self.configure(f"unix_socket_directories = '{self.folder}'", *SETTINGS, *settings)
        self.start()

    def configure(self, *lines):
        with open(f"{self.data}/postgresql.conf", "a") as file:
            file.write("\n".join(["", *lines, ""]))

    def run(self, program, *arguments, **how):
        """One of the server's programs, as its user."""
        if not os.path.exists(f"{BIN}/{program}"):
            raise RuntimeError(f"{BIN}/{program} is not there: install postgresql-15, "
                               "or let FORESHADOW_POSTGRESQL_BIN name the folder of a server's programs")
        done = subprocess.run([f"{BIN}/{program}", *arguments], capture_output=True, text=True, cwd=self.folder,
                              **self.as_user, **how)
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr}")
        return done.stdout

    def start(self):
        with open(f"{self.folder}/log", "a") as log:
            self.process = subprocess.Popen([f"{BIN}/postgres", "-D", self.data], stdout=log, stderr=log, cwd=self.folder,
                                            preexec_fn=end_with_parent, **self.as_user)
        end = time.monotonic() + 60
        while subprocess.run([f"{BIN}/pg_isready", "-q", "-h", self.folder]).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > end:
                with open(f"{self.folder}/log") as log:
                    raise RuntimeError(f"the server does not start: {log.read()[-2000:]}")
            time.sleep(0.02)

    def stop(self, how=signal.SIGINT):
        if self.process:
            self.process.send_signal(how)
            self.process.wait()
            self.process = None

    def restart(self, *lines):
        self.stop()
        self.configure(*lines)
        self.start()

    @property
    def environment(self):
        """This process's, with libpq told where the server is; and nothing else of libpq's."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        return {**kept, "PGHOST": self.folder, "PGUSER": "postgres", "PATH": f"{BIN}:{kept['PATH']}"}

    def url(self, database, user="postgres"):
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def make_database(self, name):
        with Session(self.url("postgres")) as db:
            db(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)


class Refused(Exception):
    """What the server says where it does not do what it was asked for."""


class Session:
    """A connection. Other threads go on while one waits for the server."""

    library = None

    def __init__(self, where):
        if Session.library is None:
            Session.library = ctypes.CDLL(ctypes.util.find_library("pq"))
            for function, answer in (("PQconnectdb", ctypes.c_void_p), ("PQexec", ctypes.c_void_p), ("PQgetvalue", ctypes.c_char_p),
                                     ("PQerrorMessage", ctypes.c_char_p)):
                getattr(Session.library, function).restype = answer
        self.connection = ctypes.c_void_p(self.library.PQconnectdb(where.encode()))
        if self.library.PQstatus(self.connection) != 0:
            why = self.complaint()
            self.close()
            raise Refused(why)

    def complaint(self):
        return self.library.PQerrorMessage(self.connection).decode().strip()

    def __call__(self, sql):
        """The rows that the last of these statements returns, as texts; None is NULL."""
        pq, answer = self.library, ctypes.c_void_p(self.library.PQexec(self.connection, sql.encode()))
        try:
            if pq.PQresultStatus(answer) not in (1, 2):  # a command was done, rows were returned
                raise Refused(f"{self.complaint()}: {sql[:200]}")
            return [tuple(None if pq.PQgetisnull(answer, row, column) else pq.PQgetvalue(answer, row, column).decode()
                          for column in range(pq.PQnfields(answer))) for row in range(pq.PQntuples(answer))]
        finally:
            pq.PQclear(answer)

    def value(self, sql):
        return self(sql)[0][0]

    def close(self):
        if self.connection:
            self.library.PQfinish(self.connection)
            self.connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


if __name__ == "__main__":
    with Server() as server:
        sys.exit(subprocess.run(sys.argv[1:], env=server.environment).returncode)
