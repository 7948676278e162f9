import socket, threading
a, b = socket.socketpair()
b.settimeout(5)
a.sendall(b'x' * 10); print(b.recv(100))
try:
    socket.create_connection(('127.0.0.1', 9), 1)
except OSError as e:
    print(type(e).__name__)
