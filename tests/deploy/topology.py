#!/usr/bin/env python3
"""The topology of deploy/k8s on this machine: each pod a network namespace with an address of its own.

  topology.py [--bin DIR] [--users N] [--keep] [CASE ...]

                bridge pods 10.80.0.0/24
    master .1    api .2 (TLS)    workers .11 … .14, their successors .15 …

Each program is PID 1 of its pod, gets its settings as the manifests give them (environment, the index of
the pod, a directory of certificates, a termination log), and workers find the master by its name, which
does not exist yet when they start. Two cases:

  evicted  2000 users over TLS; one worker gets SIGTERM and is replaced, another pod is started twice, the
           master's pod is restarted after the end. Nothing is lost, the plan is met at every second.
  killed   a worker is killed with SIGKILL and replaced; what may be missing is bounded by the report.

Needs root, ip, unshare. Exit codes: 0 all held, 1 a case failed, 77 the machine does not allow it.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import namespaces
from namespaces import Failed, Network, Program, expect, run, seconds_of

NET = "10.80.0"
WORKERS = 4
CONFIG = """
target:
  url: https://api:8443
  base_path: /v1/staff-fee-privilege
  auth: {basic: {user: "${SFP_API_USER}", password: "${SFP_API_PASSWORD}"}}
  tls: {verify: false}
load: {users: %d, spawn_rate: %d, run_time: %ds}
data:
  term: {values: ["201500", "201501"]}
users:
  api_user:
    wait: {uniform: [8s, 16s]}
    tasks:
      by_term: {weight: 3, get: "?term={{term}}"}
      bad_request: {get: "", expect: {status: 400}}
"""


class Pod:
    """A program as PID 1 of its own process and network namespace."""

    def __init__(self, cluster, name, address, program, *options, env=None):
        self.name, self.folder = name, cluster.folder
        self.space = cluster.net.join(name, address)
        # `ip netns exec` puts the files of this folder over those of /etc.
        self.etc = f"/etc/netns/{self.space}"
        os.makedirs(self.etc)
        self.know(cluster.hosts)
        self.started = Program(self.space, cluster.folder, name, "unshare", "--pid", "--fork", "--kill-child",
                               "--mount-proc", os.path.join(cluster.bin, program), *options,
                               env={"PATH": os.environ["PATH"], **(env or {})})

    def know(self, hosts):
        """Names and addresses, written in place: the file is mounted."""
        with open(f"{self.etc}/hosts", "w") as file:
            file.writelines(f"{address} {name}\n" for name, address in hosts.items())

    def signal(self, number):
        """To the program itself: unshare's child."""
        pid = self.started.process.pid
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            os.kill(int(file.read().split()[0]), number)

    def wait(self, limit_s=60):
        return self.started.wait(limit_s)

    def last_words(self):
        with open(os.path.join(self.folder, self.name + ".termination")) as file:
            return file.read()

    def remove(self):
        if self.started.process.poll() is None:
            self.started.process.kill()
            self.started.process.wait()
        shutil.rmtree(self.etc, ignore_errors=True)


