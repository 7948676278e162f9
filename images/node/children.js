// Child processes: exec, a pipe in both directions, an exit code, a signal, a timeout, messages between Node processes.
"use strict";

const { execFile, fork, spawn, spawnSync } = require("node:child_process");
const { once } = require("node:events");
const { promisify } = require("node:util");

if (process.argv[2] === "answer") {
  process.on("message", (question) => {
    process.send({ question, answer: [...question].reverse().join("") }, () => process.disconnect());
  });
} else {
  main();
}

async function main() {
  const { stdout } = await promisify(execFile)("sh", ["-c", "seq 1 20 | paste -s -d + -"]);
  console.log("exec:", stdout.trim());

  const sort = spawn("sort", ["-n"], { stdio: ["pipe", "pipe", "inherit"] });
  let sorted = "";
  sort.stdout.on("data", (chunk) => (sorted += chunk));
  sort.stdin.end([30, 4, 100, 1, 22].join("\n") + "\n");
  const [code] = await once(sort, "close");
  console.log("sort:", sorted.trim().split("\n").join(" "), "exit code", code);

  const failing = spawnSync(process.execPath, ["-e", "process.exitCode = 7; throw new Error('on purpose')"]);
  console.log("failing:", failing.status, /Error: (.*)/.exec(failing.stderr)[1]);

  const sleeper = spawn("sleep", ["60"]);
  sleeper.kill("SIGTERM");
  console.log("killed:", ...(await once(sleeper, "exit")));

  const slow = spawnSync("sleep", ["60"], { timeout: 50 });
  console.log("timeout:", slow.error.code, slow.signal);

  const child = fork(__filename, ["answer"]);
  child.send("stressed desserts");
  const [message] = await once(child, "message");
  console.log("message:", JSON.stringify(message));
  await once(child, "exit");
}
