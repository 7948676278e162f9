class A: pass
a = A(); a.me = a; a.f = open('/work/x', 'w'); a.f.write('y')
del a
print('end')
