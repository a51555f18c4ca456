"""`./run` with pretended programs in front of PATH: what it makes of those that fail, and of systems that lack something."""
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

RUN = pathlib.Path(os.environ["LSTMBENCH_SOURCE_DIR"]) / "run"
FUNCTIONS, MAIN = RUN.read_text().split("with_peers=yes\n", 1)
MAIN = "with_peers=yes\n" + MAIN
PASSED = "100% tests passed, 0 tests failed out of 3"


class RunTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lstmbench-test-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.program("sudo", 'exec "$@"')
        self.program("env", 'while [[ "$1" == *=* ]]; do shift; done; exec "$@"')

    def program(self, name, script):
        path = self.root / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/bash\n" + script + "\n")
        path.chmod(0o755)

    def file(self, name, text=""):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def bash(self, script, *arguments):
        """(exit status, standard output, standard error) of run's functions and what follows them."""
        self.file("run", FUNCTIONS + script)
        environment = dict(os.environ, PATH="%s:%s" % (self.root / "bin", os.environ["PATH"]),
                           XDG_DATA_HOME=str(self.root / "data"))
        done = subprocess.run(["bash", self.root / "run", *arguments], text=True, env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.returncode, done.stdout, done.stderr


class CountingTest(RunTest):
    def count(self, ctest):
        self.file("build/dev/build.ninja")
        self.program("cmake", "")
        self.program("ctest", ctest)
        return self.bash("logs=(); ctest_preset dev; count_tests")

    def assert_counts(self, status, summary, ctest):
        got, output, errors = self.count(ctest)
        self.assertEqual((got, output.splitlines()[-1]), (status, summary), output + errors)

    def test_what_passes(self):
        self.assert_counts(0, PASSED, "echo '%s'" % PASSED)

    def test_a_failure_counts_once(self):
        summary = "66% tests passed, 1 tests failed out of 3"
        self.assert_counts(1, summary, "echo '%s'; exit 8" % summary)

    def test_a_ctest_that_dies_has_failed(self):
        nothing = "0% tests passed, 1 tests failed out of 1"
        for death in ("kill -9 $$", "exit 1", "true"):
            with self.subTest(death=death):
                self.assert_counts(1, nothing, "echo '  1/3 Test #1: one ... Passed'; " + death)
        self.assert_counts(1, "75% tests passed, 1 tests failed out of 4", "echo '%s'; kill -SEGV $$" % PASSED)

    def test_no_tests_at_all_have_failed(self):
        self.assert_counts(1, "0% tests passed, 1 tests failed out of 1", "echo 'No tests were found!!!'")

    def test_a_check_without_its_program_is_skipped(self):
        status, output, errors = self.bash('logs=(); check_with no-such-program "format" false; check "one" true; '
                                           'count_tests')
        self.assertEqual((status, output), (0, "1 tests skipped\n100% tests passed, 0 tests failed out of 1\n"))
        self.assertIn("skipped: format (no no-such-program)", errors)


class PackagesTest(RunTest):
    def install(self, *packages, lists=True):
        """What apt-get was called with, where g++ is installed, clang-14 has no candidate and all others have."""
        self.program("dpkg-query", '[ "${@: -1}" = g++ ] && printf installed')
        self.program("apt-cache", 'lists=%d; [ -e "%s" ] && lists=1; [ "$lists" = 1 ] || exit 0; candidate=1.0; '
                                  '[ "$2" = clang-14 ] && candidate="(none)"; echo "$2:"; '
                                  'echo "  Candidate: $candidate"; echo "        500 http://a/b c/d Packages"'
                     % (lists, self.root / "calls"))
        self.program("apt-get", 'echo "${@//-*}" | xargs >>"%s"' % (self.root / "calls"))
        status, _, errors = self.bash('install_packages "$@"', *packages)
        self.assertEqual(status, 0, errors)
        calls = self.root / "calls"
        return (calls.read_text().splitlines() if calls.exists() else []), errors

    def test_nothing_is_asked_of_the_network_where_nothing_is_missing(self):
        self.assertEqual(self.install("g++"), ([], ""))
        calls, errors = self.install("g++", "--", "clang-14")
        self.assertEqual(calls, [])
        self.assertIn("skipped: what needs the package clang-14", errors)

    def test_what_a_release_does_not_have_is_left_out(self):
        self.assertEqual(self.install("g++", "cmake", "--", "clang-14", "shellcheck")[0],
                         ["update", "install cmake shellcheck"])

    def test_a_system_that_never_listed_its_packages_does_so_first(self):
        self.assertEqual(self.install("g++", "--", "shellcheck", lists=False)[0], ["update", "install shellcheck"])


class SetupBesideBuildingTest(RunTest):
    START = "took() { true; }; install_packages() { true; }; find_torch() { true; }; setup_onednn() { true; }\n"

    def test_its_words_are_shown_and_its_end_is_waited_for(self):
        status, _, errors = self.bash(self.START + "install_the_rest() { sleep 0.3; say 'skipped: no charts'; false; }\n"
                                      "with_peers=yes; setup_beside_building; say building; finish_setup; say testing")
        self.assertEqual((status, errors.splitlines()), (0, [
            "building", "skipped: no charts", "skipped: what was not installed when that ended with status 1", "testing"]))

    def test_it_ends_with_the_program(self):
        status, output, errors = self.bash(self.START + "install_the_rest() { sleep 300 & echo $! >\"$root/pid\"; wait; }\n"
                                           "with_peers=yes; setup_beside_building\n"
                                           "until [ -s \"$root/pid\" ]; do sleep 0.05; done; fail 'no compiler'")
        self.assertEqual((status, errors), (1, "run: no compiler\n"))
        for _ in range(100):
            if not pathlib.Path("/proc", (self.root / "pid").read_text().strip()).exists():
                return
            time.sleep(0.05)
        self.fail("it still runs")


class ConfiguringTest(RunTest):
    def setUp(self):
        super().setUp()
        self.program("cmake", 'echo "$@" >>"%s"; [[ "$*" != "--preset cuda "* ]] || { echo "CUDA is 11.8"; exit 1; }'
                     % (self.root / "calls"))

    def calls(self):
        return [call.split(" -D")[0] for call in (self.root / "calls").read_text().splitlines()]

    def test_bench_goes_on_without_the_engines_for_gpus(self):
        program = self.file("build/release/bin/lstmbench", '#!/bin/bash\necho "release: $*"\n')
        program.chmod(0o755)
        has = "has_gpu() { true; }; missing_cuda() { true; }; setup() { true; }\n"
        status, output, errors = self.bash(has + MAIN, "bench", "list")
        self.assertEqual((status, output), (0, "release: list\n"), errors)
        self.assertIn("CUDA is 11.8", errors)
        self.assertIn("without the engines for NVIDIA GPUs", errors)

    def test_a_peer_that_came_later_is_built(self):
        for preset in ("dev", "asan", "tsan"):
            self.file("build/%s/build.ninja" % preset)
        self.file("build/asan/CMakeCache.txt", "ONEDNN_LIBRARY:FILEPATH=ONEDNN_LIBRARY-NOTFOUND\n")
        self.file("build/dev/CMakeCache.txt", "ONEDNN_LIBRARY:FILEPATH=/a/libdnnl.so\n")
        self.bash("jobs=1; build asan")
        self.assertEqual(self.calls(), ["--build --preset asan -j 1"])
        self.file("data/lstmbench/environments/onednn/include/dnnl.hpp")
        self.bash("jobs=1; build dev; build tsan; build asan")
        self.assertEqual(self.calls()[3:], ["--preset asan", "--build --preset asan -j 1"])


class PrintsTest(unittest.TestCase):
    """tests/prints, which looks at what examples print."""

    def test_both_output_and_exit_status_count(self):
        for command, status in (("echo the loss fell", 0), ("echo the loss rose", 1), ("echo the loss fell; exit 3", 3),
                                ("echo skipped; exit 77", 77)):
            with self.subTest(command=command):
                prints = [RUN.parent / "tests/prints", "loss (fell|sank)", "sh", "-c", command]
                self.assertEqual(subprocess.run(prints, stdout=subprocess.DEVNULL).returncode, status)


class HelpTest(RunTest):
    def test_a_command_asked_for_help_gives_it_and_does_nothing_else(self):
        _, help_text, _ = self.bash(MAIN, "help")
        for arguments in (["test", "--help"], ["setup", "-h"], ["test", "--full", "--help"]):
            status, output, _ = self.bash(MAIN, *arguments)
            self.assertEqual((status, output), (0, help_text), arguments)

    def test_help_fits_a_terminal(self):
        status, output, _ = self.bash(MAIN, "help")
        self.assertEqual(status, 0)
        self.assertLessEqual(max(len(line) for line in output.splitlines()), 80)


if __name__ == "__main__":
    unittest.main()