class Cluster:
    def __init__(self, case, binaries, users, spawn_rate, run_time_s):
        self.bin, self.users = binaries, users
        self.folder = tempfile.mkdtemp(prefix=f"sfp-topology-{case}-")
        self.net = Network(case, {"pods": NET})
        self.pods, self.hosts = [], {"api": f"{NET}.2"}
        self.next_address = 11
        with open(os.path.join(self.folder, "scenario.yaml"), "w") as file:
            file.write(CONFIG % (users, spawn_rate, run_time_s))
        run(os.path.join(binaries, "sfp-master"), "certs", "--out", os.path.join(self.folder, "certs"), "--host",
            "sfp-master")
        self.api = self.pod("api", 2, "sfp-demo-api", "--address", "0.0.0.0", "--port", "8443", "--tls",
                            "--service-time", "0ms", "--keepalive-timeout", "200s")
        self.api.started.wait_for("listening on")

    def pod(self, name, address, program, *options, env=None):
        self.pods.append(Pod(self, name, address, program, *options, env=env))
        return self.pods[-1]

    def master(self, name="master", address=1):
        self.hosts["sfp-master"] = f"{NET}.{address}"
        master = self.pod(name, address, "sfp-master", "--headless", "--only-summary", "--config", "scenario.yaml",
                          env={"SFP_TLS_DIR": "certs/master", "SFP_WORKERS": str(WORKERS), "SFP_OUT": "results",
                               "SFP_WEB": "0.0.0.0:8089", "SFP_API_USER": "user", "SFP_API_PASSWORD": "password",
                               "SFP_TERMINATION_LOG": name + ".termination"})
        for pod in self.pods:
            pod.know(self.hosts)
        return master

    def worker(self, index):
        address, self.next_address = self.next_address, self.next_address + 1
        name = f"w{index}-{address}"
        return self.pod(name, address, "sfp-worker", "--threads", "1",
                        env={"SFP_MASTER": "sfp-master:5557", "SFP_TLS_DIR": "certs/worker",
                             "JOB_COMPLETION_INDEX": str(index), "SFP_NAME": name, "SFP_ALLOW_TARGET": "api:8443",
                             "SFP_DRAINED_EXIT_CODE": "143",
                             "SFP_TERMINATION_LOG": name + ".termination"})

    def begin(self):
        """Workers first: their master's name does not exist yet."""
        workers = [self.worker(index) for index in range(WORKERS)]
        workers[0].started.wait_for("trying again")
        master = self.master()
        # Until the last user has come, and a little longer.
        master.started.wait_for(f"{self.users} users | ", 60)
        expect(self.get("https://sfp-master:8089/ready")["ready"], "not ready with all workers")
        time.sleep(1)
        return master, workers

    def get(self, url):
        """What a pod of the cluster gets, without looking at certificates: as the kubelet's probes."""
        return json.loads(run("ip", "netns", "exec", self.api.space, sys.executable, "-c",
                              "import urllib.request, ssl, sys;"
                              "c = ssl._create_unverified_context();"
                              "print(urllib.request.urlopen(sys.argv[1], timeout=5, context=c).read().decode())", url))

    def served(self):
        return self.get("https://api:8443/__stats")["requests"]

    def report(self):
        with open(os.path.join(self.folder, "results", "report.json")) as file:
            return json.load(file)

    def remove(self, keep):
        for pod in self.pods:
            pod.remove()
        self.net.remove()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


def check_plan(report, users, spawn_rate, run_time_s, disturbed):
    """Every second ends with the plan's users, but for those in which somebody handed over. How many do."""
    allowed = {second + d for second in disturbed for d in (-1, 0, 1)}
    whole = 0
    expect(len(report["series"]) >= run_time_s, f"{len(report['series'])} seconds")
    for point in report["series"][:run_time_s - 1]:
        planned = min(users, spawn_rate * (point["t"] + 1))
        if point["users"] == planned and not point["degraded"]:
            whole += 1
        elif point["t"] not in allowed:
            raise Failed(f"second {point['t']}: {point}, planned {planned}")
    return whole


def check_sums(report):
    for row in report["endpoints"] + [report["totals"]]:
        expect(row["started"] == row["requests"] + row["in_flight"], f"{row['name']} does not add up")


