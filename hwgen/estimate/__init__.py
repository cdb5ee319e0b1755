"""What a design costs and how fast it runs: exact cycles, resources counted by Yosys."""
