"""Runs the programs that conventions are named after on made rows and stores what they return.

    python -m benchmarks.differential --checkouts DIR [NAME ...]

DIR holds a clone of each repository as OWNER+NAME, as for `repro-audit literature lint --checkouts`. A program needs its own
libraries (an environment with sacrebleu 1.5.1, another with 2.6.0); what is missing and decides no value (inference, plots,
databases) is replaced by a stand-in. The outputs go to `tests/assets/source_outputs/`, as numbers alone, and
`tests/tasks/families/test_differential.py` holds the conventions against them.
"""
