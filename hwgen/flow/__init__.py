"""The flow from a network and a board to a build folder: what is the same for every target."""
