#: {"stdin": {"base64": "gYKD"}}
import sys
try:
    print(sys.stdin.read())
except UnicodeDecodeError as e:
    print(e)
