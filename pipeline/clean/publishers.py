"""Makes publishers.tsv: which of a page's headlines each publisher's articles go by.

Fundus (https://github.com/flairNLP/fundus, MIT) has a parser of each of its publishers, written by people who
looked at the publisher's pages. Which field its method `title` reads is taken from it, and nothing else:

    pip download fundus==0.5.7 --no-deps --no-binary :all: && tar xzf fundus-0.5.7.tar.gz
    python3 pipeline/clean/publishers.py fundus-0.5.7 > pipeline/clean/publishers.tsv

Where a parser has changed, the older one serves articles up to its day. Titles that are taken from an element
of the page's own making are left to the general rule. Needs Python 3.9 and none of its libraries.
"""

import ast
import datetime
import pathlib
import re
import sys
from urllib.parse import urlparse

# Where sources of several publishers are.
SHARED_HOSTS = {"feeds.feedburner.com", "follow.it", "e00-elmundo.uecdn.es", "web.master.br24-web.br-master.de"}

# Other addresses of a publisher, under which it has the same pages or an edition for another country.
ALSO = {
    "bbc.co.uk": ["bbc.com"],
    "dailymail.co.uk": ["dailymail.com"],
    "express.co.uk": ["the-express.com"],
    "independent.co.uk": ["the-independent.com"],
    "mirror.co.uk": ["themirror.com"],
    "thesun.co.uk": ["the-sun.com"],
}


def main(folder):
    root = pathlib.Path(folder) / "src" / "fundus" / "publishers"
    trees = [ast.parse(f.read_text(encoding="utf-8")) for f in sorted(root.rglob("*.py"))]
    classes = {c.name: c for t in trees for c in t.body if isinstance(c, ast.ClassDef)}
    table = {}
    for publisher in publishers(trees):
        rows = titles(classes, publisher["parser"])
        if rows:
            for host in hosts(publisher):
                table.setdefault(host, rows)
    print("# Made by publishers.py from the parsers of Fundus 0.5.7 (MIT), for domains and what is below them:")
    print("# domain, what has the title (ld: JSON-LD's headline, h1, title: the elements, meta KEY), last day of it")
    for host, rows in sorted(table.items()):
        for source, until in rows:
            print("\t".join([host, source] + ([until.isoformat()] if until else [])))


def publishers(trees):
    """The calls Publisher(domain=…, parser=…, sources=…), as dicts."""
    for tree in trees:
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Publisher":
                words = {k.arg: k.value for k in call.keywords}
                yield {
                    "domain": ast.literal_eval(words["domain"]),
                    "parser": ast.unparse(words["parser"]),
                    "sources": ast.unparse(words["sources"]) if "sources" in words else "",
                }


def hosts(publisher):
    own = urlparse(publisher["domain"]).hostname
    found = [own] + re.findall(r"https?://([\w.-]+)", publisher["sources"])
    found = [h[4:] if h.startswith("www.") else h for h in found]
    found += ALSO.get(found[0], [])
    return [
        h for h in dict.fromkeys(found)
        if h not in SHARED_HOSTS and (h == found[0] or not h.endswith("." + found[0]))
    ]


def titles(classes, parser):
    """Pairs of source and last day, oldest first; the last has no day. Equal neighbours are one."""
    rows = []
    for version in versions(classes, parser):
        until = own_member(version, "VALID_UNTIL")
        method = member(classes, parser, version, "title")
        rows.append((day(classes, until.value) if until else None, source(method)))
    rows.sort(key=lambda r: r[0] or datetime.date.max)
    if not rows or rows[-1][1] is None:  # today's parser reads an element of its own
        return []
    out = []
    for until, what in rows:
        if what is None:
            continue
        if out and out[-1][0] == what:
            out.pop()
        out.append((what, until))
    return out


def versions(classes, parser):
    found = [c for c in classes[parser].body if isinstance(c, ast.ClassDef)]
    for base in classes[parser].bases:
        if not found and ast.unparse(base) in classes:
            found = versions(classes, ast.unparse(base))
    return found


def own_member(version, name):
    for s in version.body:
        if isinstance(s, ast.FunctionDef) and s.name == name:
            return s
        if isinstance(s, ast.Assign) and ast.unparse(s.targets[0]) == name:
            return s
    return None


def member(classes, parser, version, name):
    """A version's method or constant, or that which it inherits."""
    if found := own_member(version, name):
        return found
    for base in version.bases:
        owner, _, base_name = ast.unparse(base).rpartition(".")
        owner = owner or parser
        for c in classes[owner].body if owner in classes else []:
            if isinstance(c, ast.ClassDef) and c.name == base_name:
                if found := member(classes, owner, c, name):
                    return found
    return None


def day(classes, value):
    """A call of date or datetime, or the name of another version's day."""
    parts = ast.unparse(value).split(".")
    if len(parts) == 3 and parts[0] in classes:
        version = next(c for c in classes[parts[0]].body if getattr(c, "name", "") == parts[1])
        return day(classes, own_member(version, parts[2]).value)
    call = next(c for c in ast.walk(value) if isinstance(c, ast.Call) and len(c.args) + len(c.keywords) == 3)
    return datetime.date(*(ast.literal_eval(n) for n in call.args + [k.value for k in call.keywords]))


def source(method):
    """What the first look-up in the method reads; None where that is none of the page's usual headlines."""
    if not isinstance(method, ast.FunctionDef):
        return None
    code = "\n".join(ast.unparse(s) for s in method.body)
    look_up = re.search(
        r"\.meta\.get\('([^']+)'\)|(\.ld\.(?:bf_search\('headline'|xpath_search\('[^']*/headline))"
        r"|(parse_title_from_root)|(XPath\('//h1'\))|(_selector)",
        code,
    )
    if not look_up or look_up.group(5):
        return None
    if look_up.group(1):
        return "meta " + look_up.group(1).lower()
    return "ld" if look_up.group(2) else "title" if look_up.group(3) else "h1"


if __name__ == "__main__":
    main(sys.argv[1])
