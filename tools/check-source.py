#!/usr/bin/env python3
"""House rules that no compiler checks; docs/STYLE.md gives their reasons.

    check-source.py ROOT [BUILD]

Banned calls and words, the size and complexity of functions, the length of
files, the manual on top of each header, the layout by clang-format, paths of
somebody's machine; with BUILD, a folder that was built, also the prefix of every
external symbol.
"""
import pathlib
import re
import subprocess
import sys

BANNED = {
    "strcpy": "sta_buf_*", "strcat": "sta_buf_*", "strncpy": "memcpy with a length", "strncat": "sta_buf_*",
    "stpcpy": "sta_buf_*", "sprintf": "snprintf", "vsprintf": "vsnprintf", "gets": "read with a limit",
    "strtok": "strchr and lengths", "strtok_r": "strchr and lengths",
    "atoi": "sta_parse_*", "atol": "sta_parse_*", "atoll": "sta_parse_*", "atof": "sta_parse_*",
    "sscanf": "sta_parse_*", "scanf": "sta_parse_*", "fscanf": "sta_parse_*",
    "gmtime": "gmtime_r", "localtime": "UTC and gmtime_r", "ctime": "sta_clock's text forms",
    "asctime": "sta_clock's text forms", "strerror": "strerror_r",
    "mktemp": "mkostemp", "tmpnam": "mkostemp", "tempnam": "mkostemp", "tmpfile": "memfd_create",
    "system": "nothing", "popen": "nothing", "alloca": "an arena", "setjmp": "return", "longjmp": "return",
    "rand": "crypto/random", "srand": "crypto/random", "random": "crypto/random", "drand48": "crypto/random",
}
# Tests may do these: their inputs are their own.
BANNED_IN_SRC = {
    "strtol": "sta_parse_*", "strtoul": "sta_parse_*", "strtoll": "sta_parse_*", "strtoull": "sta_parse_*",
    "access": "open, and look at errno",
    "exit": "return from main", "_exit": "return from main", "abort": "assert", "quick_exit": "return from main",
    "malloc": "sta_malloc", "calloc": "sta_malloc", "realloc": "sta_realloc", "free": "sta_free",
    "strdup": "sta_strdup", "strndup": "an arena", "asprintf": "sta_buf_*", "vasprintf": "sta_buf_*",
    "getline": "read with a limit", "getdelim": "read with a limit",
}
# (file under src/, call) that is right for the reason given
ALLOW = {
    ("base/alloc.c", "malloc"): "the one door",
    ("base/alloc.c", "calloc"): "the one door",
    ("base/alloc.c", "realloc"): "the one door",
    ("base/alloc.c", "free"): "the one door",
    ("base/alloc.c", "strdup"): "the one door",
}
FILE_LINES = {".c": 800, ".h": 250}
FUNCTION_LINES = 80
COMPLEXITY = 15  # McCabe's number; a switch counts once
PREFIX = "sta_"
OURS_INSTEAD = ("epoll_ctl", "epoll_wait", "recv", "gnutls_record_recv", "gnutls_record_send")  # http/mhd_{epoll,wire,tls}.c say why
TEXT = (".c", ".h", ".py", ".sh", ".md", ".build", ".txt", ".yaml", ".yml", ".toml", ".json", ".service", "")
NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
AUTO = re.compile(r"\bSTA_AUTO(?:_FD\b|\([^)]*\))[^;={]*;")
GOTO = re.compile(r"\bgoto\b")
MACHINE = re.compile(r"(?<![\w.~$}])/(?:work|root|Users/\w+|home/\w+)/")
LATER = re.compile(r"\b(TODO|FIXME|XXX)\b")


def calls(names):
    """A call, not a member of that name (ops->free) and not a part of a longer word."""
    return re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(names))


CALL = {"src": calls(BANNED | BANNED_IN_SRC), "test": calls(BANNED), "bench": calls(BANNED)}
INSTEAD = BANNED | BANNED_IN_SRC


def header_manual(rel, text):
    """src/store/store_fs.h opens with '/*\\n * store_fs - ' and says 'Layer: store.'"""
    path = pathlib.PurePosixPath(rel)
    layer = path.parts[1]
    manual = re.match(r"/\*\n \* (\w+) - \S.*?\*/\n#ifndef (\w+)\n", text, re.S)
    if not manual or manual[1] != path.stem:
        yield f"{rel}:1: must open with '/*\\n * {path.stem} - <purpose>', then its guard"
    elif f"Layer: {layer}." not in manual[0]:
        yield f"{rel}:1: the manual must say 'Layer: {layer}.'"
    elif manual[2] != (guard := f"STA_{layer}_{path.stem}_H".upper()):
        yield f"{rel}:1: the guard must be {guard}"


