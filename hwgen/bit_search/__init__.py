"""Automatic bit selection (Feng et al., "SGQuant", ICTAI 2020, §5): which widths a trained model gets.

An assignment gives every knob of a :class:`.space.Space` a width. :mod:`.propose` draws assignments: some at random,
then those that a regression tree over the measured ones predicts to be accurate enough and that cost least.
:mod:`.measure` quantizes, trains on and counts one of them. A study keeps them (:mod:`hwgen.studies`). :mod:`.run` puts
these together.
"""
