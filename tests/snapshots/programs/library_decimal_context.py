import decimal, threading
decimal.getcontext().prec = 5
print(decimal.Decimal(1) / 3)
def f(): print(decimal.getcontext().prec)
t = threading.Thread(target=f); t.start(); t.join()
