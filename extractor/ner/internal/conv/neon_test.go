package conv

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// TestNEON runs the tests of the kernels as a 64-bit ARM processor does, where qemu's emulator of user
// programs is installed (Debian: qemu-user) and this is another processor.
func TestNEON(t *testing.T) {
	if runtime.GOARCH == "arm64" {
		t.Skip("every test of this package runs on NEON here")
	}
	if testing.Short() {
		t.Skip("builds and emulates for seconds")
	}
	qemu, err := exec.LookPath("qemu-aarch64")
	if err != nil {
		t.Skip("qemu-aarch64 is not installed")
	}
	program := filepath.Join(t.TempDir(), "conv.test")
	build := exec.Command("go", "test", "-c", "-o", program, ".")
	build.Env = append(build.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go test -c: %v\n%s", err, out)
	}
	run := exec.Command(qemu, program, "-test.short", "-test.v", "-test.run", "^(TestProduct|TestNorm|TestFunctions|TestSameBits|TestScores|FuzzKernels)$")
	out, err := run.CombinedOutput()
	if err != nil {
		t.Errorf("under qemu: %v\n%s", err, out)
	}
}
