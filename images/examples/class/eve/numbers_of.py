def numbers(line):
    return [int(word) for word in line.split()]
