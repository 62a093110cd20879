package timex

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/text"
)

// asOf is the time that the examples of rules.tsv are read at: a Wednesday.
var asOf = time.Date(2025, 1, 15, 12, 0, 0, 0, time.UTC)

// TestRules runs every rule's example: it must give what the table says, by that rule. One rule
// alone: go test -run 'TestRules/^day/^slashed$'.
func TestRules(t *testing.T) {
	g, p := load(), parser(t)
	seen := map[string]bool{}
	for i := range g.rules {
		r := &g.rules[i]
		key := r.group + "/" + r.name
		if seen[key] {
			t.Errorf("line %d: a second rule %s", r.line, key)
		}
		seen[key] = true
		t.Run(key, func(t *testing.T) {
			if r.example == "" {
				t.Fatalf("line %d: no example", r.line)
			}
			doc := p.Parse(r.example, 0)
			used := rulesUsed(doc)
			var got []string
			for _, d := range Find(doc, asOf) {
				got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", d.Type, d.Value, d.Mod)))
			}
			if r.want == "-" {
				if len(got) > 0 {
					t.Errorf("line %d: %q gives %q, want nothing", r.line, r.example, got)
				}
			} else if len(got) == 0 || got[len(got)-1] != r.want {
				t.Errorf("line %d: %q gives %q, want %q last", r.line, r.example, got, r.want)
			}
			if !used[int16(i)] {
				t.Errorf("line %d: its example %q does not use it", r.line, r.example)
			}
		})
	}
	if len(seen) < 400 {
		t.Errorf("only %d rules", len(seen))
	}
}

// rulesUsed are the rules that the accepted matches of a text are made of.
func rulesUsed(doc *text.Doc) map[int16]bool {
	used := map[int16]bool{}
	f := &finder{loc: time.UTC, trace: func(e *expr, m *matcher) {
		for _, r := range m.derivation(e) {
			used[r] = true
		}
	}}
	f.find(doc, asOf, Options{})
	return used
}

func TestFind(t *testing.T) {
	p := parser(t)
	for _, c := range []struct{ in, want string }{
		// Not dates.
		{"Theresa May may march.", ""},
		{"The score was 2-1 and 10/12 voted; call 650-650-6500 now-ish.", ""},
		{"The 68-year-old, aged 68, paid $2019 for “1984”.", ""},
		{"The 2018 day fell.", "2018=2018"},
		{"Iraq imports three-quarters of its food; the first-quarter-mile race.", ""},
		{"Easter Island, Black Monday, USA Today and COVID-19 are names.", ""},
		{"Chinese New Year and Lunar New Year come by the moon; Persian New Year and the new year do not.", "Chinese New Year=2025-01-29|Lunar New Year=2025-01-29"},
		{"Sales rose on Black Friday, Christmas Eve and New Year's Day.", "Black Friday=2024-11-29|Christmas Eve=2024-12-24|New Year's Day=2025-01-01"},
		{"He is running in the Women's March on Kell.", ""},
		// Orders of day, month, year.
		{"14 January 2025; January 14, 2025; 14th of January, 2025; Jan. 14, 2025", "14 January 2025=2025-01-14|January 14, 2025=2025-01-14|14th of January, 2025=2025-01-14|Jan. 14, 2025=2025-01-14"},
		{"2025-01-14 and 1/14/2025 and 14/1/2025 and 14.1.2025", "2025-01-14=2025-01-14|1/14/2025=2025-01-14|14/1/2025=2025-01-14|14.1.2025=2025-01-14"},
		{"on 31 April 2025", ""},
		// Unicode digits and dashes.
		{"１４ January ２０２５", "１４ January ２０２５=2025-01-14"},
		{"١٤ January ٢٠٢٥", "١٤ January ٢٠٢٥=2025-01-14"},
		{"14–17 January 2025", "14–17 January 2025=2025-01-14/2025-01-17"},
		// Tense.
		{"They met on Monday. They will meet on Monday.", "Monday=2025-01-13|Monday=2025-01-20"},
	} {
		var got []string
		for _, d := range Find(p.Parse(c.in, 0), asOf) {
			got = append(got, d.Text+"="+d.Value)
		}
		if g := strings.Join(got, "|"); g != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.in, g, c.want)
		}
	}
}

