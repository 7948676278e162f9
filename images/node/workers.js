// Worker threads: parts of a sum by message, and a shared counter with Atomics.
"use strict";

const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");

const WORKERS = 3;
const LIMIT = 300_000;

// The sum of the divisors of n, without n itself.
function divisorSum(n) {
  let sum = n > 1 ? 1 : 0;
  for (let d = 2; d * d <= n; d++) {
    if (n % d === 0) sum += d + (d * d === n ? 0 : n / d);
  }
  return sum;
}

function work({ first, shared }) {
  const counter = new Int32Array(shared);
  const perfect = [];
  let abundant = 0;
  for (let n = first + 1; n <= LIMIT; n += WORKERS) {
    const sum = divisorSum(n);
    if (sum === n) perfect.push(n);
    if (sum > n) abundant++;
    Atomics.add(counter, 0, 1);
  }
  parentPort.postMessage({ perfect, abundant });
}

function start(first, shared) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: { first, shared } });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

async function main() {
  const shared = new SharedArrayBuffer(4);
  const parts = await Promise.all(Array.from({ length: WORKERS }, (_, first) => start(first, shared)));
  console.log("numbers looked at:", Atomics.load(new Int32Array(shared), 0));
  console.log("perfect:", parts.flatMap((part) => part.perfect).sort((a, b) => a - b).join(", "));
  console.log("abundant:", parts.reduce((total, part) => total + part.abundant, 0));
}

if (isMainThread) {
  main();
} else {
  work(workerData);
}
