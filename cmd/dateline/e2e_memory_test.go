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
	"testing"
	"time"
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
	var out bytes.Buffer
	cmd := exec.Command(bin, "extract", "--format", "jsonl", "--workers", "2", "-")
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = t.TempDir(), &in, &out, os.Stderr
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "GOMEMLIMIT=") && !strings.HasPrefix(e, "GOGC=") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	// The peak is asked for while the program runs: what Wait tells of it counts the memory of this
	// process too, of which it was forked.
	peak := int64(0)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for running := true; running; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		case <-tick.C:
			peak = max(peak, resident(cmd.Process.Pid))
		}
	}
	if n := bytes.Count(out.Bytes(), []byte{'\n'}); n != 60 {
		t.Fatalf("%d records, want 60", n)
	}
	t.Logf("peak %.0f MB", float64(peak)/1e6)
	if peak == 0 || peak >= 120e6 {
		t.Errorf("the peak of resident memory was %.0f MB, want less than 120", float64(peak)/1e6)
	}
}
