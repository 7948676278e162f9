print(__name__)
if __name__ == '__main__':
    import main
    print(main.__file__, main is not __import__('__main__'))
