# SPDX-License-Identifier: BSL-1.0
#
# Every object of a repository is damaged in every way: `verify --data` ends with status 3 and names it and what is
# affected; a restore ends with status 3 and names it, or it did not need it and restores exactly. Never wrong rows.
import os
import random
import shutil

from support import (DONE, FAILED, NOT_SOUND, assert_same, backup, content_of, main, make_small, opened, options, restore, run,
                     test)

NOT_OF_A_POINT = ("/leases/", "/running/")


def make_repository(folder):
    """Two points: images, a journal, indexes and packs of more than one backup. Returns the states by point."""
    source, repository = f"{folder}/small.db", f"{folder}/repository"
    make_small(source, rows=3000)
    states = {backup(source, repository).json["point"]: content_of(source)}
    with opened(source) as db:
        db.executescript("BEGIN; UPDATE item SET name = name || ' changed' WHERE id % 3 = 0; DELETE FROM item WHERE id % 100 = 1;"
                         "CREATE TABLE other(a TEXT PRIMARY KEY, b) WITHOUT ROWID; INSERT INTO other VALUES('x', 1), ('y', 2.5); COMMIT")
    states[backup(source, repository).json["point"]] = content_of(source)
    return repository, states


def objects_of(repository):
    found = []
    for where, _, files in os.walk(repository):
        found += [os.path.relpath(os.path.join(where, f), repository) for f in files]
    return sorted(found)


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ (1 << random.randrange(8))]))


