package check

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// deploy is the folder that is tested, and root the program's.
const (
	deploy = ".."
	root   = "../.."
)

// buildLine is how the Dockerfile builds the program.
var buildLine = regexp.MustCompile(`(?m)^\s*(CGO_ENABLED=0) GOOS=\$TARGETOS GOARCH=\$TARGETARCH go build (-trimpath) -ldflags="([^"]+)" -tags="\$TAGS" -o /root-fs/dateline (\./cmd/dateline)$`)

// build builds the program as the Dockerfile does, for this platform, once for all tests.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "dateline-check-*")
	if err != nil {
		return "", err
	}
	builtIn = dir
	binary := filepath.Join(dir, "dateline")
	dockerfile, err := os.ReadFile(filepath.Join(deploy, "Dockerfile"))
	if err != nil {
		return "", err
	}
	how := buildLine.FindStringSubmatch(string(dockerfile))
	if how == nil {
		return "", fmt.Errorf("the Dockerfile has no line like %s", buildLine)
	}
	cmd := exec.Command("go", "build", how[2], "-ldflags="+how[3], "-o", binary, how[4])
	cmd.Dir, cmd.Env = root, append(os.Environ(), how[1])
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return binary, nil
})

// builtIn is the folder that goes when the tests have ended.
var builtIn string

func program(t *testing.T) string {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // Helm tells of every symbolic link
	code := m.Run()
	if builtIn != "" {
		_ = os.RemoveAll(builtIn)
	}
	os.Exit(code)
}

// run runs the program and returns what it prints.
func run(t *testing.T, env []string, args ...string) (string, error) {
	t.Helper()
	binary := program(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env, cmd.Dir = append([]string{"HOME=" + t.TempDir()}, env...), t.TempDir()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

var flagName = regexp.MustCompile(`--(\[no-\])?([a-z][a-z0-9-]*)`)

var known = map[string]map[string]bool{}

// flags are those of a subcommand, from its help.
func flags(t *testing.T, subcommand string) map[string]bool {
	t.Helper()
	if f := known[subcommand]; f != nil {
		return f
	}
	out, err := run(t, nil, subcommand, "--help")
	if err != nil {
		t.Fatalf("%s --help: %v: %s", subcommand, err, out)
	}
	found := map[string]bool{}
	for _, m := range flagName.FindAllStringSubmatch(out, -1) {
		found[m[2]] = true
	}
	known[subcommand] = found
	return found
}

// checkArgs has a container's arguments among what the program takes.
func checkArgs(t *testing.T, where string, args []string) {
	t.Helper()
	if len(args) == 0 {
		t.Errorf("%s: no subcommand", where)
		return
	}
	has := flags(t, args[0])
	for _, a := range args[1:] {
		name, ok := strings.CutPrefix(a, "--")
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, "=")
		if !has[name] {
			t.Errorf("%s: %s has no flag --%s", where, args[0], name)
		}
	}
}

// checkEnv has the program's environment variables among its settings.
func checkEnv(t *testing.T, where string, names []string) {
	t.Helper()
	out, err := run(t, nil, "config")
	if err != nil {
		t.Fatalf("config: %v: %s", err, out)
	}
	for _, n := range names {
		setting, ok := strings.CutPrefix(n, "DATELINE_")
		if !ok || setting == "CONFIG" {
			continue
		}
		setting = strings.ReplaceAll(strings.ToLower(setting), "_", "-")
		if !regexp.MustCompile(`(?m)^(# )?` + setting + `:`).MatchString(out) {
			t.Errorf("%s: %s is no setting", where, n)
		}
	}
}

// checkConfig has the program read a configuration file.
func checkConfig(t *testing.T, where, content string, want ...string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dateline.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := run(t, []string{"DATELINE_CONFIG=" + path}, "config")
	if err != nil {
		t.Errorf("%s: the program does not take it: %s\n%s", where, out, content)
	}
	for _, w := range want {
		if !strings.Contains(out, w) {
			t.Errorf("%s: the configuration lacks %q:\n%s", where, w, out)
		}
	}
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{deploy}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
}
