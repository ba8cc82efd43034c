"""Planning and executing boards, sweeps and single scorings."""