def evicted(make, users):
    spawn_rate, run_time_s = users // 16, 38
    cluster = make("evicted", users, spawn_rate, run_time_s)
    master, workers = cluster.begin()
    times = []

    times.append(time.time())
    workers[1].signal(signal.SIGTERM)
    expect(workers[1].wait(30) == 143, "the evicted worker did not leave in order")
    times.append(time.time())
    heir = cluster.worker(1)
    master.started.wait_for(f"({heir.name}) joins the run")
    time.sleep(3)

    times.append(time.time())
    twin = cluster.worker(2)
    expect(workers[2].wait(30) == 4, f"the older of two: {workers[2].started.text()}")
    expect("--index 2" in workers[2].last_words(), workers[2].last_words())
    master.started.wait_for(f"({twin.name}) joins the run")

    code = master.wait()
    expect(code == 0, f"exit code {code}: {master.started.text()[-3000:]}")
    for worker in (workers[0], workers[3], heir, twin):
        expect(worker.wait(10) == 0, f"{worker.name}: {worker.started.text()}")
    expect("exit code 0, verdict:" in master.last_words(), master.last_words())

    report = cluster.report()
    check_sums(report)
    totals = report["totals"]
    expect(cluster.served() == totals["started"], f"the API served {cluster.served()}, the report has {totals}")
    expect(report["failures"] == [], f"{report['failures']}")
    expect(not any(worker["lost"] for worker in report["run"]["workers"]), f"{report['run']['workers']}")
    expect(not any(worker["may_be_missing"] for worker in report["run"]["workers"]), f"{report['run']['workers']}")
    times += [master.started.when(rf"\({each.name}\) joins the run") for each in (heir, twin)]
    whole = check_plan(report, users, spawn_rate, run_time_s, [int(seconds_of(report, at)) for at in times])

    # A pod of the master that is started again with the same directory.
    again = cluster.master("again", 3)
    expect(again.wait(20) == 0, again.started.text())
    expect("nothing is sent" in again.started.text(), again.started.text())
    expect("exit code 0, verdict:" in again.last_words(), again.last_words())
    expect(cluster.served() == totals["started"], "the second master sent load")
    lag = max(worker["lag_p99_ms"] or 0 for worker in report["run"]["workers"])
    return (f"{users} users over TLS, {WORKERS} workers, one evicted and replaced, one started twice: "
            f"{totals['requests']} requests, 0 failed, {totals['in_flight']} in flight, all {totals['started']} "
            f"counted by the API; {whole} of {run_time_s - 1} seconds as planned, the others beside a "
            f"handover; verdict {report['run']['verdict']} {report['run']['reasons']}; lag p99 {lag:.1f} ms")


def killed(make, users):
    users //= 4
    run_time_s = 14
    cluster = make("killed", users, users, run_time_s)
    master, workers = cluster.begin()
    at = time.time()
    workers[3].signal(signal.SIGKILL)
    workers[3].wait()
    heir = cluster.worker(3)
    master.started.wait_for(f"({heir.name}) joins the run")
    back = time.time()
    code = master.wait()
    expect(code == 3, f"exit code {code}: {master.started.text()[-3000:]}")
    report = cluster.report()
    check_sums(report)
    missing = cluster.served() - report["totals"]["started"]
    bound = sum(worker["may_be_missing"] for worker in report["run"]["workers"])
    expect(0 <= missing <= bound, f"{missing} are missing, {bound} may be")
    expect(report["failures"] == [], f"{report['failures']}")
    first, last = int(seconds_of(report, at)), int(seconds_of(report, back)) + 2
    check_plan(report, users, users, run_time_s, range(first, last + 1))
    return (f"{users} users, a worker killed and replaced: {missing} requests lost with it, {bound} may be, says the "
            f"report; its successor ran {back - at:.1f} s later")


CASES = [evicted, killed]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin", help="where sfp's programs are")
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--keep", action="store_true", help="keep the folders of cases that fail")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    reason = namespaces.why_not() or (shutil.which("unshare") is None and "no unshare command: install util-linux")
    if reason:
        print(f"SKIPPED: {reason}")
        return namespaces.SKIPPED
    failures = 0
    for case in CASES:
        if options.cases and case.__name__ not in options.cases:
            continue
        clusters = []

        def make(name, *arguments):
            clusters.append(Cluster(name, os.path.abspath(options.bin), *arguments))
            return clusters[-1]

        ok = False
        try:
            print(f"{case.__name__}: {case(make, options.users)}", flush=True)
            ok = True
        except (Failed, subprocess.CalledProcessError) as error:
            print(f"FAILED {case.__name__}: {error}")
        except Exception:
            print(f"FAILED {case.__name__}: {traceback.format_exc()}")
        finally:
            failures += not ok
            for cluster in clusters:
                if not ok and options.keep:
                    print(f"see {cluster.folder}")
                cluster.remove(keep=not ok and options.keep)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
