"""Public files of model outputs: the records that identify them, the folder that keeps them, and how they are fetched."""