def offsets_of(size):
    """Where a byte is flipped: the ends, and somewhere between; all bytes with --long."""
    if options.long:
        return range(0, size, max(1, size // 300))
    return sorted({0, 4, 5, size // 2, size - 1, random.randrange(size)} & set(range(size)))


def check_damaged(repository, states, folder, name, how):
    """What must hold whatever was done to an object."""
    verified = run("verify", repository, "--data", "--json", status=None)
    told = verified.json
    needless = any(part in name for part in NOT_OF_A_POINT)
    what = f"{name} {how}"
    if needless or name.startswith("indexes/"):
        # Packs tell themselves what an index repeats; a lease or a checkpoint is of no point.
        assert verified.status in (DONE, NOT_SOUND), f"{what}: {verified}"
    elif "/points/" in name and how == "removed":
        assert verified.status == DONE and told["points"] == len(states) - 1, f"{what}: {verified}"
    else:
        assert verified.status == NOT_SOUND, f"{what}: {verified}"
    if verified.status == NOT_SOUND:
        text = verified.out + verified.err
        assert name in text, f"{what} is not named: {verified}"
        if "findings" in told:
            assert all(f["affected"] for f in told["findings"]), f"{what}: {verified}"
    for point, content in states.items():
        target = f"{folder}/restored.db"
        done = restore(repository, target, "--point", point, status=None)
        assert verified.status == NOT_SOUND or done.status != NOT_SOUND, f"{what}: verified as sound, and yet {done}"
        if done.status == DONE:
            assert_same(content, content_of(target), f"{what}: restored")
            os.remove(target)
        elif done.status == FAILED:
            assert how == "removed" and f"no restore point {point}" in done.error, f"{what}: {done}"
        else:
            assert done.status == NOT_SOUND and name in done.error, f"{what}: {done}"
            assert not os.path.exists(target), f"{what}: left a target behind"
            assert not [f for f in os.listdir(folder) if ".restoring" in f], f"{what}: left something behind"
    for verb in ("points", "show"):
        run(verb, repository, "--json", status=(DONE, NOT_SOUND))


def each_object(folder, damage):
    """`damage(path)` is called on a copy for each object and says what it did, in turn, until it says no more."""
    repository, states = make_repository(folder)
    copy = f"{folder}/copy"
    names = [n for n in objects_of(repository) if n != "foreshadow.json"]
    assert {n.split("/")[0] for n in names} == {"packs", "indexes", "sources"}, names
    count = 0
    for name in names:
        for how, act in damage(repository, name, names):
            shutil.copytree(repository, copy)
            act(copy)
            check_damaged(copy, states, folder, name, how)
            shutil.rmtree(copy)
            count += 1
    print(f"  {count} kinds of damage to {len(names)} objects")


@test
def a_flipped_byte_is_found_and_named(folder):
    def damage(repository, name, names):
        size = os.path.getsize(f"{repository}/{name}")
        for offset in offsets_of(size):
            yield f"flipped at {offset} of {size}", lambda copy: flip(f"{copy}/{name}", offset)
    each_object(folder, damage)


@test
def a_truncated_or_longer_object_is_found_and_named(folder):
    def damage(repository, name, names):
        size = os.path.getsize(f"{repository}/{name}")
        for length in sorted({0, 1, size // 2, size - 1}):
            yield f"truncated to {length} of {size}", lambda copy: os.truncate(f"{copy}/{name}", length)
        def grow(copy):
            with open(f"{copy}/{name}", "ab") as file:
                file.write(b"\0more")
        yield "made longer", grow
    each_object(folder, damage)


@test
def a_missing_object_is_found_and_named(folder):
    def damage(repository, name, names):
        yield "removed", lambda copy: os.remove(f"{copy}/{name}")
    each_object(folder, damage)


@test
def two_objects_in_each_others_place_are_found_and_named(folder):
    def damage(repository, name, names):
        kind = name.split("/")[0] if not name.startswith("sources/") else name.split("/")[2]
        for other in names:
            other_kind = other.split("/")[0] if not other.startswith("sources/") else other.split("/")[2]
            if other > name and other_kind == kind:
                def swap(copy):
                    os.rename(f"{copy}/{name}", f"{copy}/.aside")
                    os.rename(f"{copy}/{other}", f"{copy}/{name}")
                    os.rename(f"{copy}/.aside", f"{copy}/{other}")
                yield f"swapped with {other}", swap
    repository, states = make_repository(folder)
    copy = f"{folder}/copy"
    names = [n for n in objects_of(repository) if n != "foreshadow.json"]
    swaps = 0
    for name in names:
        for how, act in damage(repository, name, names):
            shutil.copytree(repository, copy)
            act(copy)
            verified = run("verify", copy, "--data", "--json", status=(DONE, NOT_SOUND) if "indexes/" in name else NOT_SOUND)
            other = how.split()[-1]
            assert verified.status == DONE or name in verified.out or other in verified.out, f"{name} {how}: {verified}"
            for point, content in states.items():
                target = f"{folder}/restored.db"
                done = restore(copy, target, "--point", point, status=(DONE, NOT_SOUND))
                if done.status == DONE:
                    assert_same(content, content_of(target), f"{name} {how}: restored")
                    os.remove(target)
                else:
                    assert name in done.error or other in done.error, f"{name} {how}: {done}"
            shutil.rmtree(copy)
            swaps += 1
    assert swaps >= 3, swaps


@test
def damage_to_the_configuration_is_said_at_once(folder):
    repository, states = make_repository(folder)
    config = f"{repository}/foreshadow.json"
    with open(config, "rb") as file:
        whole = file.read()
    for offset in range(0, len(whole), 1 if options.long else 23):
        damaged = bytearray(whole)
        damaged[offset] ^= 1 << random.randrange(7)
        with open(config, "wb") as file:
            file.write(damaged)
        for verb in (["verify"], ["restore"]):
            more = [f"sqlite:{folder}/restored.db"] if verb == ["restore"] else []
            done = run(*verb, repository, *more, "--json", status=None)
            if done.status == DONE:  # white space, say
                assert_same(next(iter(states.values())), next(iter(states.values())))
                if more:
                    assert_same(list(states.values())[-1], content_of(f"{folder}/restored.db"))
                    os.remove(f"{folder}/restored.db")
            else:
                newer = "newer foreshadow" in done.error
                assert done.status == NOT_SOUND or newer, f"at {offset}: {done}"
                assert newer or "foreshadow.json" in done.error, f"at {offset}: {done}"
    os.remove(config)
    for verb in ("verify", "points", "show"):
        missing = run(verb, repository, status=(NOT_SOUND, FAILED, 2))
        assert repository in missing.error, missing
    open(config, "wb").close()
    assert "foreshadow.json" in run("verify", repository, status=NOT_SOUND).error


@test
def a_backup_into_a_damaged_repository_heals_it_or_says_so(folder):
    repository, states = make_repository(folder)
    source = f"{folder}/small.db"
    expected = content_of(source)
    for name in [n for n in objects_of(repository) if n != "foreshadow.json"]:
        copy = f"{folder}/copy"
        shutil.copytree(repository, copy)
        flip(f"{copy}/{name}", os.path.getsize(f"{copy}/{name}") // 2)
        done = run("backup", f"sqlite:{source}", copy, "--json", status=None)
        assert done.status in (DONE, NOT_SOUND), f"{name}: {done}"
        if done.status == DONE:
            restored = restore(copy, f"{folder}/restored.db", status=(DONE, NOT_SOUND))
            if restored.status == DONE:
                assert_same(expected, content_of(f"{folder}/restored.db"))
                os.remove(f"{folder}/restored.db")
            else:
                assert name in restored.error, f"{name}: {restored}"
        else:
            assert name in done.error, f"{name}: {done}"
        shutil.rmtree(copy)


main()
