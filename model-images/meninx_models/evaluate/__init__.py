"""How good a model is: distances, lesions, and the test set's table."""
