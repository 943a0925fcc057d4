"""Names the wheel. With the shared library beside the package, which scripts/python.sh puts there, it is for one kind of machine;
without, for any that has the library installed."""

import os

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    def initialize(self, version, build_data):
        platform = os.environ.get("CALC_IPC_WHEEL_PLATFORM")
        if platform:
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{platform}"
