import signal, threading, os, time
got = []
signal.signal(signal.SIGUSR1, lambda n, f: got.append(threading.current_thread().name))
t = threading.Thread(target=lambda: os.kill(os.getpid(), signal.SIGUSR1)); t.start(); t.join()
time.sleep(0.01)
print(got)
