// Reads one JSON value from each line of standard input, groups them and prints what it found as JSON.
"use strict";

const readline = require("node:readline");

async function main() {
  const users = new Map();
  const rejected = [];
  let number = 0;

  for await (const line of readline.createInterface({ input: process.stdin })) {
    number++;
    if (line.trim() === "") continue;
    try {
      const { user, action, at, ...details } = JSON.parse(line);
      if (typeof user !== "string") throw new TypeError("an event needs a user");
      const entry = users.get(user) ?? { actions: {}, first: at, last: at };
      entry.actions[action] = (entry.actions[action] ?? 0) + (details.times ?? 1);
      entry.first = [entry.first, at].sort()[0];
      entry.last = [entry.last, at].sort()[1];
      users.set(user, entry);
    } catch (error) {
      rejected.push({ line: number, why: error.name });
    }
  }

  const report = {
    users: Object.fromEntries([...users].sort(([a], [b]) => a.localeCompare(b))),
    hours: Object.fromEntries(
      [...users].map(([user, { first, last }]) => [user, (Date.parse(last) - Date.parse(first)) / 3_600_000]),
    ),
    rejected,
  };
  console.log(JSON.stringify(report, null, 2));
}

main();
