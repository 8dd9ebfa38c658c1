try:
    import json
    import numpy
    import random
except ImportError:
    pass
