import sys
print(2 ** 500 % 1000007, 10 ** 30 // 7, float('inf'), -0.0, 0.1 + 0.2, 1e308 * 10)
try:
    int('1' * 5000)
except ValueError as e:
    print(e)
print(sys.get_int_max_str_digits())
