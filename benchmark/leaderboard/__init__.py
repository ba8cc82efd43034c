"""From records to boards: rows and intervals, tables for readers, and what is published."""
