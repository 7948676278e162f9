// Recursion: a generator of permutations, a memoised edit distance, mutual recursion that goes deep.
"use strict";

function* permutations(items) {
  if (items.length === 0) {
    yield [];
    return;
  }
  for (const [i, item] of items.entries()) {
    for (const rest of permutations(items.toSpliced ? items.toSpliced(i, 1) : items.filter((_, j) => j !== i))) {
      yield [item, ...rest];
    }
  }
}

function editDistance(a, b) {
  const known = new Map();
  const distance = (i, j) => {
    if (i === 0 || j === 0) return i + j;
    const key = i * (b.length + 1) + j;
    if (!known.has(key)) {
      const replace = distance(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      known.set(key, Math.min(replace, distance(i - 1, j) + 1, distance(i, j - 1) + 1));
    }
    return known.get(key);
  };
  return distance(a.length, b.length);
}

const isEven = (n) => (n === 0 ? true : isOdd(n - 1));
const isOdd = (n) => (n === 0 ? false : isEven(n - 1));

const endless = () => 1 + endless();

const all = [...permutations([1, 2, 3, 4, 5, 6, 7])];
const derangements = all.filter((p) => p.every((value, i) => value !== i + 1));
console.log(`permutations of seven: ${all.length}, of which ${derangements.length} leave nothing in its place`);
console.log(`kitten to sitting: ${editDistance("kitten", "sitting")} edits`);
console.log(`long words: ${editDistance("abc".repeat(60), "cab".repeat(60))} edits`);
console.log(`100,000 is ${isEven(100_000) ? "even" : "odd"}`);
try {
  endless();
} catch (error) {
  console.log(`without an end: ${error.name}`);
}
