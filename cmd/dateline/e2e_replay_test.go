package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestIngestAndReplay sends articles of which some can't be sent, mends the cause, and puts the dead
// letters back.
func TestIngestAndReplay(t *testing.T) {
	s := newStack(t)
	for name, content := range map[string]string{
		"good.txt":  "The minister spoke in Nairobi.",
		"long.txt":  strings.Repeat("All is well in Bergen. ", 100),
		"page.html": "<html><head><title>Calm</title></head><body><article><h1>Calm in Oslo</h1><p>Nothing happened in Oslo on Saturday, and nobody was surprised by it in the least.</p><p>The ferries ran on time.</p></article></body></html>",
		"cut.json":  `{"id":"cut","text":"Trunc`,
		"bytes.txt": "caf\xe9 au lait",
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.run(3, "", "ingest", s.dir, "--max-text", "1kB")
	listed := s.run(0, "", "replay", "--dry-run")
	for _, name := range []string{"long.txt", "cut.json", "bytes.txt"} {
		if !strings.Contains(listed, name) {
			t.Errorf("the dead letters lack %s:\n%s", name, listed)
		}
	}
	if n := strings.Count(listed, "\n"); n != 3 {
		t.Errorf("%d dead letters, want 3:\n%s", n, listed)
	}
	// The text whose bytes are no UTF-8 can't become a raw article; the long one now can.
	s.run(3, "", "replay")
	if again := s.run(0, "", "replay", "--dry-run"); again != "" {
		t.Errorf("a replay leaves letters for the next:\n%s", again)
	}
	if all := s.run(0, "", "replay", "--dry-run", "--all"); all != listed {
		t.Errorf("--all lists\n%s\nwant\n%s", all, listed)
	}
	w := s.work()
	s.eventually("the articles are indexed", time.Minute, s.articles(3))
	w.stop(t)
	out := s.run(0, "", "search", "--format", "jsonl")
	for _, id := range []string{"good", "long", "page"} {
		if !strings.Contains(out, `"id":"`+id+`"`) {
			t.Errorf("%s is not in the index:\n%s", id, out)
		}
	}
}
