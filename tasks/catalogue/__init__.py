"""What a convention can be composed of, by name: steps, rules for rows, views and metrics, each with an example.

Names are for people and for YAML; a convention's identity is its signature, which is made of the parts themselves. A new part
is one line in `tasks.catalogue.steps`, `rows` or `metrics`.
"""
