"""Other suites' logs, turned into records: their per-row numbers are measured again, their claims are kept."""

from benchmark.records.importers.beside import beside_lines, load_ours
from benchmark.records.importers.importer import FORMATS, import_log
from benchmark.records.importers.report import report_lines

__all__ = ["FORMATS", "beside_lines", "import_log", "load_ours", "report_lines"]
