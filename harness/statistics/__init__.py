"""Statistics over scores: arrays in, numbers out. Nothing here knows Records or torch.

Import from the modules: a run needs few of them.
"""
