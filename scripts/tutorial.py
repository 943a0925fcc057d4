#!/usr/bin/env python3
"""tutorial.py DOCUMENT FOLDER: follows a tutorial as its reader does, at terminals in FOLDER, and fails where one shows anything else.

What stands in the document's blocks of the language console is what terminals show:

    server$ ./program    a command, at the terminal of that name; its output follows
    ask> ADD 10 20       what is typed after a program's own prompt, at the terminal that shows it; ^C is Ctrl-C

A number of five digits stands for one that is another each time, and is the same wherever it stands in a block. A program that says
"press Enter to stop" is stopped so at the end of its block.
"""
import os
import pty
import re
import select
import signal
import sys
import time

PATIENCE_S = 60  # for a program that hangs, not for one that is slow
TYPED_AFTER_S = 0.1  # what a reader takes at least; clients take a server that answered 0.01 s ago for alive
INPUT = re.compile(r"([a-z]+[$>] )(.*)")
CHANGING = re.compile(r"\b\d{5}\b")
AT_AN_END = ["", "\n", "Killed\n"]  # what a terminal shows between a program's output and the next prompt


class Terminal:
    """A shell at a terminal of its own."""

    def __init__(self, name, folder):
        self.prompt = f"{name}$ "
        self.shown = ""  # and not looked at yet
        self.ends_by_enter = False
        self.shell, self.screen = pty.fork()
        if self.shell == 0:
            os.chdir(folder)
            # Who was started in the background ignores it, and so would all that it starts (sh(1)).
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            environment = {**os.environ, "PS1": self.prompt, "TERM": "dumb", "LC_ALL": "C"}
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"], environment)

    def read(self, seconds):
        if select.select([self.screen], [], [], seconds)[0]:
            self.shown += os.read(self.screen, 65536).decode().replace("\r\n", "\n")

    def expect(self, pattern, told):
        """Waits for what is to be shown next, and gives the match."""
        end = time.monotonic() + PATIENCE_S
        while not (match := re.match(pattern, self.shown)):
            if time.monotonic() > end:
                sys.exit(f"FAILED: {self.prompt}shows\n{self.shown}\nand not\n{told}")
            self.read(0.1)
        self.shown = self.shown[match.end():]
        return match

    def awaits(self, prompt):
        """Waits for a prompt, after what may stand between two programs if it is the shell's."""
        before = AT_AN_END if prompt == self.prompt else [""]
        self.expect("(?:" + "|".join(before) + ")" + re.escape(prompt), prompt)

    def types(self, text):
        keys = "\x03" if text == "^C" else text + "\n"
        os.write(self.screen, keys.encode())

    def ends(self):
        """The program at the end of its block."""
        if self.ends_by_enter:
            self.types("")
        self.ends_by_enter = False
        self.awaits(self.prompt)
        self.shown = self.prompt + self.shown

    def close(self):
        os.kill(self.shell, signal.SIGHUP)
        os.close(self.screen)
        os.waitpid(self.shell, 0)


class Follower:
    """Who follows it."""

    def __init__(self, folder):
        self.folder = folder
        self.terminals = {}

    def at(self, prompt):
        """The terminal with this prompt: the shell's, or that of a program at the terminal whose turn it is."""
        name = prompt[:-2]
        if prompt.endswith("$ "):
            if name not in self.terminals:
                self.terminals[name] = Terminal(name, self.folder)
            return self.terminals[name]
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            for terminal in self.terminals.values():
                terminal.read(0.1)
                if terminal.shown.startswith(prompt):
                    return terminal
        sys.exit(f"FAILED: no terminal shows {prompt}")

    def follow(self, block):
        numbers = {}
        for prompt, text, output in inputs(block):
            print(f"  {prompt}{text}", flush=True)
            terminal = self.at(prompt)
            terminal.awaits(prompt)
            terminal.types(CHANGING.sub(lambda number: numbers.get(number[0], number[0]), text))
            terminal.ends_by_enter |= "press Enter to stop" in output
            told = "".join(line + "\n" for line in [text, *output.splitlines()])
            found = terminal.expect(pattern_of(told, numbers), told)
            numbers.update((name[1:], number) for name, number in found.groupdict().items())
            if text.startswith("kill "):
                self.see_killed()
        for terminal in self.terminals.values():
            terminal.ends()

    def see_killed(self):
        """Waits until the program that would have ended by Enter is dead: who types next does so later than that."""
        for terminal in self.terminals.values():
            if terminal.ends_by_enter:
                terminal.ends_by_enter = False
                terminal.ends()
        # Clients that asked a moment ago take their server for alive.
        time.sleep(TYPED_AFTER_S)


def pattern_of(told, numbers):
    """What matches the text: the numbers that are known, and a group for each that is not."""
    new = set()

    def pattern(match):
        number = match[0]
        if number in numbers:
            return numbers[number]
        if number in new:
            return f"(?P=n{number})"
        new.add(number)
        return rf"(?P<n{number}>\d+)"

    return CHANGING.sub(pattern, re.escape(told))


def inputs(block):
    """What is typed, and what is shown after it: triples of a prompt, the text and the output."""
    found = []
    for line in block.splitlines():
        if match := INPUT.fullmatch(line):
            found.append([match[1], match[2], ""])
        else:
            found[-1][2] += line + "\n"
    return found


def main():
    document, folder = sys.argv[1:]
    with open(document, encoding="utf-8") as file:
        blocks = re.findall(r"^```console\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
    if not blocks:
        sys.exit(f"FAILED: {document} has no block of the language console")
    follower = Follower(folder)
    try:
        for block in blocks:
            follower.follow(block)
    finally:
        for terminal in follower.terminals.values():
            terminal.close()
    print(f"All {len(blocks)} blocks of {document} show what terminals do.")


main()