def problems(path, rel):
    text = path.read_text()
    code = NOISE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)

    def line(match):
        return text.count("\n", 0, match.start()) + 1

    if text.count("\n") > FILE_LINES[path.suffix]:
        yield f"{rel}:{FILE_LINES[path.suffix] + 1}: longer than {FILE_LINES[path.suffix]} lines: split it"
    if path.suffix == ".h" and rel.startswith("src/"):
        yield from header_manual(rel, text)
    for m in NOISE.finditer(text):
        if m.group().startswith("//"):
            yield f"{rel}:{line(m)}: a comment with //: write /* like this */"
    for m in LATER.finditer(text):
        yield f"{rel}:{line(m)}: {m.group()}: do it, or describe it in an issue"
    for m in GOTO.finditer(code):
        yield f"{rel}:{line(m)}: goto: return early; STA_AUTO releases what a scope holds"
    for m in AUTO.finditer(code):
        yield f"{rel}:{line(m)}: STA_AUTO variable without an initialiser: it would release garbage; give it one here"
    for m in CALL[rel.split("/")[0]].finditer(code):
        if (rel.removeprefix("src/"), m[1]) not in ALLOW:
            yield f"{rel}:{line(m)}: {m[1]}() is banned; use {INSTEAD[m[1]]}"


def run(*command):
    """Standard output and standard error of a tool, whatever its exit status."""
    try:
        return subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        sys.exit(f"{command[0]} is not installed: run script/bootstrap")


def functions(root, files):
    """pmccabe prints, with tabs: modified, traditional, statements, first line, lines, 'file(line of the name): name'."""
    if not files:
        return
    for row in run("pmccabe", *files).stdout.splitlines():
        complexity, _, _, _, lines, where = row.split("\t")
        file, first, name = re.match(r"(.*)\((\d+)\): (.*)", where).groups()
        rel = pathlib.Path(file).relative_to(root)
        if name.isupper():  # a macro's use that looks like a function
            continue
        if int(lines) > FUNCTION_LINES:
            yield f"{rel}:{first}: {name}() has {lines} lines, more than {FUNCTION_LINES}: split it"
        if int(complexity) > COMPLEXITY:
            yield f"{rel}:{first}: {name}() has complexity {complexity}, more than {COMPLEXITY}: split it, or use a table"


def layout(root, files):
    if not files or not (root / ".clang-format").exists():
        return
    said = run("clang-format", "--dry-run", "--Werror", "--ferror-limit=1", *files).stderr
    for file, line in re.findall(r"^(.+?):(\d+):\d+: error: code should be clang-formatted", said, re.M):
        yield f"{pathlib.Path(file).relative_to(root)}:{line}: not laid out by .clang-format: run clang-format -i on it"


def machine_paths(root):
    folders = ("src", "test", "tools", "script", "docs", ".ci", "bench", "ui")
    paths = [f for folder in folders for f in (root / folder).rglob("*") if "node_modules" not in f.parts]
    paths += [f for f in root.glob("*") if f.name != ".git"]
    for path in sorted(paths):
        if path.suffix not in TEXT or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            for found in MACHINE.finditer(line):
                yield (f"{path.relative_to(root)}:{number}: {found.group()}: a path of somebody's machine;"
                       " make it relative to the project")


def symbols(root, build):
    """External symbols of each layer's library; main is not in one."""
    for archive in sorted((build / "src").rglob("*.a")):
        for row in run("nm", "--extern-only", "--defined-only", "--format=posix", str(archive)).stdout.splitlines():
            name, *rest = row.split()
            if rest and not name.startswith((PREFIX, "__asan_", "__odr_asan")) and name not in OURS_INSTEAD:
                layer = archive.parent.relative_to(build)
                yield f"{layer}:1: external symbol {name}: make it static, or name it {PREFIX}<module>_<verb>"


def main(root, build=None):
    root = pathlib.Path(root).resolve()
    files = sorted(f for folder in ("src", "test", "bench") for f in (root / folder).rglob("*.[ch]"))
    found = [p for f in files for p in problems(f, f.relative_to(root).as_posix())]
    found += functions(root, [f for f in files if f.suffix == ".c"])
    found += layout(root, files)
    found += machine_paths(root)
    if build:
        found += symbols(root, pathlib.Path(build).resolve())
    print("\n".join(found) or f"{len(files)} files keep the house rules")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
