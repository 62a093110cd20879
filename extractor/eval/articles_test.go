package eval_test

import (
	"context"
	"errors"
	"io"
	"path"
	"testing"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/extractor/eval"
	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/files"
	"github.com/datelinenews/dateline/testdata"
)

// TestGold holds that each article, read as the product reads it, is the one that was annotated: to
// the byte, whatever form its file has.
func TestGold(t *testing.T) {
	b, err := testdata.Gold.Open("gold/news.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	gold, err := eval.ReadLines(b)
	if err != nil {
		t.Fatal(err)
	}
	byText := map[string]*eval.Article{}
	for i := range gold {
		byText[gold[i].Text] = &gold[i]
	}
	articles, forms := read(t)
	for i, a := range articles {
		g := byText[a.Text()]
		if g == nil {
			t.Errorf("%s: no gold has its text:\n%s", a.ID, a.Text())
			continue
		}
		delete(byText, a.Text())
		if !g.Published.Equal(a.Published) {
			t.Errorf("%s: published %v, in the gold %v", a.ID, a.Published, g.Published)
		}
		if forms[i] != ".html" && g.ID != a.ID { // a page's ID is its address
			t.Errorf("%s: ID in the gold %s", a.ID, g.ID)
		}
	}
	for _, g := range byText {
		t.Errorf("%s: no article has the gold's text", g.ID)
	}
	if len(articles) < 14 {
		t.Errorf("only %d articles", len(articles))
	}
	have := map[string]bool{}
	for _, f := range forms {
		have[f] = true
	}
	for _, f := range []string{".txt", ".json", ".jsonl", ".html", ".gz"} {
		if !have[f] {
			t.Errorf("no article in a %s file", f)
		}
	}
}

// read gives the articles, and the form of each one's file.
func read(t *testing.T) (articles []*extractor.Article, forms []string) {
	t.Helper()
	src, err := files.Open(files.Config{FS: testdata.Articles, Paths: []string{"articles"}})
	if err != nil {
		t.Fatal(err)
	}
	for {
		batch, err := src.Read(context.Background())
		if errors.Is(err, io.EOF) {
			return articles, forms
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range batch.Messages {
			if m.Err != nil {
				t.Fatalf("%s: %v", m.Origin, m.Err)
			}
			a, warnings, err := pipeline.Decode(m)
			if err != nil || len(warnings) > 0 {
				t.Fatalf("%s: %v %v", m.Origin, err, warnings)
			}
			articles = append(articles, a)
			forms = append(forms, path.Ext(m.Origin.Path))
		}
	}
}
