import sys
sys.stdotu
