package extractor_test

import (
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
	"github.com/datelinenews/dateline/extractor/timex"
)

// FuzzExtract holds what every Analysis promises, for any article that Validate lets pass.
func FuzzExtract(f *testing.F) {
	for _, s := range []string{
		"",
		"“A,” said Ann Lee (AL) on Monday. \"B",
		"'' `` ‘’ ’s ’ \" “ ” « » „",
		"The U.N.'s Dr. O’Neill-al-Said told\u00a0İstanbul’s 🙂 ẞ: “It’s 31 Feb 2024–5?” he said. \"Yes,\" she",
		"KNU (Karen National Union) (KNU) ((K.N.U.))\r\n\r\nHE SAID: 'NO'\u2028 at 25:61 on 99/99/9999, 3pm–4 p.m., the 0s, 10^99 years ago",
		strings.Repeat("“He said ", 50),
		strings.Repeat("Ann Lee, ", 40) + strings.Repeat("( ", 60),
		"a\x00b \ufeff\u200b\u00ad e\u0301\u0301 \U0010ffff \ue000 according to according to said said",
	} {
		f.Add("A Title by Bob", s, int64(1741737600))
		f.Add("", s, int64(0))
	}
	for _, a := range articles(f) {
		f.Add(a.Title, a.Body, a.Published.Unix())
	}
	x, err := extractor.New(extractor.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, title, body string, published int64) {
		a := &extractor.Article{Title: title, Body: body}
		if published != 0 {
			a.Published = time.Unix(published%(1<<36), 0).UTC()
		}
		if a.Validate(64<<10) != nil {
			t.Skip()
		}
		got := x.Extract(a)
		check(t, a.Text(), got)
		if again := x.Extract(a); !reflect.DeepEqual(got, again) {
			t.Error("another analysis on the second run")
		}
	})
}

// check fails where an analysis of src breaks a promise.
func check(t *testing.T, src string, x *extractor.Analysis) {
	t.Helper()
	if x.Version == "" || x.Entities == nil || x.Mentions == nil || x.Dates == nil || x.Quotes == nil {
		t.Fatal("no version, or a slice is nil")
	}
	span := func(what string, s text.Span, surface string) {
		t.Helper()
		switch {
		case s.Start < 0 || s.End <= s.Start || s.End > len(src):
			t.Fatalf("%s: %v is empty or outside the text of %d bytes", what, s, len(src))
		case !utf8.RuneStart(src[s.Start]) || s.End < len(src) && !utf8.RuneStart(src[s.End]):
			t.Fatalf("%s: %v cuts a rune", what, s)
		case src[s.Start:s.End] != surface:
			t.Fatalf("%s: %q is not at %v, where %q is", what, surface, s, src[s.Start:s.End])
		}
	}
	probability := func(what string, p float64) {
		t.Helper()
		if !(p >= 0 && p <= 1) {
			t.Fatalf("%s: score %v", what, p)
		}
	}
	entity := func(what string, i int) {
		t.Helper()
		if i < 0 || i >= len(x.Entities) {
			t.Fatalf("%s: entity %d of %d", what, i, len(x.Entities))
		}
	}
	end := 0
	for i, m := range x.Mentions {
		span("mention", m.Span, m.Text)
		probability("mention", m.Score)
		entity("mention", m.Entity)
		if m.Start < end {
			t.Fatalf("mention %d %q begins before its predecessor ends", i, m.Text)
		}
		end = m.End
		if m.Type < ner.Person || m.Type > ner.Place {
			t.Fatalf("mention %q has %v", m.Text, m.Type)
		}
		switch m.Form {
		case ner.Name, ner.Acronym, ner.Pronoun, ner.Nominal:
		default:
			t.Fatalf("mention %q has the form %q", m.Text, m.Form)
		}
	}
	checkEntities(t, x)
	end = 0
	for i, d := range x.Dates {
		span("date", d.Span, d.Text)
		if d.Start < end {
			t.Fatalf("date %d %q begins before its predecessor ends", i, d.Text)
		}
		end = d.End
		switch d.Type {
		case timex.TypeDate, timex.TypeTime, timex.TypeDuration, timex.TypeSet:
		default:
			t.Fatalf("date %q has the type %q", d.Text, d.Type)
		}
		if d.Value == "" || d.From.IsZero() != d.To.IsZero() || !d.From.IsZero() && !d.From.Before(d.To) {
			t.Fatalf("date %q: value %q from %v to %v", d.Text, d.Value, d.From, d.To)
		}
	}
	start := 0
	for i, q := range x.Quotes {
		span("quote", q.Span, q.Text)
		probability("quote", q.Score)
		if q.Start < start {
			t.Fatalf("quote %d %q begins before its predecessor", i, q.Text)
		}
		start = q.Start
		switch q.Kind {
		case quote.Direct, quote.Mixed, quote.Indirect:
		default:
			t.Fatalf("quote %q has the kind %q", q.Text, q.Kind)
		}
		if q.Rule == "" {
			t.Fatalf("quote %q names no rule", q.Text)
		}
		if q.Cue != nil {
			span("cue", q.Cue.Span, q.Cue.Text)
		}
		if q.Speaker == nil {
			continue
		}
		if q.Speaker.Entity == nil && q.Speaker.Expression == nil {
			t.Fatalf("quote %q has a speaker who is nobody", q.Text)
		}
		if q.Speaker.Entity != nil {
			entity("speaker", *q.Speaker.Entity)
		}
		if e := q.Speaker.Expression; e != nil {
			span("speaker", e.Span, e.Text)
		}
	}
}

// checkEntities holds that entities and mentions point at each other.
func checkEntities(t *testing.T, x *extractor.Analysis) {
	t.Helper()
	owned := 0
	for i, e := range x.Entities {
		if e.ID != i || e.Name == "" || e.Key == "" || len(e.Mentions) == 0 {
			t.Fatalf("entity %d: %+v", i, e)
		}
		if i > 0 && e.Mentions[0] < x.Entities[i-1].Mentions[0] {
			t.Fatalf("entity %d %q is not in the order of first mentions", i, e.Name)
		}
		last := -1
		for _, m := range e.Mentions {
			if m <= last || m >= len(x.Mentions) || x.Mentions[m].Entity != i {
				t.Fatalf("entity %d %q does not own mention %d", i, e.Name, m)
			}
			last = m
			owned++
		}
	}
	if owned != len(x.Mentions) {
		t.Fatalf("%d mentions, of which entities own %d", len(x.Mentions), owned)
	}
}

// TestConcurrent holds that one Extractor serves all goroutines, with the same answers.
func TestConcurrent(t *testing.T) {
	x, err := extractor.New(extractor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := articles(t)
	want := map[string]*extractor.Analysis{}
	for name, a := range all {
		want[name] = x.Extract(a)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for name, a := range all {
				if !reflect.DeepEqual(x.Extract(a), want[name]) {
					t.Errorf("%s: another analysis beside other goroutines", name)
				}
			}
		})
	}
	wg.Wait()
}
