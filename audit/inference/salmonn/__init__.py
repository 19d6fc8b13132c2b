"""SALMONN: config, audio, features, beats, qformer, model, checkpoint, tokenizer, decoding.

Sources: bytedance/SALMONN, branch `salmonn`, commit a58bba799a2eec05df09df102553f5c623808c12 (called R in the
docstrings) and its first release ce25d4370e44ed347100b10e6e30cc4dea95f005 (R-v1). The code is a reimplementation that
keeps the parameter names of the released checkpoints.
"""
