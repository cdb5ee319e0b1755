"""A build folder to a bitstream, with open tools alone: Yosys, nextpnr and the packers of its families."""
