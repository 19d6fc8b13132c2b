"""Analyses of prediction sets: multiverse, explanation of a number, broken outputs, prompt sensitivity, baselines."""
