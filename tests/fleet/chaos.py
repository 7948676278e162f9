#!/usr/bin/env python3
"""Workers, or the queue's server, are killed or stopped while many jobs go through a fleet: nothing is lost, nothing twice.

  chaos.py EVALRUN [--queue redis|postgresql] [--jobs N] [--workers N] [--poison N] [--every S]
    [--what workers|queue|stops|both|disk] [--lease S]

A poison job is one over which every worker is killed. Exit status 0 where each job has exactly one result, exactly the
poison jobs were given up, and nothing is left: no job in the queue, no process, no control group, no mount.
"""
import argparse
import glob
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time


# Whatever ends this script, nothing that it started goes on.
ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL")


class Redis:
    """A server of our own on a Unix socket, and a client in a few lines."""

    def __init__(self, folder, fsync, disk=None):
        """`disk`: its own, of so many MiB, which the server alone sees."""
        self.folder, self.fsync, self.disk, self.process = folder, fsync, disk, None
        self.data = folder
        if disk:
            self.data = os.path.join(folder, "disk")
            os.mkdir(self.data)
        self.path = os.path.join(folder, "s")
        self.start()

    def start(self):
        mount = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                 f'mount -t tmpfs -o size={self.disk}m tmpfs "{self.data}" && exec "$@"', "sh"] if self.disk else []
        self.process = subprocess.Popen(
            [*mount, *ENDS_WITH_US, "redis-server", "--port", "0", "--unixsocket", self.path, "--dir", self.data, "--appendonly", "yes",
             "--appendfsync", self.fsync, "--save", "", "--logfile", os.path.join(self.folder, "log")])
        end = time.time() + 30
        while time.time() < end:
            try:
                if self.ask("PING") == "PONG":
                    return
            except OSError:
                pass
            time.sleep(0.01)
        raise SystemExit("redis-server does not answer")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def filler(self):
        return f"/proc/{self.process.pid}/root{self.data}/filler"

    def fill_disk(self):
        with open(self.filler(), "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                pass

    def free_disk(self):
        os.unlink(self.filler())

    def ask(self, *words):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(self.path)
            data = b"*%d\r\n" % len(words)
            for word in words:
                word = word if isinstance(word, bytes) else str(word).encode()
                data += b"$%d\r\n%s\r\n" % (len(word), word)
            s.sendall(data)
            return self.answer(s.makefile("rb"))

    def answer(self, file):
        line = file.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise OSError(rest.decode())
        if kind in b"+:":
            return rest.decode() if kind == b"+" else int(rest)
        if kind == b"$":
            size = int(rest)
            return None if size < 0 else file.read(size + 2)[:-2].decode("utf-8", "replace")
        if kind == b"*":
            return [self.answer(file) for _ in range(max(0, int(rest)))]
        raise OSError("no answer")


    @property
    def url(self):
        return f"unix:{self.path}"

    def end(self):
        self.process.terminate()
        self.process.wait()

    def lease(self, job):
        """Its state, its worker, and when that began."""
        return self.ask("HMGET", f"er:job:{job}", "state", "worker", "started")

    def done(self):
        return int(self.ask("HGET", "er:stats", "done") or 0)

    def results(self):
        return self.ask("XLEN", "er:results:b")

    def dead(self):
        return set(self.ask("ZRANGE", "er:dead", 0, -1))

    def held(self):
        return self.ask("KEYS", "er:held:*")


class Postgres:
    """The same in PostgreSQL. The server refuses root, and its tools a user without an account: it runs as nobody, or as one who
    is nobody in a user namespace of his own."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "server")
        os.mkdir(self.folder)
        if os.geteuid() == 0:
            os.chmod(folder, 0o711)
            os.chown(self.folder, 65534, 65534)
        self.programs = self.find()
        subprocess.run(self.as_nobody("initdb", "-D", os.path.join(self.folder, "data"), "-U", "evalrun", "-A", "trust", "--no-sync",
                                      "--locale=C", "-E", "UTF8"), check=True, stdout=subprocess.DEVNULL)
        self.url = f"postgresql:///postgres?host={self.folder}&user=evalrun"
        self.log = open(os.path.join(folder, "log"), "w")
        self.start()

    @staticmethod
    def find():
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
        return os.path.dirname(found[-1]) if found else None

    def as_nobody(self, program, *words):
        before = (["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] if os.geteuid() == 0 else
                  ["unshare", "--user", "--map-user=65534", "setpriv"])
        return [*before, "--pdeathsig", "QUIT", os.path.join(self.programs, program), *words]

    def start(self):
        end = time.time() + 60
        while time.time() < end:
            # After a SIGKILL its processes of before may still be ending, and it does not start beside them. What is killed
            # here is a process, not the machine: what it has written is there without fsync, too.
            self.process = subprocess.Popen(self.as_nobody("postgres", "-D", os.path.join(self.folder, "data"), "-k", self.folder,
                                                           "-c", "listen_addresses=", "-c", "fsync=off"), stdout=self.log, stderr=self.log)
            while self.process.poll() is None:
                if subprocess.run([os.path.join(self.programs, "pg_isready"), "-q", "-U", "evalrun", "-h", self.folder]).returncode == 0:
                    return
                time.sleep(0.02)
            time.sleep(0.05)
        raise SystemExit("postgres does not answer")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    def ask(self, statement):
        asked = subprocess.run([os.path.join(self.programs, "psql"), "-X", "-A", "-t", "-q", "-F", " ", "-d", self.url, "-c", statement],
                               capture_output=True, text=True)
        if asked.returncode != 0:
            raise OSError(asked.stderr)
        return asked.stdout.splitlines()

    def lease(self, job):
        found = self.ask(f"SELECT state, worker, started FROM evalrun.job WHERE id = '{job}'")
        return (found[0].split(" ") + ["", ""])[:3] if found else ("", "", "")

    def done(self):
        return int(self.ask("SELECT count(*) FROM evalrun.job WHERE state = 'done'")[0])

    def results(self):
        return int(self.ask("SELECT count(*) FROM evalrun.result WHERE batch = 'b'")[0])

    def dead(self):
        return set(self.ask("SELECT convert_from(id, 'UTF8') FROM evalrun.job WHERE state = 'dead'"))

    def held(self):
        return self.ask("SELECT worker FROM evalrun.job WHERE state = 'leased'")


class Worker:
    count = 0

    def __init__(self, options, url, log):
        Worker.count += 1
        self.stopped_until = None
        self.process = subprocess.Popen(
            [*ENDS_WITH_US, options.evalrun, "worker", "--queue", url, "--host", f"host-{Worker.count}", "--jobs", str(options.at_a_time),
             "--lease", f"{options.lease}s", "--unsafe-host-paths"], stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    @property
    def pid(self):
        return self.process.pid

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def processes_with(word):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if word.encode() in file.read() and int(pid) != os.getpid():
                    found.append(pid)
        except OSError:
            pass
    return found


def mounts():
    with open("/proc/self/mountinfo") as file:
        return set(line.split(" ", 1)[1] for line in file)


def groups_of(pids):
    """Control groups that these workers made, in any tree."""
    found = []
    names = {f"evalrun-{pid}" for pid in pids}
    for folder, below, _ in os.walk("/sys/fs/cgroup"):
        found += [os.path.join(folder, name) for name in below if any(name.startswith(n + "-") or name == n for n in names)]
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("evalrun")
    parser.add_argument("--queue", choices=["redis", "postgresql"], default="redis")
    parser.add_argument("--jobs", type=int, default=10000)
    parser.add_argument("--workers", type=int, default=6)
    parser.add_argument("--at-a-time", type=int, default=2)
    parser.add_argument("--poison", type=int, default=5)
    parser.add_argument("--every", type=float, default=None)
    parser.add_argument("--what", choices=["workers", "queue", "stops", "both", "disk"], default="workers")
    parser.add_argument("--lease", type=float, default=1.0)
    parser.add_argument("--fsync", default="everysec")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.what == "disk" and options.queue != "redis":
        parser.error("--what disk is for --queue redis")
    if not (shutil.which("redis-server") if options.queue == "redis" else Postgres.find()):
        print(f"missing: {options.queue}")
        return 1 if os.environ.get("EVALRUN_MUST_WORK") == "1" else 77
    chance = random.Random(options.seed)
    every = options.every or {"workers": 0.4, "queue": 4.0, "stops": 1.0, "both": 0.4, "disk": 4.0}[options.what]
    mounts_before = mounts()
    with tempfile.TemporaryDirectory(prefix="evalrun-chaos-") as folder:
        failed = run(options, chance, every, folder)
        left = processes_with(folder)
        if left:
            failed.append(f"processes are left: {left}")
    new = mounts() - mounts_before
    if new:
        failed.append(f"mounts are left: {sorted(new)[:3]}")
    for line in failed:
        print("WRONG:", line)
    return 1 if failed else 0


def run(options, chance, every, folder):
    program = os.path.join(folder, "nothing")
    subprocess.run(["c++", "-O2", "-static", "-x", "c++", "-o", program, "-"], check=True, text=True,
                   input="#include <unistd.h>\nint main(int n, char**) { if (n > 1) sleep(8); }\n")
    with open(os.path.join(folder, "plan.toml"), "w") as file:
        file.write(f'argv = ["/opt/nothing"]\n[[mount]]\nbind = "{program}"\nat = "/opt/nothing"\nexec = true\n')
    poison = set(chance.sample(range(options.jobs), options.poison))
    names = {f"job-{i}" for i in range(options.jobs)}
    with open(os.path.join(folder, "jobs.jsonl"), "w") as file:
        for i in range(options.jobs):
            job = {"id": f"job-{i}"}
            if i in poison:
                job["argv"] = ["/opt/nothing", "poison"]
            file.write(json.dumps(job) + "\n")
    poison = {f"b/=job-{i}" for i in poison}

    queue = Redis(folder, options.fsync, 64 if options.what == "disk" else None) if options.queue == "redis" else Postgres(folder)
    url = queue.url
    log = open(os.path.join(folder, "workers.log"), "w")
    began = time.time()
    pids, killed, stopped, restarts, refused = [], 0, 0, 0, 0

    def new_worker():
        worker = Worker(options, url, log)
        pids.append(worker.pid)
        return worker

    workers = [new_worker() for _ in range(options.workers)]
    with open(os.path.join(folder, "results"), "w") as results, open(os.path.join(folder, "submit.log"), "w") as errors:
        submit = subprocess.Popen([options.evalrun, "submit", "--queue", url, "--plan", os.path.join(folder, "plan.toml"),
                                   "--wait", "--batch", "b", os.path.join(folder, "jobs.jsonl")],
                                  stdout=results, stderr=errors)
    next_act, next_look = began + every, began
    # Fetched results are counted by the queue too; a run that makes no progress for a minute has failed.
    progress, progress_at = -1, time.time()
    while submit.poll() is None:
        now = time.time()
        time.sleep(0.02)
        try:
            if now >= next_look:
                next_look = now + 0.1
                # Whoever runs a poison job dies of it.
                for job in poison:
                    state, owner, started = queue.lease(job)
                    if state != "leased" or now * 1000 - int(started) < 100:
                        continue
                    for worker in workers:
                        if f"/{worker.pid}-" in owner and worker.process.poll() is None and not worker.stopped_until:
                            worker.kill()
                            killed += 1
                done = queue.done()
                if done != progress:
                    progress, progress_at = done, now
        except OSError:
            pass  # the server is being killed
        if now - progress_at > 60:
            submit.kill()
            break
        if now >= next_act:
            next_act = now + every
            if options.what in ("workers", "both"):
                workers[chance.randrange(len(workers))].kill()
                killed += 1
            if options.what == "stops":
                going = [w for w in workers if not w.stopped_until and w.process.poll() is None]
                if len(going) > 1:
                    worker = chance.choice(going)
                    worker.process.send_signal(signal.SIGSTOP)
                    worker.stopped_until = now + 2.5 * options.lease
                    stopped += 1
            if options.what == "disk":
                # Full for longer than a lease; then there is room again.
                queue.fill_disk()
                end = time.time() + 1.5 * options.lease
                while time.time() < end:
                    time.sleep(0.05)
                    try:
                        queue.ask("SET", "chaos", "x")
                    except OSError as error:
                        refused += "MISCONF" in str(error)
                queue.free_disk()
                restarts += 1
                next_act = time.time() + every
            if options.what == "queue" or (options.what == "both" and killed % 10 == 0):
                queue.kill()
                time.sleep(0.2)
                queue.start()
                restarts += 1
                next_act = time.time() + every
        for i, worker in enumerate(workers):
            if worker.stopped_until and now >= worker.stopped_until:
                worker.process.send_signal(signal.SIGCONT)
                worker.stopped_until = None
            if worker.process.poll() is not None:
                workers[i] = new_worker()
    took = time.time() - began

    failed = []
    if options.what == "disk" and refused == 0:
        failed.append("the server never said that its disk was full")
    for worker in workers:
        worker.process.send_signal(signal.SIGCONT)
    # Those that were stopped may still have something to say.
    time.sleep(1)
    status = json.loads(subprocess.run([options.evalrun, "fleet", "status", "--format", "json", "--queue", url],
                                       capture_output=True, text=True).stdout)
    for worker in workers:
        worker.process.send_signal(signal.SIGTERM)
    for worker in workers:
        try:
            worker.process.wait(20)
        except subprocess.TimeoutExpired:
            failed.append(f"worker {worker.pid} did not drain")
            worker.kill()
    with open(os.path.join(folder, "results")) as file:
        lines = [json.loads(line) for line in file]
    verdicts = {}
    for line in lines:
        verdict = line.get("result", {}).get("verdict", "error")
        verdicts[verdict] = verdicts.get(verdict, 0) + 1
    distinct = {line["id"] for line in lines}
    stored, dead, held = queue.results(), queue.dead(), queue.held()
    stats = status["stats"]
    print(f"{options.queue}, {options.what}: {len(lines)} results, {len(distinct)} distinct, {len(dead)} dead, {killed} workers killed, "
          f"{stopped} stopped, {restarts} {'times a full disk' if options.what == 'disk' else 'restarts of the queue'}, {stats.get('reclaimed', 0)} jobs taken back, "
          f"{stats.get('dropped', 0)} late completions dropped, {stats.get('lost', 0)} leases found lost, "
          f"verdicts {verdicts}, {took:.1f} s")
    if submit.returncode not in (0, 3):
        failed.append(f"submit ended with {submit.returncode}")
    if distinct != names or len(lines) != len(names):
        failed.append(f"{len(names - distinct)} jobs have no result, {len(lines) - len(distinct)} have more than one")
    if stored != len(names):
        failed.append(f"the queue has {stored} results")
    if dead != poison:
        failed.append(f"dead and innocent: {sorted(dead - poison)[:5]}; poison and not dead: {sorted(poison - dead)[:5]}")
    if verdicts != {"OK": len(names) - len(poison), "IE": len(poison)} and (poison or verdicts != {"OK": len(names)}):
        failed.append(f"verdicts {verdicts}")
    if status["waiting"] or status["running"] or held:
        failed.append(f"the queue is not empty: {status['waiting']} wait, {status['running']} run, held {held[:3]}")
    end = time.time() + 10
    while time.time() < end and (groups_of(pids) or len(processes_with(program)) > 0):
        time.sleep(0.1)
    if groups_of(pids):
        failed.append(f"groups are left: {groups_of(pids)[:3]}")
    if processes_with(program):
        failed.append(f"programs are left: {processes_with(program)[:3]}")
    queue.end()
    if failed:
        subprocess.run(["tail", "-n", "20", os.path.join(folder, "workers.log"), os.path.join(folder, "submit.log")])
    return failed


if __name__ == "__main__":
    sys.exit(main())
