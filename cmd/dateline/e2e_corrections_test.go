package main_test

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// serve starts the pages, and returns their address.
func (s *stack) serve(args ...string) string {
	s.t.Helper()
	cmd := exec.Command(s.bin, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	var said lines
	cmd.Dir, cmd.Env, cmd.Stderr = s.dir, s.env, &said
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if s.t.Failed() {
			s.t.Logf("serve says:\n%s", said.String())
		}
	})
	at := regexp.MustCompile(`at (http://\S+)\n`)
	var base string
	s.eventually("it serves", time.Minute, func() bool {
		if m := at.FindStringSubmatch(said.String()); m != nil {
			base = m[1]
		}
		return base != ""
	})
	return base
}

// TestCorrectionsInElasticsearch corrects a name on the pages: it is kept in Elasticsearch, other servers of
// pages show it, a worker extracts by it what comes, what is put back and what is extracted again.
func TestCorrectionsInElasticsearch(t *testing.T) {
	s := newStack(t)
	article := func(id, more string) {
		t.Helper()
		text := `{"id":"` + id + `","text":"Peter Kiplagat Rono said on Monday that the port would close. “It is over,” Peter Kiplagat Rono told reporters.` + more + `","published":"2025-03-12"}`
		if err := os.WriteFile(filepath.Join(s.dir, id+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	article("first", "")
	article("second", "")
	article("long", strings.Repeat(" All is well in Bergen.", 100))
	w := s.work()
	s.run(0, "", "ingest", "first.json")
	s.run(3, "", "ingest", "long.json", "--max-text", "1kB")
	s.eventually("the first is indexed", time.Minute, s.articles(1))

	base, other := s.serve("--edit"), s.serve()
	res, err := http.PostForm(base+"/corrections", url.Values{
		"kind": {"same-as"}, "key": {"person:peter-kiplagat-rono"}, "name": {"Peter Kiplagat Rono"}, "type": {"person"}, "to": {"P. K. Rono"},
	})
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("a correction answers %v, %v", res, err)
	}
	res.Body.Close()
	if n := s.count("corrections", `key:"person:peter-kiplagat-rono"`); n != 1 {
		t.Errorf("Elasticsearch has %d corrections", n)
	}
	page := func(base string) string {
		t.Helper()
		res, err := http.Get(base + "/api/articles/first")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var b strings.Builder
		if err := res.Write(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	const right = `"person:p-k-rono"`
	if got := page(base); !strings.Contains(got, right) {
		t.Errorf("corrected, it shows\n%s", got)
	}
	s.eventually("another server shows the correction", time.Minute, func() bool { return strings.Contains(page(other), right) })
	s.eventually("the worker knows the correction", time.Minute, func() bool { return strings.Contains(w.log.String(), "corrections have changed") })

	s.run(0, "", "ingest", "second.json")
	s.run(0, "", "replay")
	s.eventually("the others are indexed", time.Minute, s.articles(3))
	has := func(id, query string) {
		t.Helper()
		s.eventually(id+" is stored as corrected", 20*time.Second, func() bool {
			return s.count("articles", `article.id:`+id+` AND `+query) == 1
		})
	}
	for id, name := range map[string]string{"first": "Peter Kiplagat Rono", "second": "P. K. Rono", "long": "P. K. Rono"} {
		has(id, `people:"`+name+`"`)
	}
	w.stop(t)
	s.run(0, "", "reprocess")
	has("first", `people:"P. K. Rono"`)
	// A file that is named is used instead: here none, so that all is as it was extracted.
	s.run(0, "", "reprocess", "--corrections", "none.jsonl")
	has("first", `people:"Peter Kiplagat Rono"`)
}
