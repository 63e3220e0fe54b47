"""What a file system may hold after a power failure: from the file operations of a program, as strace saw them.

The model is that of ALICE (Pillai et al., All File Systems Are Not Created Equal, OSDI 2014, section 4), without what
particular file systems promise beyond POSIX. After operation number i the power fails. What was synced before is there. Of
the rest:

- Of each directory, any subset of the changes since its own last fsync is there, so changes to different names come in any
  order. A rename within a directory is one change (POSIX asks for that). The fsync of a file does not make its name
  durable, nor that of a directory the directory's own name.
- Of each file, its size is that before or after any of the writes and cuts since its last fsync, and each sector is as it
  was before or after any of these, whatever the others are: lost, there, or overtaken by a later one. Where the size grew
  and the sector did not come, there are zeros. Sectors are of 512 or 4096 bytes.

Not in the model: sectors that hold another file's old bytes, and damage to what was synced. Files that no start reads
(NEVER_READ) are left out."""

import itertools
import math
import os
import re
import sys

TRACED = ("open,openat,creat,close,write,pwrite64,writev,pwritev,lseek,ftruncate,truncate,fallocate,rename,renameat,"
          "renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,mkdir,mkdirat,fsync,fdatasync,copy_file_range")
NEVER_READ = {"log.txt", "lock"}
CALL = re.compile(r"(\w+)\((.*)\) += (\d+)")  # one that succeeded; strings are \x.. alone, so ", " parts arguments


class Node:
    """events: (operation, content) of a file's versions, or (operation, {name: node or None}) of a directory's changes."""

    def __init__(self, operation, first, name=""):
        self.events = [(operation, first)]
        self.syncs = []
        self.name = name  # the last that it got

    def parted(self, crash, dropped):
        """The contents of the events that are on disk for certain after operation `crash`, and of those that may be."""
        synced = max((s for s in self.syncs if s <= crash and s not in dropped), default=self.events[0][0])
        return ([content for at, content in self.events if at <= synced],
                [content for at, content in self.events if synced < at <= crash])


class File(Node):
    def __init__(self, operation, content=b"", name=""):
        super().__init__(operation, content, name)

    def now(self):
        return self.events[-1][1]

    def write(self, operation, at, data):
        before = self.now()
        self.events.append((operation, before[:at].ljust(at, b"\0") + data + before[at + len(data):]))

    def cut(self, operation, size):
        self.events.append((operation, self.now()[:size].ljust(size, b"\0")))

    def changed(self):
        """What a sync would make durable, {} being the file's name; "" if there is nothing."""
        versions = [content for at, content in self.events if at > max(self.syncs, default=0)]
        before = [content for _, content in self.events][-len(versions) - 1:-len(versions)]
        return ("the cut of {}" if before and len(versions[-1]) < len(before[0]) else "{}") if versions else ""

    def options(self, crash, dropped, most, rng):
        """The first is all that was written, the last what is there for certain."""
        certain, possible = self.parted(crash, dropped)
        versions = certain[-1:] + possible
        parts = [torn(versions, rng) for _ in range(most - 2)] if possible else []
        return list(dict.fromkeys([versions[-1], *parts, versions[0]]))


class Directory(Node):
    def __init__(self, operation, entries=(), name=""):
        super().__init__(operation, dict(entries), name)

    def now(self):
        return merged(change for _, change in self.events)

    def changed(self):
        """What a sync would make durable, with the last name that was given here; "" if there is nothing."""
        changes = merged(change for at, change in self.events if at > max(self.syncs, default=0))
        return f"the name {list(changes)[-1]}" if changes else ""

    def options(self, crash, dropped, most, rng):
        certain, possible = self.parted(crash, dropped)
        if 2 ** len(possible) <= most:
            subsets = itertools.product((True, False), repeat=len(possible))
        else:
            subsets = [[rng.random() < 0.5 for _ in possible] for _ in range(most - 2)]
            subsets = [[True] * len(possible), *subsets, [False] * len(possible)]
        return [merged(certain + list(itertools.compress(possible, subset))) for subset in subsets]


def merged(changes):
    entries = {}
    for change in changes:
        entries.update(change)
    return {name: node for name, node in entries.items() if node}


def torn(versions, rng):
    sector, size = rng.choice((512, 4096)), len(rng.choice(versions))
    parts = [rng.choice(versions)[at:at + sector].ljust(sector, b"\0") for at in range(0, size, sector)]
    return b"".join(parts)[:size]


def load(path):
    """What is there, as synced before everything."""
    if os.path.isdir(path):
        return Directory(0, {name: load(os.path.join(path, name)) for name in os.listdir(path) if name not in NEVER_READ})
    with open(path, "rb") as file:
        return File(0, file.read(), os.path.basename(path))


def below(node):
    """The node and all that are in it."""
    yield node
    for entry in node.now().values() if isinstance(node, Directory) else ():
        yield from below(entry)


