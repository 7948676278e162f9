import math
prnt('x')
