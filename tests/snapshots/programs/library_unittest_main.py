import unittest
class T(unittest.TestCase):
    def test_a(self): self.fail('no')
if __name__ == '__main__':
    import sys
    sys.stderr = open('/dev/null', 'w')
    unittest.main()
