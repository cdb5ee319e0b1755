"""What a user takes to the bench, as files of a build folder: vendor project, board driver, C example, test bench."""
