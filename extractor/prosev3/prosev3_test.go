package prosev3

import (
	"strings"
	"sync"
	"testing"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

func parse(t *testing.T, src string) *text.Doc {
	t.Helper()
	p, err := text.NewParser()
	if err != nil {
		t.Fatal(err)
	}
	return p.Parse(src, 0)
}

func TestFind(t *testing.T) {
	f, err := New()
	if err != nil {
		t.Fatal(err)
	}
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

func TestMention(t *testing.T) {
	const src = "The U.N. met Ann Lee. Bob left. (AT&T)"
	doc := parse(t, src)
	for _, c := range []struct {
		start, end int
		want       string
		form       ner.Form
	}{
		{4, 7, "U.N.", ner.Acronym},            // widened to the token
		{13, 25, "Ann Lee", ner.Name},          // cut at the sentence's end, the stop left out
		{31, 38, "AT&T", ner.Acronym},          // brackets left out
		{15, 19, "Ann Lee", ner.Name},          // from the middle of a word to that of another
		{len(src) - 1, len(src), "", ner.Name}, // no word
	} {
		m, ok := Mention(doc, text.Span{Start: c.start, End: c.end}, ner.Person)
		if ok != (c.want != "") || ok && (m.Text != c.want || m.Form != c.form || m.In(src) != m.Text) {
			t.Errorf("%d to %d: %q %v %v, want %q %v", c.start, c.end, m.Text, m.Form, ok, c.want, c.form)
		}
	}
}

func TestReadable(t *testing.T) {
	long := strings.Repeat("(", 200) + strings.Repeat("é", 40)
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"short\u00a0text", "short\u00a0text"},
		{"a " + long + "\nb", "a " + strings.Repeat(" ", len(long)) + "\nb"},
		{long, strings.Repeat(" ", len(long))},
		{long[:200] + " " + long[200:], long[:200] + " " + long[200:]},
	} {
		if got := Readable(c.in); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzFind(f *testing.F) {
	finder, err := New()
	if err != nil {
		f.Fatal(err)
	}
	p, err := text.NewParser()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", "Ann’s “U.S.” İstanbul\n\nBob Dylan Thomas", "New\u00a0York 🙂 \xff Kim-Lee/Smith", "A. B. C. D. E."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		doc := p.Parse(src, 0)
		got := finder.Find(doc)
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
		again := finder.Find(doc)
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
	f, err := New()
	if err != nil {
		t.Fatal(err)
	}
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
