"""Networks out of namespaces, and sfp's programs in them: for the tests that need machines of their own.

Needs root, ip (iproute2), veth and bridge devices. Names carry the process's number, so that several
tests can run at a time; whoever makes a Network removes it.
"""

import datetime
import os
import re
import shutil
import subprocess
import time

SKIPPED = 77  # the exit code that ctest counts as skipped


class Failed(Exception):
    pass


def expect(holds, text):
    if not holds:
        raise Failed(text)


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


class Network:
    """Namespaces of one case: the hub with its bridges, and the nodes. `bridges`: {name: first three numbers}."""

    def __init__(self, name, bridges):
        self.name = name
        self.bridges = bridges
        self.spaces = []
        self.hub = self.space("hub")
        for bridge in bridges:
            run("ip", "-n", self.hub, "link", "add", bridge, "type", "bridge")
            run("ip", "-n", self.hub, "link", "set", bridge, "up")

    def space(self, name):
        full = f"sfp-{os.getpid()}-{self.name}-{name}"
        run("ip", "netns", "add", full)
        self.spaces.append(full)
        run("ip", "-n", full, "link", "set", "lo", "up")
        return full

    def join(self, name, address, bridges=None):
        """A node with this last number of its address on each of these bridges (default: on all)."""
        space = self.space(name)
        for bridge in bridges or self.bridges:
            port = f"{bridge}-{name}"
            run("ip", "-n", space, "link", "add", bridge, "type", "veth", "peer", "name", port, "netns", self.hub)
            run("ip", "-n", self.hub, "link", "set", port, "master", bridge, "up")
            run("ip", "-n", space, "addr", "add", f"{self.bridges[bridge]}.{address}/24", "dev", bridge)
            run("ip", "-n", space, "link", "set", bridge, "up")
        return space

    def cut(self, bridge, name):
        """Packets of this node on this bridge are dropped without a word."""
        run("ip", "-n", self.hub, "link", "set", f"{bridge}-{name}", "nomaster")

    def mend(self, bridge, name):
        run("ip", "-n", self.hub, "link", "set", f"{bridge}-{name}", "master", bridge)

    def remove(self):
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space], capture_output=True)


class Program:
    """A program in a namespace, its output in FOLDER/NAME.log."""

    def __init__(self, space, folder, name, *command, env=None):
        self.log = os.path.join(folder, name + ".log")
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(["ip", "netns", "exec", space, *command], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, cwd=folder, env=env)

    def text(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def wait_for(self, text, limit_s=30):
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            if text in self.text():
                return
            time.sleep(0.02)
        raise Failed(f"no '{text}' within {limit_s} s in {self.log}:\n{self.text()[-2000:]}")

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, limit_s):
        try:
            return self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.log}: still running after {limit_s} s:\n{self.text()[-2000:]}")

    def when(self, pattern, after=0.0):
        """The wall-clock time of the first log line like this."""
        for line in self.text().splitlines():
            if re.search(pattern, line) and re.match(r"\d{4}-\d\d-\d\dT", line):
                at = datetime.datetime.fromisoformat(line.split()[0].replace("Z", "+00:00")).timestamp()
                if at >= after:
                    return at
        raise Failed(f"no line like '{pattern}' in {self.log}:\n{self.text()[-2000:]}")


def seconds_of(report, wall):
    began = datetime.datetime.fromisoformat(report["run"]["started_at"].replace("Z", "+00:00")).timestamp()
    return wall - began


def why_not():
    """Why this machine cannot make namespaces; empty if it can."""
    if os.geteuid() != 0:
        return "not root: network namespaces need it"
    if shutil.which("ip") is None:
        return "no ip command: install iproute2"
    try:
        Network("probe", {"probe": "10.76.0"}).remove()
    except subprocess.CalledProcessError as error:
        return f"{' '.join(error.cmd)}: {error.stderr.strip()}"
    return ""
