package prosev2

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jdkato/prose/v2"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
	"github.com/datelinenews/dateline/testdata"
)

func parse(t *testing.T, src string) *text.Doc {
	t.Helper()
	p, err := text.NewParser()
	if err != nil {
		t.Fatal(err)
	}
	return p.Parse(src, 0)
}

// finder is loaded once: unpacking the models takes seconds under the race detector.
var finder = sync.OnceValues(New)

func load(t testing.TB) *Finder {
	t.Helper()
	f, err := finder()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFind(t *testing.T) {
	f := load(t)
	doc := parse(t, "“We agree,” said Margaret Hill, who met Peter Brown’s lawyers in London on Friday.\n\nHe flew to France.")
	got := map[string]ner.Type{}
	for _, m := range f.Find(doc) {
		got[m.Text] = m.Type
		if m.Score <= 0 || m.Score > 1 {
			t.Errorf("%s: score %v", m.Text, m.Score)
		}
	}
	for name, typ := range map[string]ner.Type{"Margaret Hill": ner.Person, "London": ner.Place, "France": ner.Place} {
		if got[name] != typ {
			t.Errorf("%s is %v, want %v (found %v)", name, got[name], typ, got)
		}
	}
}

func FuzzFind(f *testing.F) {
	v2 := load(f)
	p, err := text.NewParser()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", "Ann’s “U.S.” İstanbul\n\nBob Dylan Thomas", "New\u00a0York 🙂 \xff Kim-Lee/Smith", "A. B. C. D. E."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		doc := p.Parse(src, 0)
		got := v2.Find(doc)
		last := 0
		for i, m := range got {
			if m.Start < last || m.End <= m.Start || m.In(src) != m.Text {
				t.Fatalf("mention %d %v %q out of order or place", i, m.Span, m.Text)
			}
			if first, end := doc.TokensIn(m.Span); doc.Tokens[first].Start != m.Start || doc.Tokens[end-1].End != m.End {
				t.Fatalf("mention %d %q is not on token boundaries", i, m.Text)
			}
			last = m.End
		}
		again := v2.Find(doc)
		if len(again) != len(got) {
			t.Fatal("another result on the second run")
		}
		for i := range got {
			if got[i] != again[i] {
				t.Fatal("another result on the second run")
			}
		}
	})
}

func TestConcurrent(t *testing.T) {
	f := load(t)
	doc := parse(t, "Margaret Hill met Peter Brown of Harbour Wire in London.")
	want := len(f.Find(doc))
	if want == 0 {
		t.Fatal("nothing found")
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if n := len(f.Find(doc)); n != want {
					t.Errorf("%d names, want %d", n, want)
				}
			}
		})
	}
	wg.Wait()
}

// TestAlign holds that every entity is found in the text again, at its own place.
func TestAlign(t *testing.T) {
	f := load(t)
	const src = "“Kim’s gone,” said Margaret Hill of London.\n\nHill, 40, met John\u00a0Smith &rsquo; (New  York) — and Margaret Hill's son Smith in New York."
	d := f.read(src)
	chunks := align(src, d.Tokens(), d.Entities())
	if len(chunks) != len(d.Entities()) || len(chunks) < 4 {
		t.Errorf("%d of %d entities aligned", len(chunks), len(d.Entities()))
	}
	last := 0
	for i, c := range chunks {
		clean, _ := straighten(c.In(src))
		if strings.Join(strings.Fields(clean), " ") != d.Entities()[i].Text {
			t.Errorf("entity %q is aligned with %q", d.Entities()[i].Text, c.In(src))
		}
		if c.Start < last {
			t.Errorf("%q lies before its predecessor", c.In(src))
		}
		last = c.End
	}
}

// TestPanic: prose v2 itself fails on words whose lower-cased form is longer.
func TestPanic(t *testing.T) {
	f := load(t)
	f.Find(parse(t, "ȺȺȺȺȺȺȺ's Ann Lee spoke."))
}

func BenchmarkFind(b *testing.B) {
	p, err := text.NewParser()
	if err != nil {
		b.Fatal(err)
	}
	src, err := testdata.Articles.ReadFile("articles/lakeside-accord.txt")
	if err != nil {
		b.Fatal(err)
	}
	doc := p.Parse(string(src), 0)
	f := load(b)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		f.Find(doc)
	}
}

// TestTraining: prose learns names from examples, which is all that it uses gonum's vectors for; the package that
// stands in for them (see go.mod) must do there.
func TestTraining(t *testing.T) {
	var data []prose.EntityContext
	for _, name := range []string{"Zorbex", "Quillon", "Zorbex", "Vantor"} {
		for _, text := range []string{"The mayor praised %s on Monday.", "Shares of %s fell again.", "%s said it would wait."} {
			s := fmt.Sprintf(text, name)
			start := strings.Index(s, name)
			data = append(data, prose.EntityContext{Text: s, Accept: true, Spans: []prose.LabeledEntity{{Start: start, End: start + len(name), Label: "MAKER"}}})
		}
	}
	model := prose.ModelFromData("makers", prose.UsingEntities(data))
	d, err := prose.NewDocument("Shares of Quillon fell again on Monday.", prose.UsingModel(model), prose.WithSegmentation(false))
	if err != nil {
		t.Fatal(err)
	}
	if e := d.Entities(); len(e) != 1 || e[0].Text != "Quillon" || e[0].Label != "MAKER" {
		t.Errorf("found %v, want the maker Quillon", e)
	}
}
