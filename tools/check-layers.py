#!/usr/bin/env python3
"""Refuse an #include that points upward, names a driver, or brings a library in at another place.

    check-layers.py ROOT
"""
import fnmatch
import pathlib
import re
import sys

# layer -> layers whose headers it may include, itself aside
MAY = {
    "base": "",
    "oci": "base",
    "crypto": "oci base",
    "db": "base",
    "store": "crypto oci base",
    "access": "oci base",
    "model": "access db crypto oci base",
    "registry": "access model store db crypto oci base",
    "http": "base",
    "conf": "base",
    "api": "registry access http conf crypto oci base",
    "web": "registry access http conf crypto oci base",
    "jobs": "registry conf base",
    "cli": "api web jobs registry access model store db crypto oci http conf base",
    "main.c": "cli api web jobs registry access model store db crypto oci http conf base",
}
# (layer, lower layer) -> the only headers that it may use of it
ONLY = {
    ("registry", "db"): {"db/db.h"},  # the type of a write transaction; SQL stays in model/
    ("crypto", "oci"): {"oci/digest.h"},
    ("store", "oci"): {"oci/digest.h"},
}
# A driver is chosen in main.c, or by a subcommand that works without a server.
DRIVER = re.compile(r"^(store|db|http)/\1_\w+\.h$")
DRIVER_USERS = ("main.c", "cli/*")
# third-party header -> the files that may see it: each library stays replaceable
LIBRARY = {
    "jansson.h": ["base/json.h"],
    "openssl/*": ["crypto/*.c"],
    "sodium.h": ["crypto/*.c"],
    "sqlite3.h": ["db/db_sqlite*"],
    "microhttpd.h": ["http/http_mhd*"],
    "gnutls/*": ["http/http_mhd*"],
    "yaml.h": ["conf/file.c"],
    "zlib.h": ["crypto/pat.c"],
}
# Whatever is neither in LIBRARY nor here is refused, so that a new library is a decision.
LIBC = re.compile(r"^((sys|linux|arpa|net|netinet|asm)/[\w/-]+|assert|ctype|dirent|endian|errno|fcntl|fnmatch|getopt|"
                  r"inttypes|libgen|limits|locale|math|netdb|poll|pthread|pwd|regex|sched|semaphore|signal|spawn|std(align|"
                  r"arg|atomic|bool|def|int|io|lib|noreturn)|strings?|syslog|termios|threads|time|uchar|unistd|wchar|"
                  r"glob|grp|ifaddrs|malloc|immintrin|cpuid)\.h$")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(?:"([^"\n]+)"|<([^>\n]+)>)', re.M)


def matches(path, patterns):
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def own_header(rel, layer, header):
    """Why rel, a file of layer, may not include our header; None if it may."""
    target = header.split("/")[0]
    if "/" not in header or ".." in header:
        return f'write "{header}" as a path from src/'
    if target != layer and target not in MAY[layer].split():
        return f"layer '{layer}' may not include \"{header}\""
    if header not in ONLY.get((layer, target), {header}):
        return f"of {target}/ only {', '.join(sorted(ONLY[layer, target]))} may be included here, not \"{header}\""
    if DRIVER.match(header) and target != layer and not matches(rel, DRIVER_USERS):
        return f'driver header "{header}" is for {" and ".join(DRIVER_USERS)}'
    return None


def system_header(rel, header):
    for pattern, users in LIBRARY.items():
        if fnmatch.fnmatchcase(header, pattern):
            return None if matches(rel, users) else f"<{header}> is private to {', '.join(users)}"
    if LIBC.match(header):
        return None
    return f"<{header}> is new: name the files that may see it in tools/check-layers.py"


def problems(path, rel):
    layer = rel.split("/")[0]
    if layer not in MAY:
        yield f"{rel}: '{layer}' is no layer; tools/check-layers.py lists them"
        return
    text = path.read_text()
    for found in INCLUDE.finditer(text):
        own, system = found.groups()
        why = own_header(rel, layer, own) if own else system_header(rel, system)
        if why:
            yield f"{rel}:{text.count(chr(10), 0, found.start()) + 1}: {why}"


def main(root):
    src = pathlib.Path(root, "src")
    files = sorted(src.rglob("*.[ch]"))
    found = [p for f in files for p in problems(f, f.relative_to(src).as_posix())]
    print("\n".join(found) or f"{len(files)} files, every #include points downward")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
