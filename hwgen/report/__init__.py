"""The facts of a build, in one shape for every target; pages, tables and FINN's files made out of them."""
