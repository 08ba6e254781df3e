"""What runs probes: the register, worlds, snapshots, the judge, ablations."""
