"""report_in_browser.py PAGE [FOLDER]: opens a page of the benchmark in Chromium, on a desktop and on a phone, light and dark.

Fails on anything that the browser complains of, on a page wider than the screen, on a plot with nothing in it, and on a
request to anybody. With FOLDER, it leaves a picture of each there.
"""

import pathlib
import sys

from browser import browser

SCREENS = {"desktop": (1280, 900, False), "phone": (390, 844, True)}
SCHEMES = ["light", "dark"]
# What is wrong with the page, in words.
CHECK = """
const [width] = arguments, faults = [];
const fault = (is, what) => is && faults.push(what);
const root = document.documentElement;
fault(root.dataset.state !== "drawn", "it was not drawn to the end");
const folded = [...document.querySelectorAll("details:not([open])")];
folded.forEach((details) => { details.open = true; });
fault(root.scrollWidth > width, `it is ${root.scrollWidth} pixels wide, the screen ${width}`);
fault(!root.lang || !document.title || document.querySelectorAll("h1").length !== 1, "no language, title or one heading");
fault(performance.getEntriesByType("resource").length > 0, "it asks for further files");
const figures = [...document.querySelectorAll("figure")];
fault(figures.length < 4, `${figures.length} plots`);
fault(document.querySelectorAll("table").length < 3, "too few tables");
for (const figure of figures) {
    const name = figure.querySelector("figcaption").textContent;
    const canvas = figure.querySelector(".plot canvas");
    fault(!canvas.getAttribute("aria-label"), `${name}: nothing in words`);
    fault(!figure.querySelector(".key li"), `${name}: no key`);
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let coloured = 0;
    for (let at = 0; at < pixels.length; at += 4) {
        const [red, green, blue, alpha] = pixels.subarray(at, at + 4);
        coloured += alpha > 128 && Math.max(red, green, blue) - Math.min(red, green, blue) > 50;
    }
    // Axes are grey; what was measured is not.
    fault(coloured < 300, `${name}: only ${coloured} pixels are coloured`);
}
folded.forEach((details) => { details.open = false; });
return faults;
"""


def look(window, url, screen, scheme):
    """Opens the page, and says what is wrong with it."""
    window.screen(*SCREENS[screen])
    window.scheme(scheme)
    window.open(url)
    width = SCREENS[screen][0]
    return window.run(CHECK, width) + window.complaints()


def main(page, folder=None):
    url = pathlib.Path(page).resolve().as_uri()
    failed = False
    with browser() as window:
        for screen in SCREENS:
            for scheme in SCHEMES:
                faults = look(window, url, screen, scheme)
                if folder:
                    window.picture(pathlib.Path(folder, f"{screen}-{scheme}.png"))
                print(f"{screen}, {scheme}: {'; '.join(faults) or 'well'}")
                failed = failed or bool(faults)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