// checkDates holds what Find promises.
func checkDates(t *testing.T, doc *text.Doc, ds []Date) {
	t.Helper()
	last := 0
	valid := utf8.ValidString(doc.Text)
	for _, d := range ds {
		if d.Start < last || d.End <= d.Start || d.End > len(doc.Text) {
			t.Fatalf("%+v out of order or range", d)
		}
		last = d.End
		if d.Text != doc.Text[d.Start:d.End] || valid && !utf8.ValidString(d.Text) {
			t.Fatalf("%+v: not at its span, or cuts a rune", d)
		}
		if d.Value == "" || d.From.IsZero() != d.To.IsZero() {
			t.Fatalf("%+v: no value, or half an interval", d)
		}
		if !d.From.IsZero() && (!d.From.Before(d.To) || d.From.Location() != time.UTC || d.To.Location() != time.UTC) {
			t.Fatalf("%+v: not an interval in UTC", d)
		}
		if odds := agrees(&d); odds != "" {
			t.Fatalf("%+v: %s", d, odds)
		}
	}
}

func FuzzFind(f *testing.F) {
	for i := range load().rules {
		f.Add(load().rules[i].example, int64(1736942400))
	}
	f.Add("of of 1 1 1/1/1 99-99-99 9:99 ٣٣ – ½ 0001-01-01 31 February 9999 -- millions of years ago", int64(0))
	p := parser(f)
	f.Fuzz(func(t *testing.T, src string, published int64) {
		doc := p.Parse(src, 0)
		var at time.Time
		if published != 0 {
			at = time.Unix(published%(1<<37), 0).UTC()
		}
		checkDates(t, doc, Find(doc, at))
	})
}

// TestLinear holds the grammar to a bounded number of steps a token, whatever the text.
func TestLinear(t *testing.T) {
	p := parser(t)
	for _, unit := range []string{"of ", "1 ", "1/", "2019 ", "the last ", "May ", "two ", "hundred ", "10:30 ", "a ", "- ", "last last week ",
		"every ", "twenty-", "about ", "two days ", "one and a half ", "Monday 1 ", "( UTC ", "early late ", "the first quarter of "} {
		src := strings.Repeat(unit, 1<<14/len(unit))
		doc := p.Parse(src, 0)
		f := &finder{}
		checkDates(t, doc, f.find(doc, asOf, Options{}))
		perToken := float64(f.m.steps) / float64(len(doc.Tokens))
		t.Logf("%-22q %6d tokens, %7.1f steps a token", unit, len(doc.Tokens), perToken)
		if perToken > 1500 {
			t.Errorf("%q: %.0f steps a token", unit, perToken)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	src, err := os.ReadFile("../../testdata/articles/lakeside-accord.txt")
	if err != nil {
		if src, err = os.ReadFile("../../../shared/articles/knu-statement.txt"); err != nil {
			b.Skip(err)
		}
	}
	doc := parser(b).Parse(string(src), 0)
	words := len(strings.Fields(string(src)))
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		Find(doc, asOf)
	}
	b.ReportMetric(float64(words)*float64(b.N)/b.Elapsed().Seconds(), "words/s")
}

// BenchmarkFindDense is news full of dates: the training articles.
func BenchmarkFindDense(b *testing.B) {
	docs := readArticles(b, corpora(b)+"/gold/wikinews-train/*.json")
	p := parser(b)
	var parsed []*text.Doc
	words := 0
	for _, d := range docs {
		parsed = append(parsed, p.Parse(d.text, 0))
		words += len(strings.Fields(d.text))
	}
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		for i, d := range parsed {
			Find(d, docs[i].published)
		}
	}
	b.ReportMetric(float64(words)*float64(b.N)/b.Elapsed().Seconds(), "words/s")
}
