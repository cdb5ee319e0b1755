"""A damaged file of golden codes: one error that names the file; it is no Ctrl-C, and no difference of the hardware."""

from small import build, cli, run, unrefused


def test():
    for level, file in (
        ("graph", "batches/0001/golden.npz"),
        ("node", "batches/0000/golden.npz"),
        ("node", "batches/0000/batch.bin"),
        ("graph", "model/sample.npz"),
    ):
        whole = (build(level) / file).read_bytes()
        middle = len(whole) // 2
        for name, content in {
            "empty": b"",
            "cut": whole[:-16],
            "zeros": bytes(len(whole)),
            "one byte changed": whole[:middle] + bytes([whole[middle] ^ 16]) + whole[middle + 1 :],
        }.items():
            folder = build(level, simulator=True)
            (folder / file).write_bytes(content)
            wrong = unrefused(cli("verify", folder))
            if wrong:
                yield f"{file}, {name}: {wrong[:100]}"


run(test)
