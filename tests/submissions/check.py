#!/usr/bin/env python3
"""Grades 48 submissions as students hand them in, by one batch over one plan: each has one right verdict, and the result shows
what its student needs to see. Usage: check.py EVALRUN."""
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).parent
BOM = b"\xef\xbb\xbf"

PY = "n = int(input())\nprint(sum(map(int, input().split())) if n else 0)\n"
CPP = """#include <iostream>
int main() {
  int n;
  long long sum = 0, x;
  std::cin >> n;
  while (n-- > 0 && std::cin >> x) sum += x;
  std::cout << sum << "\\n";
}
"""
JAVA = """import java.util.Scanner;
public class Main {
  public static void main(String[] words) {
    Scanner in = new Scanner(System.in);
    long sum = 0;
    for (int n = in.nextInt(); n > 0; n--) sum += in.nextLong();
    System.out.println(sum);
  }
}
"""


def crlf(text):
    return text.replace("\n", "\r\n").encode()


def cpp(body, headers="#include <iostream>\n"):
    return headers + "int main() {\n" + body + "\n}\n"


def java(body):
    return "public class Main {\n  public static void main(String[] words) throws Exception {\n" + body + "\n  }\n}\n"


# Name of the student: files, verdict, what the result must show.
SUBMISSIONS = {
    "py-good": ({"main.py": PY}, "AC", ""),
    "py-crlf": ({"main.py": crlf(PY)}, "AC", ""),
    "py-bom": ({"main.py": BOM + PY.encode()}, "AC", ""),
    "py-bom-crlf": ({"main.py": BOM + crlf(PY)}, "AC", ""),
    "py-no-newline": ({"main.py": PY.rstrip()}, "AC", ""),
    "py-package": ({"main.py": "from tools.adding import add\nadd()\n", "tools/__init__.py": "",
                    "tools/adding.py": "def add():\n    " + PY.replace("\n", "\n    ").rstrip() + "\n"}, "AC", ""),
    "py-zip": ({"hand-in.zip": {"main.py": PY}}, "AC", ""),
    "py-zip-folder": ({"hand-in.zip": {"Sheet 3/main.py": "import rest\n", "Sheet 3/rest.py": PY}}, "AC", ""),
    "py-name-blanks": ({"Solution (1).py": PY}, "AC", ""),
    "py-name-dash": ({"-v.py": PY}, "AC", ""),
    "py-name-umlaut": ({"Übung 3.py": PY}, "AC", ""),
    "py-name-upper": ({"MAIN.PY": PY}, "AC", ""),
    "py-name-quote": ({"it's.py": PY}, "AC", ""),
    "py-syntax": ({"main.py": "print('a'\n"}, "CE", "SyntaxError"),
    "py-tabs": ({"main.py": "if True:\n        x = 1\n\ty = 2\n"}, "CE", "TabError"),
    "py-exception": ({"main.py": "print(6)\nraise ValueError('my mistake')\n"}, "RE", "ValueError: my mistake"),
    "py-no-module": ({"main.py": "import not_installed\n"}, "RE", "ModuleNotFoundError: No module named 'not_installed'"),
    "py-no-file": ({"main.py": "open('input.txt')\n"}, "RE", "FileNotFoundError"),
    "py-recursion": ({"main.py": "def f(n):\n    return f(n + 1)\nf(0)\n"}, "RE", "RecursionError"),
    "py-exit-3": ({"main.py": "import sys\nsys.exit(3)\n"}, "RE", "exited with code 3"),
    "py-prompt": ({"main.py": PY.replace("input()", "input('n? ')", 1)}, "WA", "n? 6"),
    "py-off-by-one": ({"main.py": PY.replace("sum(", "1 + sum(")}, "WA", 'expected \\"6\\", found \\"7\\"'),
    "py-empty": ({"main.py": ""}, "WA", "expected"),
    "py-loop": ({"main.py": "while True: pass\n"}, "TLE", "CPU limit of 3s"),
    "py-leak": ({"main.py": "a = []\nwhile True: a.append(bytearray(1 << 20))\n"}, "MLE", "memory limit of 256MiB"),
    "py-flood": ({"main.py": "while True: print('x' * 1000)\n"}, "OLE", "stdout passed 64KiB"),
    "py-threads": ({"main.py": "import threading, time\n"
                               "for i in range(64): threading.Thread(target=time.sleep, args=(0.5,)).start()\n"},
                   "RE", "limits.processes (32)"),
    "py-files": ({"main.py": "k = [open('/dev/null') for i in range(400)]\n"}, "RE", "limits.open_files (256)"),
    "py-disk": ({"main.py": "for i in range(10):\n    with open(f'f{i}', 'wb') as f: f.write(bytes(10 << 20))\n"}, "RE",
                "limits.workspace (64MiB)"),
    "cpp-good": ({"main.cpp": CPP}, "AC", ""),
    "cpp-crlf": ({"main.cpp": crlf(CPP)}, "AC", ""),
    "cpp-bom": ({"main.cpp": BOM + CPP.encode()}, "AC", ""),
    "cpp-headers": ({"main.cpp": '#include "lib/add.hpp"\n' + CPP.replace("sum += x", "sum = add(sum, x)"),
                     "lib/add.hpp": "inline long long add(long long a, long long b) { return a + b; }\n"}, "AC", ""),
    "cpp-zip": ({"a.zip": {"main.cpp": CPP}}, "AC", ""),
    "cpp-name": ({"Lösung final.cc": CPP}, "AC", ""),
    "cpp-error": ({"main.cpp": cpp("  return undeclared;")}, "CE", "undeclared"),
    "cpp-overflow": ({"main.cpp": CPP.replace("long long", "int")}, "WA", 'expected \\"4294967294\\"'),
    "cpp-null": ({"main.cpp": cpp("  volatile int* p = nullptr; return *p;")}, "RE", "killed by SIGSEGV"),
    "cpp-stack": ({"main.cpp": "int f(int n) { volatile char a[4096]; for (volatile char& c : a) c = 1; "
                               "return f(n + 1) + a[0]; }\nint main() { return f(0); }\n"}, "RE", "limits.stack (64MiB)"),
    "cpp-throw": ({"main.cpp": cpp("  return std::vector<int>().at(3);", "#include <vector>\n")}, "RE", "out_of_range"),
    "cpp-assert": ({"main.cpp": cpp("  assert(1 + 1 == 3);", "#include <cassert>\n")}, "RE", "1 + 1 == 3"),
    "java-good": ({"Main.java": JAVA}, "AC", ""),
    "java-crlf": ({"Main.java": crlf(JAVA)}, "AC", ""),
    "java-helper": ({"Main.java": JAVA.replace("sum += in", "sum = Adder.add(sum, in").replace("Long();", "Long());"),
                     "Adder.java": "class Adder { static long add(long a, long b) { return a + b; } }\n"}, "AC", ""),
    "java-zip": ({"Main.zip": {"Main.java": JAVA}}, "AC", ""),
    "java-name": ({"Solution.java": JAVA}, "CE", "should be declared in a file named Main.java"),
    "java-bom": ({"Main.java": BOM + JAVA.encode()}, "CE", "illegal character"),
    "java-exception": ({"Main.java": java('    throw new RuntimeException("my mistake");')}, "RE", "my mistake"),
}


