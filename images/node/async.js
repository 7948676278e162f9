// Asynchronous code: the order of timers and microtasks, bounded concurrency, an event emitter, streams, abort.
"use strict";

const { EventEmitter, once } = require("node:events");
const fs = require("node:fs/promises");
const { createReadStream, createWriteStream } = require("node:fs");
const { pipeline } = require("node:stream/promises");
const { setTimeout: sleep } = require("node:timers/promises");
const zlib = require("node:zlib");

async function order() {
  const seen = [];
  setTimeout(() => seen.push("timer"), 0);
  Promise.resolve().then(() => seen.push("promise"));
  process.nextTick(() => seen.push("tick"));
  queueMicrotask(() => seen.push("microtask"));
  seen.push("now");
  await sleep(20);
  return seen;
}

// Runs `task` on all items, at most `limit` at a time.
async function mapWithLimit(items, limit, task) {
  const results = [];
  let next = 0;
  let running = 0;
  let most = 0;
  async function lane() {
    while (next < items.length) {
      const i = next++;
      most = Math.max(most, ++running);
      results[i] = await task(items[i]);
      running--;
    }
  }
  await Promise.all(Array.from({ length: limit }, lane));
  return { results, most };
}

async function main() {
  console.log("order:", (await order()).join(", "));

  const { results, most } = await mapWithLimit([5, 4, 3, 2, 1, 0], 3, async (n) => {
    await sleep(n);
    return n * n;
  });
  console.log("squares:", results.join(" "), "with at most", most, "at a time");

  const settled = await Promise.allSettled([sleep(1, "in time"), Promise.reject(new Error("refused"))]);
  console.log("settled:", settled.map((s) => s.value ?? s.reason.message).join(", "));

  const emitter = new EventEmitter();
  setImmediate(() => emitter.emit("ready", 42));
  console.log("event:", ...(await once(emitter, "ready")));

  await fs.writeFile("poem.txt", "tick tock goes the event loop\n".repeat(5000));
  await pipeline(createReadStream("poem.txt"), zlib.createGzip(), createWriteStream("poem.gz"));
  const unpacked = zlib.gunzipSync(await fs.readFile("poem.gz"));
  const isSame = unpacked.equals(await fs.readFile("poem.txt"));
  console.log("stream:", unpacked.length, "bytes,", isSame ? "equal" : "different");

  const controller = new AbortController();
  setTimeout(() => controller.abort(), 5);
  await sleep(60_000, null, { signal: controller.signal }).catch((error) => console.log("abort:", error.name));
}

main();
