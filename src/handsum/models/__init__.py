"""The networks: one file each, the registry, and the functions that use a trained one."""
