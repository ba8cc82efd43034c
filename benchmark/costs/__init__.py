"""What a preset would cost, told before anything is loaded: memory by device, hours, and what to change where it does not fit."""
