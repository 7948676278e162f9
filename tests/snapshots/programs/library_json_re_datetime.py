import json, re, datetime, decimal, fractions, collections, itertools, functools, string, textwrap
print(json.dumps({'a': [1, 2.5, None, True, 'é']}, indent=1), re.sub(r'(\w)(\d)', r'\2\1', 'a1 b2'), datetime.date(2024, 2, 29).isoformat(), decimal.Decimal('1.10') * 3, fractions.Fraction(3, 9))
print(collections.Counter('abracadabra').most_common(2), list(itertools.permutations('abc', 2))[:3], functools.reduce(lambda a, b: a * b, range(1, 6)), textwrap.fill('a b c d', 3))
