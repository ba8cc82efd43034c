"""Packaging: a wheel holds the project's packages under one name, ``unlearn_bench``; everything else is in pyproject.toml.

The names of the checkout (``benchmark``, ``methods``, ``metrics``) would collide with other people's packages once
installed. An editable install is the checkout itself and keeps them.
"""

import sys
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).parent))
from benchmark.common.installed_name import IN_CHECKOUT, adapted  # noqa: E402


class BuildUnderOneName(build_py):
    """Copies modules with their imports of the project's packages under the installed name."""

    def build_module(self, module, module_file, package):
        outfile, copied = super().build_module(module, module_file, package)
        if not self.editable_mode:
            path = Path(outfile)
            path.write_text(adapted(path.read_text(encoding="utf-8"), installed=True), encoding="utf-8")
        return outfile, copied


if "editable_wheel" in sys.argv:
    packages = find_packages(include=[f"{home}{deeper}" for home in IN_CHECKOUT for deeper in ("", ".*")])
    setup(
        packages=packages,
        py_modules=["run_benchmark"],
        entry_points={"console_scripts": ["unlearn-bench = run_benchmark:main"]},
    )
else:
    packages = [
        name
        for home, installed in IN_CHECKOUT.items()
        for name in (installed, *(f"{installed}.{inner}" for inner in find_packages(home)))
    ]
    setup(
        packages=packages,
        package_dir={installed: home for home, installed in IN_CHECKOUT.items()},
        entry_points={"console_scripts": ["unlearn-bench = unlearn_bench.cli.app:main"]},
        cmdclass={"build_py": BuildUnderOneName},
    )
