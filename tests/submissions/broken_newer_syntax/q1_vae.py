lazy import math
