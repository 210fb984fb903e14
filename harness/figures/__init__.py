"""What plots show, computed from a store, and the plots themselves as files for papers."""
