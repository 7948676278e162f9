# For both sides of an examination, which start without `site`: it takes as long as a small test.
import sys


class LateSite:
    """Brings in the folders of the distribution's packages when a module is missed for the first time."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if LateSite not in sys.meta_path:
            return None
        sys.meta_path.remove(LateSite)
        import site

        site.main()
        from importlib.machinery import PathFinder

        return PathFinder.find_spec(name, path, target)
