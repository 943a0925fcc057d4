"""A Conan 2 recipe that builds this repository by CMake and cargo: conan create packaging/conan"""

import re
from pathlib import Path

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load


class CalcIpc(ConanFile):
    name = "calc_ipc"
    description = "Request/response between processes over every primitive of the system, with a C ABI"
    license = "MIT OR Apache-2.0"
    topics = ("ipc", "shared-memory", "unix-socket", "rpc")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False]}
    default_options = {"shared": True}

    def _root(self):
        return Path(self.recipe_folder).parent.parent

    def set_version(self):
        manifest = load(self, self._root() / "Cargo.toml")
        self.version = re.search(r'(?m)^version = "(.+)"', manifest).group(1)

    def export_sources(self):
        for pattern in ("Cargo.*", "CMakeLists.txt", "LICENSE*", "README.md", "build.rs", "cbindgen.toml", "cmake/*", "include/*", "src/*",
                        "examples/rust/*", "tests/*.rs", "tools/*/Cargo.toml", "tools/calc-ipc/src/*", "tools/gateway/src/*",
                        "tools/gateway/proto/*"):
            copy(self, pattern, self._root(), self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        # One folder of packages, whatever the system calls it.
        toolchain.cache_variables["CMAKE_INSTALL_LIBDIR"] = "lib"
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE*", self.source_folder, Path(self.package_folder) / "licenses")

    def package_info(self):
        # The package's own files for CMake say it all.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/calc_ipc"]
        self.cpp_info.set_property("pkg_config_name", "calc_ipc")
        self.cpp_info.libs = ["calc_ipc"] if self.options.shared else [":libcalc_ipc.a"]
        if not self.options.shared:
            self.cpp_info.system_libs = ["pthread", "dl", "m", "rt", "util"]
