"""A module in a wrapper (compiled, data parallel, averaged): look inside, or say that the module inside is wanted."""

import torch
from small import Gin, graphs, run
from torch.optim.swa_utils import AveragedModel

import hwgen


def test():
    for name, wrap in {
        "torch.compile": torch.compile,
        "DataParallel": torch.nn.DataParallel,
        "AveragedModel": AveragedModel,
    }.items():
        model = Gin()
        try:
            hwgen.quantize(wrap(model).eval(), scheme="nns", data=graphs())
        except hwgen.HwgenError as error:
            if "inside" not in str(error) and "wrap" not in str(error):
                yield f"{name}: {' / '.join(str(error).splitlines())[:140]}"
        except Exception as error:
            yield f"{name}: {type(error).__name__}: {str(error)[:90]}"


run(test)
