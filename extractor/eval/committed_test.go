package eval

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/prosev2"
	"github.com/datelinenews/dateline/extractor/prosev3"
)

var update = flag.Bool("update", false, "rewrite testdata/scores.txt from what the code does now, and the variants in gold/case.jsonl")

const scoresFile = "../../" + ScoresFile

// TestScores fails where the extractor has become worse on the committed gold.
func TestScores(t *testing.T) {
	if ner.Models()[0] != "news" {
		t.Skip("the committed scores are the news model's, which this build leaves out")
	}
	ours := engine(t, "dateline", extractor.Options{})
	if *update {
		v3, err := prosev3.New()
		if err != nil {
			t.Fatal(err)
		}
		v2, err := prosev2.New()
		if err != nil {
			t.Fatal(err)
		}
		err = Update(scoresFile, []Engine{
			ours,
			engine(t, prosev3.Name, extractor.Options{Finder: v3, FinderName: prosev3.Name}),
			engine(t, prosev2.Name, extractor.Options{Finder: v2, FinderName: prosev2.Name}),
		})
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	falls, err := Falls(scoresFile, ours)
	if err != nil {
		t.Fatalf("%v: run `dateline eval --update` or `go test ./extractor/eval -update`", err)
	}
	for _, f := range falls {
		t.Errorf("%s, %s: F1 was %.1f and is %.1f: mend it, or say why and run `dateline eval --update`", f.Set, f.Measure, f.Was, f.Is)
	}
}

func engine(t *testing.T, name string, opts extractor.Options) Engine {
	t.Helper()
	x, err := extractor.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return Engine{name, x.Extract}
}

// TestFalls holds that a fall is seen, a rise is not, and an incomplete file is an error.
func TestFalls(t *testing.T) {
	sets, err := Committed()
	if err != nil {
		t.Fatal(err)
	}
	gold := map[string]*Article{}
	for _, s := range sets {
		for i := range s.Articles {
			gold[s.Articles[i].ID] = &s.Articles[i]
		}
	}
	right := Engine{"dateline", func(a *extractor.Article) *extractor.Analysis { return perfect(gold[a.ID]) }}
	worse := Engine{"dateline", func(a *extractor.Article) *extractor.Analysis {
		x := perfect(gold[a.ID])
		if a.ID == "dakar-port" {
			x.Mentions = x.Mentions[1:]
		}
		return x
	}}
	path := filepath.Join(t.TempDir(), "scores.txt")
	if err := Update(path, []Engine{{"other", worse.Extract}, right}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		e    Engine
		want bool
	}{{right, false}, {worse, true}} {
		falls, err := Falls(path, c.e)
		if err != nil {
			t.Fatal(err)
		}
		if (len(falls) > 0) != c.want {
			t.Errorf("falls: %v, want some: %v", falls, c.want)
		}
	}
	if _, err := Falls(path, Engine{"unknown", right.Extract}); err == nil {
		t.Error("no error for an engine that the file lacks")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), "case/caps: 162 articles") {
		t.Errorf("no table for the variants:\n%s", b)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(b), "names place", "names planet")), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Falls(path, right); err == nil {
		t.Error("no error for a file without a measure")
	}
}

// perfect is the analysis that the gold asks for, as far as names and entities go.
func perfect(g *Article) *extractor.Analysis {
	at := []int{}
	for i := range g.Text {
		at = append(at, i)
	}
	at = append(at, len(g.Text))
	a := &extractor.Analysis{}
	ids := map[string]int{}
	for i, e := range g.Entities {
		ids[e.ID] = i
		a.Entities = append(a.Entities, coref.Entity{ID: i, Type: e.Type, Name: e.Name})
	}
	for _, m := range g.Mentions {
		x := ner.Mention{Type: m.Type, Entity: ids[m.Entity], Form: ner.Name}
		x.Start, x.End = at[m.Start], at[m.End]
		a.Mentions = append(a.Mentions, x)
	}
	return a
}

// TestPerfect: what agrees with the gold scores 100, and nothing scores 0.
func TestPerfect(t *testing.T) {
	sets, err := Committed()
	if err != nil {
		t.Fatal(err)
	}
	if len(sets) != 5 {
		t.Fatalf("%d sets, want the news and four variants of case", len(sets))
	}
	for _, s := range sets {
		byID := map[string]*Article{}
		for i := range s.Articles {
			byID[s.Articles[i].ID] = &s.Articles[i]
		}
		scores := Score(s.Articles, func(a *extractor.Article) *extractor.Analysis { return perfect(byID[a.ID]) })
		measures := []string{"names", "names person", "names organisation", "names place"}
		if s.Name == "news" {
			measures = append(measures, "entities", "entities +name")
		}
		for _, m := range measures {
			if scores[m].F1() != 100 {
				t.Errorf("%s, %s: F1 %.1f of what the gold says (%+v)", s.Name, m, scores[m].F1(), scores[m])
			}
		}
		none := Score(s.Articles, func(*extractor.Article) *extractor.Analysis { return &extractor.Analysis{} })
		if c := none["names"]; c.F1() != 0 || c.Gold < 300 {
			t.Errorf("%s: nothing scores %.1f of %d names", s.Name, c.F1(), c.Gold)
		}
	}
}
