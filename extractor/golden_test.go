package extractor_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/files"
	"github.com/datelinenews/dateline/testdata"
)

const golden = "../testdata/golden"

// TestGolden holds what Extract finds in every article of testdata, so that a change of behaviour
// is a diff that somebody reads. Scores are left out: they move with every model.
// `go test ./extractor -update` rewrites the files.
func TestGolden(t *testing.T) {
	if ner.Models()[0] != "news" {
		t.Skip("the golden files are the news model's, which this build leaves out")
	}
	x, err := extractor.New(extractor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	update := flag.Lookup("update").Value.String() == "true"
	stale := map[string]bool{}
	old, err := filepath.Glob(golden + "/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range old {
		stale[filepath.Base(f)] = true
	}
	articles := articles(t)
	if len(articles) < 14 {
		t.Fatalf("only %d articles", len(articles))
	}
	for name, a := range articles {
		t.Run(name, func(t *testing.T) {
			got := render(a, x.Extract(a))
			delete(stale, name+".txt")
			file := filepath.Join(golden, name+".txt")
			if update {
				if err := os.MkdirAll(golden, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v: run `go test ./extractor -update`", err)
			}
			if got != string(want) {
				t.Errorf("differs from %s; if that is right, run `go test ./extractor -update`:\n%s", file, diff(string(want), got))
			}
		})
	}
	for name := range stale {
		if !update {
			t.Errorf("%s/%s belongs to no article: run `go test ./extractor -update`", golden, name)
		} else if err := os.Remove(filepath.Join(golden, name)); err != nil {
			t.Error(err)
		}
	}
}

// articles are testdata's, by the name of their file, or by their ID where a file holds several.
func articles(t testing.TB) map[string]*extractor.Article {
	t.Helper()
	src, err := files.Open(files.Config{FS: testdata.Articles, Paths: []string{"articles"}})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*extractor.Article{}
	for {
		batch, err := src.Read(context.Background())
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range batch.Messages {
			a, _, err := pipeline.Decode(m)
			if err != nil {
				t.Fatalf("%s: %v", m.Origin, err)
			}
			name := a.ID
			if m.Origin.Line == 0 {
				name, _, _ = strings.Cut(path.Base(m.Origin.Path), ".")
			}
			if out[name] != nil {
				t.Fatalf("two articles are called %s", name)
			}
			out[name] = a
		}
	}
}

// render prints an analysis for people to compare.
func render(a *extractor.Article, x *extractor.Analysis) string {
	var b strings.Builder
	if a.Title != "" {
		fmt.Fprintf(&b, "%s\n", a.Title)
	}
	if !a.Published.IsZero() {
		fmt.Fprintf(&b, "%s\n", a.Published.Format(time.RFC3339))
	}
	b.WriteString("\nentities\n")
	for _, e := range x.Entities {
		fmt.Fprintf(&b, "%3d %-12s %s", e.ID, e.Type, e.Name)
		if e.Acronym != "" {
			fmt.Fprintf(&b, " (%s)", e.Acronym)
		}
		if e.Role != "" {
			fmt.Fprintf(&b, " [%s]", e.Role)
		}
		fmt.Fprintf(&b, "  %s\n   ", e.Key)
		for _, i := range e.Mentions {
			m := x.Mentions[i]
			fmt.Fprintf(&b, " %d-%d %q", m.Start, m.End, m.Text)
			if m.Form != ner.Name {
				fmt.Fprintf(&b, " %s", m.Form)
			}
			b.WriteByte(';')
		}
		b.WriteByte('\n')
	}
	b.WriteString("\ndates\n")
	for _, d := range x.Dates {
		fmt.Fprintf(&b, "  %d-%d %q %s %s", d.Start, d.End, d.Text, d.Type, d.Value)
		if d.Mod != "" {
			fmt.Fprintf(&b, " %s", d.Mod)
		}
		if !d.From.IsZero() || !d.To.IsZero() {
			fmt.Fprintf(&b, "  %s to %s", d.From.Format(time.RFC3339), d.To.Format(time.RFC3339))
		}
		b.WriteByte('\n')
	}
	b.WriteString("\nquotes\n")
	for _, q := range x.Quotes {
		fmt.Fprintf(&b, "  %d-%d %s %q\n    %s\n", q.Start, q.End, q.Kind, q.Text, speaker(x, &q))
	}
	return b.String()
}

func speaker(x *extractor.Analysis, q *quote.Quote) string {
	var b strings.Builder
	switch {
	case q.Speaker == nil:
		b.WriteString("nobody")
	case q.Speaker.Entity == nil:
		b.WriteString("no entity")
	default:
		b.WriteString(x.Entities[*q.Speaker.Entity].Name)
	}
	if q.Speaker != nil && q.Speaker.Expression != nil {
		fmt.Fprintf(&b, " as %d-%d %q", q.Speaker.Start, q.Speaker.End, q.Speaker.Text)
	}
	if q.Cue != nil {
		fmt.Fprintf(&b, ", cue %d-%d %q", q.Cue.Start, q.Cue.End, q.Cue.Text)
	}
	fmt.Fprintf(&b, " (%s)", q.Rule)
	return b.String()
}

// diff lists the lines that only one of the texts has.
func diff(want, got string) string {
	count := map[string]int{}
	for line := range strings.Lines(want) {
		count[line]++
	}
	var b strings.Builder
	for line := range strings.Lines(got) {
		if count[line]--; count[line] < 0 {
			b.WriteString("+ " + line)
		}
	}
	for line := range strings.Lines(want) {
		if count[line] > 0 {
			count[line]--
			b.WriteString("- " + line)
		}
	}
	return b.String()
}
