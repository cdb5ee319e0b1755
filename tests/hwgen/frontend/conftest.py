"""Import PyG once, where its own use of torch.jit.script may warn."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import torch_geometric.datasets
    import torch_geometric.nn  # noqa: F401
