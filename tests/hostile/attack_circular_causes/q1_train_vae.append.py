class Trap(ValueError):
    def __str__(self):
        raise SystemExit

    __repr__ = __str__
    __context__ = property(__str__)
    __module__ = property(__str__)


raise Trap from Trap()
