using System;
using System.Linq;
using System.Numerics;
using System.Threading.Tasks;

class Words {
  static void Main() {
    foreach (var pair in Counter.Count(Console.In.ReadToEnd()).Take(3)) Console.WriteLine($"{pair.Key} {pair.Value}");

    BigInteger product = 1;
    for (int n = 2; n <= 30; n++) product *= n;
    Console.WriteLine($"30! = {product}");

    var parts = Enumerable.Range(0, 4)
                    .Select(first => Task.Run(() => Enumerable.Range(1, 100000).Where(n => n % 4 == first).Sum(n => (long)n)))
                    .ToArray();
    Task.WaitAll(parts);
    Console.WriteLine($"threads: {parts.Sum(part => part.Result)}");

    try {
      Console.WriteLine(1 / (parts.Length - 4));
    } catch (Exception error) {
      Console.WriteLine($"caught: {error.GetType().Name}");
    }
  }
}
