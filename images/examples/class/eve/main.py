from numbers_of import numbers

print(sum(numbers(input())))
