"""A browser without a screen, for scripts that look at pages.

It drives chromedriver, https://www.w3.org/TR/webdriver2/, with what Python comes with.
"""

import base64
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import urllib.request

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
]


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

    def screen(self, width, height, mobile):
        """What the page is shown on from now on."""
        scale = 2 if mobile else 1
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=mobile)

    def scheme(self, name):
        """Light or dark, from now on."""
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def open(self, url):
        self.post("/url", {"url": url})

    def run(self, script, *arguments):
        """What the script returns in the page."""
        return self.post("/execute/sync", {"script": script, "args": list(arguments)})

    def complaints(self):
        """What the browser said since it was asked last."""
        log = self.post("/se/log", {"type": "browser"})
        return [f"the browser says: {entry['message']}" for entry in log if entry["level"] in ("SEVERE", "WARNING")]

    def picture(self, path):
        image = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(image["data"]))

    def close(self):
        try:
            self.request("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()


@contextlib.contextmanager
def browser():
    """A browser with a profile of its own, until the end of the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        it = Browser(profile)
        try:
            yield it
        finally:
            it.close()
