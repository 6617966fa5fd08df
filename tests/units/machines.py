from tests.units.ip500v2 import IP500V2
from tests.units.linux import Linux

MACHINES = (IP500V2, Linux)
