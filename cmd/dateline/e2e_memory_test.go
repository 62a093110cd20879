//go:build linux

package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestMemory: many long articles, of 10 to 60 kB, are extracted in 120 MB.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds, and the race detector wants memory of its own")
	}
	bin := binary(t)
	paragraphs := testParagraphs(t)
	r := rand.New(rand.NewPCG(1, 2))
	var in bytes.Buffer
	for i := range 60 {
		var text strings.Builder
		for want := 10_000 + r.IntN(50_000); text.Len() < want; {
			text.WriteString(paragraphs[r.IntN(len(paragraphs))] + "\n\n")
		}
		line, err := json.Marshal(map[string]string{"id": fmt.Sprint(i), "text": text.String(), "published": "2025-01-20"})
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(line, '\n'))
	}
	cmd := exec.Command(bin, "extract", "--format", "jsonl", "--workers", "2", "-")
	cmd.Dir, cmd.Stdin, cmd.Stderr = t.TempDir(), &in, os.Stderr
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "GOMEMLIMIT=") && !strings.HasPrefix(e, "GOGC=") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(out, []byte{'\n'}); n != 60 {
		t.Fatalf("%d records, want 60", n)
	}
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss // in KiB
	t.Logf("peak %.0f MB", float64(peak)*1024/1e6)
	if peak*1024 >= 120e6 {
		t.Errorf("the peak of resident memory was %.0f MB, want less than 120", float64(peak)*1024/1e6)
	}
}
