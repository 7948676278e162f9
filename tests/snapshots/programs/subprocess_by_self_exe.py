import subprocess
print(subprocess.run(['/proc/self/exe', '-c', 'print(7)'], capture_output=True, text=True, executable='/usr/bin/python3').stdout)
