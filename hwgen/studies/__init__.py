"""Studies in Optuna's journal, which any number of processes and hosts share and which outlive all of them.

:mod:`.study` keeps what was measured, :mod:`.work` measures what is free. What is proposed and measured belongs to
whoever has a study: :mod:`hwgen.bit_search` and :mod:`hwgen.explore`.
"""
