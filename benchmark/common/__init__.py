"""The ground that every room stands on: errors, files, the registry, progress, statistics, provenance; no torch, no domain."""
