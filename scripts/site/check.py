"""check.py SITE [PICTURES]: opens every page of the site in a browser, on a desktop and on a phone, light and dark.

Fails on a link or an anchor that is dead, on anything that the browser complains of, on a page wider than the screen, on text with
too little contrast, and on a search that does not find. Links to other hosts are listed and not followed. First it looks at pages
with one fault each, all of which it has to find. With PICTURES, a folder, it leaves pictures of some pages there.
"""

import pathlib
import sys
import tempfile
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from browser import browser  # noqa: E402, its folder is known now

SCREENS = {"desktop": (1280, 900, False), "phone": (360, 780, True)}
SCHEMES = ["light", "dark"]
SHOWN = ["index.html", "README.html", "docs/performance.html", "docs/howto/own-messages.html", "reference/calc__ipc_8h.html",
         "reference/classcalc__ipc_1_1UDSClient.html"]
# A word of the guides, a name of C, a part of one, a class, and two words of one place.
ASKED = {
    "deadline": "docs/crash-contract.html",
    "calc_ipc_uds_client_call": "reference/calc__ipc_8h.html",
    "client_loan": "reference/calc__ipc_8h.html",
    "UDSClient": "reference/classcalc__ipc_1_1UDSClient.html",
    "greedy clients": "docs/performance.html",
}
HERE = pathlib.Path(__file__).parent
LOOK, LINKS = ((HERE / name).read_text() for name in ("look.js", "links.js"))
SEARCH = """
const [word, done] = arguments, input = document.getElementById("words"), found = document.getElementById("found");
new MutationObserver(() => done([...found.querySelectorAll("a")].map((link) => link.href))).observe(found, { childList: true });
input.value = word;
input.dispatchEvent(new Event("input"));
setTimeout(() => done([]), 30000);
"""


class Site:
    """The pages in a folder, and what the browser found in them."""

    def __init__(self, folder, window, pictures=None):
        self.folder = pathlib.Path(folder).resolve()
        self.window, self.pictures = window, pictures
        self.pages = sorted(str(page.relative_to(self.folder)) for page in self.folder.rglob("*.html"))
        self.links, self.names, self.faults = {}, {}, []

    def url(self, page):
        return (self.folder / page).as_uri()

    def fault(self, page, what):
        self.faults.append(f"{page}: {what}")

    def look(self, page):
        """Opens it once, and changes screen and colours."""
        self.window.open(self.url(page))
        found = self.window.run(LINKS)
        self.links[page], self.names[page] = found["links"], set(found["names"])
        for screen, size in SCREENS.items():
            self.window.screen(*size)
            for scheme in SCHEMES:
                self.window.scheme(scheme)
                for fault in self.window.run(LOOK, size[0]):
                    self.fault(page, f"{screen}, {scheme}: {fault}")
                if self.pictures and page in SHOWN:
                    self.window.picture(pathlib.Path(self.pictures, f"{page.replace('/', '_')}-{screen}-{scheme}.png"))
        for complaint in self.window.complaints():
            self.fault(page, complaint)

    def dead(self, link):
        """What is wrong with a link inside of the site; None if nothing is."""
        parts = urllib.parse.urlsplit(link)
        path = pathlib.Path(urllib.parse.unquote(parts.path))
        if not path.is_file():
            return f"there is no {link}"
        page, anchor = str(path.relative_to(self.folder)), urllib.parse.unquote(parts.fragment)
        if anchor and anchor not in self.names.get(page, ()):
            return f"there is no #{anchor} in {page}"
        return None

    def follow(self):
        """Looks where all links lead; returns those to other hosts."""
        outside = set()
        for page, links in self.links.items():
            for link in links:
                if not link.startswith("file:"):
                    outside.add(link)
                elif dead := self.dead(link):
                    self.fault(page, dead)
        return sorted(outside)

    def search(self, asked):
        """Asks the search from two pages, one of which is in a folder."""
        for page in [self.pages[0], self.pages[-1]]:
            self.window.open(self.url(page))
            for word, expected in asked.items():
                found = self.window.request("POST", "/execute/async", {"script": SEARCH, "args": [word]})
                if not any(link.startswith(self.url(expected)) for link in found):
                    self.fault(page, f"the search for '{word}' does not find {expected}, but {len(found)} other places")
        for complaint in self.window.complaints():
            self.fault("the search", complaint)

    def check(self):
        for page in self.pages:
            self.look(page)
        return self.follow()


# Pages with a fault each, and what has to be said of it.
BROKEN = {
    '<a href="nowhere.html">x</a>': "there is no file:",
    '<a href="#nowhere">x</a>': "there is no #nowhere",
    "<script>nowhere();</script>": "nowhere is not defined",
    '<script src="nowhere.js"></script>': "nowhere.js",
    '<div style="width: 500px">x</div>': "phone, light: it is ",
    '<div style="width: 1500px">x</div>': "desktop, light: it is ",
    "<style>@media (prefers-color-scheme: dark) { p { color: #444; } }</style>": "desktop, dark: p.",
    '<b style="color: #999">x</b>': "phone, light: b.",
    '<input id="words"><div id="found"></div><script>words.oninput = () => found.replaceChildren("nothing");</script>': "the search for 'lost'",
}
PAGE = """<!DOCTYPE html><html lang="en"><head><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><style>body { background: white; color: black; }
@media (prefers-color-scheme: dark) { body { background: black; color: white; } }</style></head><body><p>well</p>%s</body></html>"""


def faults_of(window, content):
    """What is said of a site of one page, which may have a search."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "index.html").write_text(PAGE % content)
        site = Site(folder, window)
        site.check()
        if 'id="words"' in content:
            site.search({"lost": "lost.html"})
        return site.faults


def finds_faults(window):
    """Whether each fault is found, and none where there is none."""
    missed = [f"{content}: {faults_of(window, content)}" for content, said in BROKEN.items()
              if not any(said in fault for fault in faults_of(window, content))]
    missed += [f"a page without fault: {fault}" for fault in faults_of(window, '<a id="here" href="#here">here</a>')]
    for line in missed:
        print(f"FAILED: the check missed {line}", file=sys.stderr)
    return not missed


def main(folder, pictures=None):
    with browser() as window:
        if not finds_faults(window):
            return 1
        site = Site(folder, window, pictures)
        outside = site.check()
        site.search(ASKED)
    for fault in site.faults:
        print(f"FAILED: {fault}", file=sys.stderr)
    print(f"not followed: {' '.join(outside)}")
    print(f"{len(site.pages)} pages, each on {' and '.join(SCREENS)}, {' and '.join(SCHEMES)}; {len(BROKEN)} planted faults were found")
    return 1 if site.faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
