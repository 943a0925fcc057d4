"""report_in_browser.py PAGE [FOLDER]: opens a page of the benchmark in Chromium, on a desktop and on a phone, light and dark.

Fails on anything that the browser complains of, on a page wider than the screen, on a plot with nothing in it, and on a
request to anybody. With FOLDER, it leaves a picture of each there.

It drives chromedriver, https://www.w3.org/TR/webdriver2/, with what Python comes with.
"""

import base64
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

SCREENS = {"desktop": (1280, 900, False), "phone": (390, 844, True)}
SCHEMES = ["light", "dark"]
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
]

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


class Browser:
    """A session of chromedriver."""

    def __init__(self, profile):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        line = next((line for line in self.driver.stdout if "successfully on port" in line), None)
        if line is None:
            sys.exit("chromedriver does not start")
        self.base = f"http://127.0.0.1:{re.search(r'port ([0-9]+)', line)[1]}/session"
        options = {"args": [*FLAGS, f"--user-data-dir={profile}"]}
        capabilities = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        try:
            session = self.post("", {"capabilities": {"alwaysMatch": capabilities}})
        except BaseException:
            self.driver.terminate()
            self.driver.wait()
            raise
        self.base += "/" + session["sessionId"]

    def request(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        # Not through a proxy: it is on this machine.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def post(self, path, body):
        return self.request("POST", path, body)

    def devtools(self, command, **parameters):
        return self.post("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, url, screen, scheme):
        width, height, mobile = SCREENS[screen]
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if mobile else 1, mobile=mobile)
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.post("/url", {"url": url})
        faults = self.post("/execute/sync", {"script": CHECK, "args": [width]})
        log = self.post("/se/log", {"type": "browser"})
        return faults + [f"the browser says: {entry['message']}" for entry in log if entry["level"] in ("SEVERE", "WARNING")]

    def picture(self, path):
        image = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(image["data"]))

    def close(self):
        try:
            self.request("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()


def main(page, folder=None):
    url = pathlib.Path(page).resolve().as_uri()
    failed = False
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        try:
            for screen in SCREENS:
                for scheme in SCHEMES:
                    faults = browser.open(url, screen, scheme)
                    if folder:
                        browser.picture(pathlib.Path(folder, f"{screen}-{scheme}.png"))
                    print(f"{screen}, {scheme}: {'; '.join(faults) or 'well'}")
                    failed = failed or bool(faults)
        finally:
            browser.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
