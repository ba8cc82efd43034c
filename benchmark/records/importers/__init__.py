"""Other suites' logs, turned into records: their per-row numbers are measured again, their claims are kept."""

from benchmark.records.importers.importer import FORMATS, import_log, report_lines

__all__ = ["FORMATS", "import_log", "report_lines"]
