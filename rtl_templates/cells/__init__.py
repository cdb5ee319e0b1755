"""Small parts that several components are made of."""