class Recording:
    """The directory at path, and all that programs did to it, one after the other."""

    def __init__(self, path):
        self.path = path
        self.root = load(path)
        self.operation = 0
        self.nodes = list(below(self.root))
        self.syncs = []  # (operation, node, its changed() before)

    def find(self, path):
        node = self.root
        for name in path.split("/"):
            node = node and node.now().get(name)
        return node

    def check(self):
        """The model's end is what is there: no call was overlooked or misunderstood."""
        there = load(self.path)
        if tree_of(self.root) != tree_of(there):
            sys.exit(f"FAILED: {self.path} does not hold what the recorded operations make")

    def next(self):
        self.operation += 1
        return self.operation

    def create(self, directory, name, kind):
        node = kind(self.next(), name=name)
        self.nodes.append(node)
        directory.events.append((self.operation, {name: node}))
        return node

    def remove(self, directory, name):
        directory.events.append((self.next(), {name: None}))

    def rename(self, directory, old, new):
        node = directory.now()[old]
        node.name = new
        directory.events.append((self.next(), {old: None, new: node}))

    def sync(self, node):
        changed = node.changed()
        node.syncs.append(self.next())
        self.syncs.append((self.operation, node, changed))

    def sites(self):
        """{what was to be made durable: the operations that did}; those that had nothing to do are left out."""
        sites = {}
        for operation, node, changed in self.syncs:
            if changed:
                name = changed.format(node.name)  # the last that a file got, not that of the moment
                sites.setdefault(re.sub(r"[0-9]{4,}", "N", name), set()).add(operation)
        return sites


class Handle:
    def __init__(self, node, path, append):
        self.node, self.path, self.append, self.offset = node, path, append, 0


class Replay:
    """One thread of one process into a recording; trace: its calls by strace -xx with TRACED."""

    def __init__(self, recording, trace):
        self.recording = recording
        self.handles = {}
        with open(trace, encoding="ascii") as lines:
            for call in filter(None, map(CALL.match, lines)):
                self.call(call[1], call[2].split(", "), int(call[3]))

    def call(self, name, words, result):
        places = self.places(name, words)
        handle = self.handles.get(words[0])
        if name in ("open", "openat", "creat"):
            self.open(places[0], words, str(result))
        elif places:
            self.change_names(name, places)
        elif handle:
            self.change_content(name, handle, words, result)

    def places(self, name, words):
        """The paths below the recording's, relative to that, that a call names; None for others."""
        found = []
        for i, word in enumerate(words):
            if word.startswith('"') and not name.endswith("write") and not name.endswith("write64"):
                path = bytes.fromhex(word[1:-1].replace("\\x", "")).decode()
                base = self.handles.get(words[i - 1]) if i else None
                found.append(self.below(os.path.join(base.path, path) if base else path))
        return found

    def below(self, path):
        path = os.path.relpath(path, self.recording.path)
        outside = path.split("/")[0] == ".." or os.path.basename(path) in NEVER_READ
        return None if outside else path

    def parent(self, path):
        """The directory that it is in, and its name there."""
        above, name = os.path.split(path)
        return self.recording.find(above) if above else self.recording.root, name

    def open(self, path, words, number):
        self.handles.pop(number, None)
        if path is None:
            return
        directory, name = self.parent(path)
        node = self.recording.root if path == "." else directory.now().get(name)
        if not node:
            node = self.recording.create(directory, name, File)
        elif "O_TRUNC" in "".join(words):
            node.cut(self.recording.next(), 0)
        self.handles[number] = Handle(node, os.path.join(self.recording.path, path), "O_APPEND" in "".join(words))

    def change_names(self, name, paths):
        if None in paths:
            return
        directory, first = self.parent(paths[0])
        if name.startswith("mkdir"):
            self.recording.create(directory, first, Directory)
        elif name.startswith("unlink"):
            self.recording.remove(directory, first)
        elif name.startswith("rename") and self.parent(paths[1])[0] is directory:
            self.recording.rename(directory, first, self.parent(paths[1])[1])
        else:
            sys.exit(f"{name} of {paths} is not in the model")

    def change_content(self, name, handle, words, result):
        if name == "close":
            del self.handles[words[0]]
        elif name == "lseek":
            handle.offset = result
        elif name in ("fsync", "fdatasync"):
            self.recording.sync(handle.node)
        elif name == "ftruncate":
            handle.node.cut(self.recording.next(), int(words[1]))
        elif name in ("write", "pwrite64"):
            data = bytes.fromhex(words[1][1:-1].replace("\\x", ""))[:result]
            self.write(handle, data, int(words[3]) if name == "pwrite64" else None)
        else:
            sys.exit(f"{name} of {handle.path} is not in the model")

    def write(self, handle, data, at):
        offset = len(handle.node.now()) if handle.append else handle.offset if at is None else at
        handle.node.write(self.recording.next(), offset, data)
        if at is None:
            handle.offset = offset + len(data)


def tree_of(node, contents=None, path=""):
    """{path: content, or None of a directory}; contents: {node: content} instead of those now."""
    content = contents[node] if contents else node.now()
    if isinstance(node, File):
        return {path: content}
    tree = {path: None}
    for name, entry in content.items():
        tree |= tree_of(entry, contents, f"{path}/{name}")
    return tree


def crash_states(recording, crash, dropped, most, rng):
    """Trees of what may be there if the power fails after operation `crash`: all of them if they are at most `most`, else
    so many, the first with all and the second with nothing of what was not synced. (Of the ways to mix a file's sectors
    `most` count.) dropped: operations, of fsyncs, that never were."""
    nodes = [node for node in recording.nodes if node.events[0][0] <= crash]
    options = [node.options(crash, dropped, most, rng) for node in nodes]
    if math.prod(map(len, options)) <= most:
        chosen = itertools.product(*options)
    else:
        chosen = [[of_node[0] for of_node in options], [of_node[-1] for of_node in options]]
        chosen += [[rng.choice(of_node) for of_node in options] for _ in range(most - 2)]
    for contents in chosen:
        yield tree_of(recording.root, dict(zip(nodes, contents)))


def put(tree, path):
    """Makes the tree at path."""
    for name, content in tree.items():
        if content is None:
            os.makedirs(path + name)
        else:
            with open(path + name, "wb") as file:
                file.write(content)
