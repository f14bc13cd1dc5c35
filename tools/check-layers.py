#!/usr/bin/env python3
"""Hold every #include of src/ to the order of the layers.

    check-layers.py ROOT

An #include points downward; a header includes only what its "May include:" line
says, and its .c no other layer; drivers are named by few; each library is seen
in one place.
"""
import fnmatch
import pathlib
import re
import sys

# layer -> layers whose headers it may include, itself aside; lowest first, as in meson.build
MAY = {
    "base": "",
    "net": "base",
    "oci": "base",
    "crypto": "oci base",
    "db": "base",
    "store": "crypto oci base",
    "access": "oci base",
    "model": "access db crypto oci base",
    "registry": "access model store db crypto oci net base",
    "http": "base",
    "conf": "base",
    "api": "registry access http conf db crypto oci base",
    "web": "registry access http conf crypto oci base",
    "jobs": "registry conf base",
    "cli": "api web jobs registry access model store db crypto oci net http conf base",
    "main.c": "cli api web jobs registry access model store db crypto oci net http conf base",
}
# (layer, lower layer) -> the only headers that it may use of it
ONLY = {
    ("registry", "db"): {"db/db.h"},  # the type of a write transaction; SQL stays in model/
    ("api", "db"): {"db/db.h"},  # its counters, for /metrics
    ("crypto", "oci"): {"oci/digest.h"},
    ("store", "oci"): {"oci/digest.h"},
}
# A driver is chosen in main.c, or by a subcommand that works without a server.
# api/ is what the HTTP engine serves, and reports on it.
DRIVER = re.compile(r"^(store|db|http)/\1_\w+\.h$")
DRIVER_USERS = {"store": ("main.c", "cli/*"), "db": ("main.c", "cli/*"), "http": ("main.c", "cli/*", "api/*")}
# third-party header -> the files that may see it: each library stays replaceable
LIBRARY = {
    "jansson.h": ["base/json.h"],
    "openssl/*": ["crypto/*.c"],
    "sodium.h": ["crypto/*.c"],
    "sqlite3.h": ["db/db_internal.h"],
    "microhttpd.h": ["http/mhd_internal.h"],
    "gnutls/*": ["http/mhd_tls.c"],
    "yaml.h": ["conf/file.c"],
    "zlib.h": ["crypto/pat.c"],
    "curl/*": ["net/fetch.c"],
    "dlfcn.h": ["net/fetch.c"],
}
# Whatever is neither in LIBRARY nor here is refused, so that a new library is a decision.
LIBC = re.compile(r"^((sys|linux|arpa|net|netinet|asm)/[\w/-]+|assert|ctype|dirent|endian|errno|fcntl|fnmatch|getopt|"
                  r"inttypes|libgen|limits|locale|math|netdb|poll|pthread|pwd|regex|sched|semaphore|signal|spawn|std(align|"
                  r"arg|atomic|bool|def|int|io|lib|noreturn)|strings?|syslog|termios|threads|time|uchar|unistd|wchar|"
                  r"glob|grp|ifaddrs|malloc|immintrin|cpuid)\.h$")
MANUAL = re.compile(r"\A/\*.*?\*/", re.S)
LAYER_LINE = re.compile(r"^ \* Layer: (\w+)\.", re.M)
MAY_LINE = re.compile(r"May include:([^.]*)\.")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(?:"([^"\n]+)"|<([^>\n]+)>)', re.M)


def matches(path, patterns):
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def own_header(rel, layer, header):
    """Why rel, a file of layer, may not include our header; None if it may."""
    target = header.split("/")[0]
    if "/" not in header or ".." in header:
        return f'"{header}": write it as a path from src/'
    if target != layer and target not in MAY[layer].split():
        return (f"layer '{layer}' may not include \"{header}\": move what is shared down,"
                f" or go through {MAY[layer].split()[0] if MAY[layer] else 'nothing'}")
    if header not in ONLY.get((layer, target), {header}):
        return f"\"{header}\": of {target}/ only {', '.join(sorted(ONLY[layer, target]))} may be included here"
    if header.endswith("_internal.h") and target != layer:
        return f'"{header}" is for {target}/ alone: use its public header'
    if DRIVER.match(header) and target != layer and not matches(rel, DRIVER_USERS[target]):
        return f'"{header}" is a driver, for {", ".join(DRIVER_USERS[target])}: use {target}/{target}.h'
    return None


def promise(manual):
    """The words after "May include:" of a header's manual; None if it has no such line."""
    found = MAY_LINE.search(re.sub(r"\([^)]*\)", "", manual.replace("\n *", " ")))
    return found and {word.strip() for word in found[1].split(",")}


def broken_promise(path, layer, header, promised):
    """Why an #include of a header, or of the .c beside it, is not what the header's manual says."""
    target, module = header.removesuffix(".h").split("/", 1)
    if target == layer:
        if layer != "base" or path.suffix == ".c" or module == path.stem or module in promised:
            return None
    elif target in promised or f"{target}/{module}" in promised:
        return None
    return f"\"{header}\" is not in the 'May include:' line of {path.stem}.h: use less, or say so there"


def system_header(rel, header):
    for pattern, users in LIBRARY.items():
        if fnmatch.fnmatchcase(header, pattern):
            return None if matches(rel, users) else f"<{header}> is for {', '.join(users)}: use what that offers"
    if LIBC.match(header):
        return None
    return f"<{header}> is new: name the one place that may see it in tools/check-layers.py"


def problems(path, rel):
    layer = rel.split("/")[0]
    if layer not in MAY:
        yield f"src/{rel}:1: '{layer}' is no layer: use one of those in tools/check-layers.py"
        return
    text = path.read_text()
    header = path.with_suffix(".h")
    manual = MANUAL.match(header.read_text()) if header.exists() else None
    manual = manual[0] if manual else ""
    if path == header and LAYER_LINE.findall(manual) != [layer]:
        yield f"src/{rel}:1: the manual on top must have one line ' * Layer: {layer}.'"
    promised = promise(manual)
    for found in INCLUDE.finditer(text):
        own, system = found.groups()
        why = own_header(rel, layer, own) if own else system_header(rel, system)
        if own and not why and promised is not None:
            why = broken_promise(path, layer, own, promised)
        if why:
            yield f"src/{rel}:{text.count(chr(10), 0, found.start()) + 1}: {why}"


def main(root):
    src = pathlib.Path(root, "src")
    files = sorted(src.rglob("*.[ch]"))
    found = [p for f in files for p in problems(f, f.relative_to(src).as_posix())]
    print("\n".join(found) or f"{len(files)} files, every #include points downward")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
