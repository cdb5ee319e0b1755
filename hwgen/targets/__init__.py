"""One folder a target: a network and a board in, a build folder out."""