def as_bytes(content):
    return content if isinstance(content, bytes) else content.encode()


def hand_in(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            with zipfile.ZipFile(path, "w") as packed:
                for entry, text in content.items():
                    packed.writestr(entry, as_bytes(text))
        else:
            path.write_bytes(as_bytes(content))


def installed(evalrun):
    lines = subprocess.run([evalrun, "image", "list"], capture_output=True, text=True, check=False).stdout.splitlines()
    return {line.split(":")[0] for line in lines if line.endswith("; installed")}


def main():
    evalrun = sys.argv[1]
    images = installed(evalrun)
    wanted = {name: row for name, row in SUBMISSIONS.items()
              if {"py": "python"}.get(name.split("-")[0], name.split("-")[0]) in images}
    if not wanted:
        return 77
    glue = HERE / "glue.py"
    if len(glue.read_text().splitlines()) > 11:
        print("the glue has grown: nine lines of code, and their title")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        for name, (files, _, _) in wanted.items():
            (pathlib.Path(folder) / name).mkdir()
            hand_in(pathlib.Path(folder) / name, files)
        jobs = subprocess.run([sys.executable, glue, folder], capture_output=True, text=True, check=True).stdout
    found = subprocess.run([evalrun, "batch", "--plan", HERE / "plan.toml", "--stop-at-first-failure"], input=jobs,
                           capture_output=True, text=True, check=False)
    results = {line["id"]: line for line in map(json.loads, found.stdout.splitlines())}
    wrong = 0
    for name, (_, verdict, shown) in wanted.items():
        line = results.get(name, {})
        text = json.dumps(line, ensure_ascii=False)
        if line.get("result", {}).get("verdict") != verdict or shown not in text:
            wrong += 1
            print(f"{name}: expected {verdict} with {shown!r}, found {text[:3000]}")
    print(f"{len(wanted) - wrong} of {len(wanted)} submissions have the right verdict and excerpt")
    return 1 if wrong else 0


sys.exit(main())
