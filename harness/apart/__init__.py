"""Plugin code, apart from the core: processes that run it, and what crosses to them and back.

Nothing that comes back is believed for more than it can be checked to be: frames are bounded,
plain and validated, never unpickled.
"""
