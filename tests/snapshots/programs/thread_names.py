import threading
print(threading.enumerate(), threading.current_thread(), threading.active_count(), threading.main_thread().is_alive(), threading.stack_size())
