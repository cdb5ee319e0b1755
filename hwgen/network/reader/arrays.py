"""Arrays of any library as NumPy's. Tensors are known by their attributes: nothing here imports torch."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse

from ...errors import HwgenError

__all__ = ["array_of", "integers_of", "matrix_of"]

#: Most numbers of an array that is taken: 2 GiB in 64 bits.
MOST = 1 << 28
KINDS = "use a tensor or array of integers, of real numbers or of bool"


def array_of(value: Any, where: str) -> NDArray[Any]:
    """A tensor, an array, a number, or a list of these, as an array of bool, integers or float64.

    Parameters
    ----------
    value : any
    where : str
        Its place, for errors: ``data[3].y``.

    Raises
    ------
    HwgenError
        No numbers; complex ones; a tensor without values; more than 2^28 of them; lists of different lengths.
    """
    if isinstance(value, list | tuple) and any(_is_tensor(each) for each in value):
        value = [array_of(each, where) for each in value]
    if _is_tensor(value):
        return _of_tensor(value, where)
    if issparse(value):
        raise HwgenError("a sparse matrix", where, "use a dense array")
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise HwgenError("an array with masked entries", where, "fill them, or leave them out")
    try:
        found = np.asarray(value)
    except (ValueError, TypeError, RuntimeError) as error:
        raise HwgenError(f"a {type(value).__name__} that is no array: {error}", where, KINDS) from None
    if found.dtype.kind not in "biuf":
        what = f"a {type(value).__name__}" if found.dtype.kind == "O" else f"holds {found.dtype} values"
        raise HwgenError(f"{what}, no real numbers", where, KINDS)
    _check_size(found.size, where)
    return found.astype(np.float64 if found.dtype.kind == "f" else found.dtype.newbyteorder("="))


def integers_of(value: Any, where: str) -> NDArray[np.int64]:
    """The same, of integers only; an empty array may be of any kind.

    Raises
    ------
    HwgenError
        Anything else than integers of 64 bits.
    """
    found = array_of(value, where)
    if found.size and found.dtype.kind not in "iu":
        raise HwgenError(f"{found.dtype} values, not integers", where, "use integers, such as torch.long")
    if found.size and found.dtype.kind == "u" and int(found.max()) > np.iinfo(np.int64).max:
        raise HwgenError(f"{int(found.max())} is out of range", where, "number from 0 on")
    return found.astype(np.int64)


def matrix_of(value: Any, where: str) -> csr_array:
    """A dense or sparse matrix of finite numbers: csr_array int64 or float64 [n, f], without explicit zeros.

    Raises
    ------
    HwgenError
        No matrix, or a number that is not finite.
    """
    if _is_tensor(value) and str(value.layout) != "torch.strided":
        value = _of_sparse_tensor(value, where)
    if issparse(value) and value.dtype.kind in "biuf" and value.ndim == 2:
        _check_size(value.nnz, where)
        found = csr_array(value, copy=True)
        found.sum_duplicates()
        found.eliminate_zeros()
    else:
        dense = array_of(value, where)
        if dense.ndim != 2:
            raise HwgenError(f"shape {dense.shape}, not (nodes, features)", where, "give one row of features a node")
        found = csr_array(dense)
    if not np.isfinite(found.data).all():
        raise HwgenError(f"a feature is {found.data[~np.isfinite(found.data)][0]}", where, "give finite numbers")
    return found.astype(np.float64 if found.dtype.kind == "f" else np.int64)


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "detach") and hasattr(value, "is_floating_point")


def _of_tensor(tensor: Any, where: str) -> NDArray[Any]:
    wrong = next((what for what, is_so in (
        ("nested", getattr(tensor, "is_nested", False)), ("sparse", str(tensor.layout) != "torch.strided"),
        ("complex", tensor.is_complex()), ("quantized", tensor.is_quantized),
        ("without values, on the meta device", tensor.is_meta)) if is_so), None)
    if wrong is not None:
        raise HwgenError(f"a tensor that is {wrong}", where, KINDS)
    _check_size(tensor.numel(), where)
    try:
        plain = tensor.detach().cpu().resolve_neg()
        return np.asarray((plain.double() if plain.is_floating_point() else plain).numpy())
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise HwgenError(f"a tensor that cannot be read: {error}", where, KINDS) from None


def _of_sparse_tensor(tensor: Any, where: str) -> csr_array:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch calls some of its layouts new
            flat = tensor.detach().to_sparse_coo().coalesce()
        place, values = flat.indices(), flat.values()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise HwgenError(f"a {tensor.layout} tensor that cannot be read: {error}", where, "use a dense one") from None
    if flat.ndim != 2 or values.ndim != 1:
        raise HwgenError(f"shape {tuple(flat.shape)}, not (nodes, features)", where, "give one row of features a node")
    return csr_array((array_of(values, where), tuple(integers_of(place, where))), shape=tuple(flat.shape))


def _check_size(count: int, where: str) -> None:
    if count > MOST:
        raise HwgenError(f"{count:,} numbers", where, f"use fewer than {MOST:,}: pass graphs in several parts")
