print(int(input()[::-1]))  # loses the zeros in front
