#!/usr/bin/python3
"""Drives the clients of other systems, unmodified, against a server: clients.py URL FOLDER.

FOLDER holds checkouts of public repositories, each under its own name: verl, tinker-cookbook, SandboxFusion, open-r1.
What is not there, or lacks a module of Python, is told and left out. Exits with 1 where an outcome is wrong, and where
no client was there to be driven.
"""

import asyncio
import importlib.util
import os
import sys
from pathlib import Path

LOOP = "while True: pass"
HUNGRY = "x = bytearray(3 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1"
DOUBLE = "print(int(input()) * 2)"


class Checks:
    def __init__(self, client):
        self.client, self.done, self.wrong = client, 0, 0

    def equal(self, name, found, wanted):
        self.done += 1
        if found != wanted:
            self.wrong += 1
            print(f"{self.client}: {name}: {found!r} instead of {wanted!r}")


def load(name, path):
    """A module by its file alone, without the package around it."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def verl(url, folder, checks):
    utils = load("verl_utils", folder / "verl/utils/reward_score/sandbox_fusion/utils.py")

    def judge(code, inputs, outputs, language="python", timeout=5, memory=1024, **more):
        cases = {"inputs": inputs, "outputs": outputs, **more}
        return utils.check_correctness(url + "/run_code", cases, code, timeout=timeout, memory_limit_mb=memory,
                                       language=language)[0]

    checks.equal("accepted", judge(DOUBLE, ["1", "2", "3"], ["2", "4", "6"]), [True] * 3)
    checks.equal("wrong", judge(DOUBLE, ["1", "2"], ["2", "5"]), [True, False])
    checks.equal("run-time error", judge("1 / 0", ["1"], ["2"]), [-2])
    checks.equal("time", judge(LOOP, ["1"], ["2"], timeout=1), [-3])
    checks.equal("memory", judge(HUNGRY, ["1"], ["2"], memory=128), [-2])
    checks.equal("compile error", judge("int main() { return x; }", ["1"], ["2"], "cpp"), [-4])
    checks.equal("C++", judge("#include <iostream>\nint main() { int a; std::cin >> a; std::cout << a * 2; }", ["4"], ["8"],
                              "cpp"), [True])
    checks.equal("large output", judge("print('x' * 400000)", [""], ["x" * 400000]), [True])
    checks.equal("large input", judge("print(len(input()))", ["y" * 3000000], ["3000000"]), [True])
    checks.equal("a function", judge("class Solution:\n    def add(self, a, b): return a + b", ["1\n2"], ["3"], fn_name="add"),
                 [True])
    many = [str(i) for i in range(60)]
    checks.equal("many at once", judge(DOUBLE, many, [str(int(i) * 2) for i in many]), [True] * 60)


def tinker(url, folder, checks):
    client_of = load("tinker_client", folder / "tinker_cookbook/sandbox/sandboxfusion.py").SandboxFusionClient

    async def drive():
        client = client_of(url + "/run_code", 8)
        run = client.run
        try:
            ok, answer = await run("print(open('data.txt').read())", {"data.txt": "text"}, 5)
            checks.equal("accepted", (ok, answer["run_result"]["stdout"]), (True, "text\n"))
            checks.equal("run-time error", (await run("1 / 0", {}, 5))[0], False)
            ok, answer = await run(LOOP, {}, 1)
            checks.equal("time", (ok, answer["run_result"]["status"]), (False, "TimeLimitExceeded"))
            ok, answer = await run("print('x' * 400000)", {}, 5)
            checks.equal("large output", len(answer["run_result"]["stdout"]), 400001)
            answers = await asyncio.gather(*(run(f"print({i})", {}, 10) for i in range(40)))
            checks.equal("many at once", [a["run_result"]["stdout"] for _, a in answers], [f"{i}\n" for i in range(40)])
        finally:
            await client.close()

    asyncio.run(drive())


def sandbox_fusion(url, folder, checks):
    sys.path.insert(0, str(folder / "scripts/client/src"))
    import sandbox_fusion as package

    package.set_endpoint(url)

    def run(code, language="python", **more):
        return package.run_code(package.RunCodeRequest(code=code, language=language, **more))

    answer = run(DOUBLE, stdin="21")
    checks.equal("accepted", (answer.status.value, answer.run_result.stdout), ("Success", "42\n"))
    answer = run("1 / 0")
    checks.equal("run-time error", (answer.status.value, answer.run_result.return_code), ("Failed", 1))
    answer = run(LOOP, run_timeout=1)
    checks.equal("time", (answer.status.value, answer.run_result.status.value), ("Failed", "TimeLimitExceeded"))
    answer = run("int main() { return x; }", "cpp")
    checks.equal("compile error", (answer.status.value, answer.run_result), ("Failed", None))
    answer = run("open('o', 'wb').write(open('i', 'rb').read()[::-1])", files={"i": "AAEC"}, fetch_files=["o"])
    checks.equal("binary", answer.files, {"o": "AgEA"})
    # The package has no field for a limit of memory.


def open_r1(url, folder, checks):
    client_of = load("open_r1_piston", folder / "src/open_r1/utils/competitive_programming/piston_client.py").PistonClient

    async def drive():
        client = client_of(url + "/api/v2", max_requests_per_endpoint=8)

        async def run(code, language="python", **more):
            return await client.send_execute({"files": [{"content": code}], **more}, language, max_retries=2)

        try:
            runtimes = (await client.get_supported_runtimes())[0]
            checks.equal("runtimes", "python" in [each["language"] for each in runtimes], True)
            answer = await run(DOUBLE, stdin="21")
            checks.equal("accepted", (answer["run"]["stdout"], answer["run"]["code"]), ("42\n", 0))
            answer = await run("import sys\nsys.exit(3)")
            checks.equal("run-time error", answer["run"]["code"], 3)
            answer = await run(LOOP, run_timeout=1000)
            checks.equal("time", answer["run"]["signal"], "SIGKILL")
            answer = await run(HUNGRY, run_memory_limit=128 << 20)
            checks.equal("memory", answer["run"]["signal"], "SIGKILL")
            answer = await run("int main() { return x; }", "c++")
            checks.equal("compile error", answer["compile"]["code"] != 0, True)
            answer = await run("print('x' * 400000)")
            checks.equal("large output", len(answer["run"]["stdout"]), 400001)
            answer = await run("print(len(input()))", stdin="y" * 3000000)
            checks.equal("large input", answer["run"]["stdout"], "3000000\n")
            answers = await asyncio.gather(*(run(f"print({i})") for i in range(40)))
            checks.equal("many at once", [a["run"]["stdout"] for a in answers], [f"{i}\n" for i in range(40)])
        finally:
            await client.session.close()

    asyncio.run(drive())


CLIENTS = {"verl": verl, "tinker-cookbook": tinker, "SandboxFusion": sandbox_fusion, "open-r1": open_r1}


def main():
    url, folder = sys.argv[1], Path(sys.argv[2])
    driven = wrong = 0
    for name, drive in CLIENTS.items():
        if not (folder / name).is_dir():
            print(f"{name}: not in {folder}")
            continue
        checks = Checks(name)
        try:
            drive(url, folder / name, checks)
        except ModuleNotFoundError as error:
            print(f"{name}: left out: {error}")
            continue
        driven += 1
        wrong += checks.wrong
        print(f"{name}: {checks.done - checks.wrong} of {checks.done} outcomes right")
    return 1 if wrong or not driven else 0


if __name__ == "__main__":
    os.environ.pop("http_proxy", None)
    sys.exit(main())
