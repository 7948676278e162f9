using System;
using System.Collections.Generic;
using System.Linq;

static class Counter {
  public static IEnumerable<KeyValuePair<string, int>> Count(string text) {
    var counts = new Dictionary<string, int>();
    foreach (var word in text.Split(new[] {' ', '\n'}, StringSplitOptions.RemoveEmptyEntries)) {
      counts.TryGetValue(word, out int times);
      counts[word] = times + 1;
    }
    return counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal);
  }
}
