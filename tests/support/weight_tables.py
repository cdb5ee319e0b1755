"""Tables of a MAC array as a load fills them, for simulations of parts."""

import numpy as np

from hwgen.targets.mac_tables import table_words

__all__ = ["loaded_tables"]


def loaded_tables(pages, plan):
    """(unit, words as integers) of weights [page][lane][column]."""
    return [(unit, [int(low) | int(high) << 64 for low, high in words])
            for unit, words in table_words(np.array(pages, dtype=np.int64), plan)]
