"""Exploration: everything that is free of every target, on the models; the Pareto front of cycles and look-up tables.

:mod:`.space` joins what targets leave free. :mod:`.measure` gives a choice its guessed cycles and area, in
milliseconds. :mod:`.propose` draws choices: an evolution, and random search beside it. :mod:`.front` finds what no
other choice beats, :mod:`.confirm` schedules, synthesizes or simulates it. :mod:`.run` puts these together in a study
(:mod:`hwgen.studies`).
"""
