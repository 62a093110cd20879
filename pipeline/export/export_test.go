package export

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
	"github.com/datelinenews/dateline/extractor/timex"
	"github.com/datelinenews/dateline/pipeline"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// span is the n-th place of sub in s, counted from 0.
func span(t testing.TB, s, sub string, n int) text.Span {
	t.Helper()
	at := 0
	for ; ; n-- {
		i := strings.Index(s[at:], sub)
		if i < 0 {
			t.Fatalf("%q is not in the text", sub)
		}
		if n == 0 {
			return text.Span{Start: at + i, End: at + i + len(sub)}
		}
		at += i + len(sub)
	}
}

// sample is a record with every kind of thing, and text that is hard to print: emoji, curly marks,
// markup, a comma, a line break and an escape sequence.
func sampleRecord(t testing.TB) pipeline.Record {
	t.Helper()
	src := "Harbour <b>talks</b> end 🚢\n\nOn Monday Abena Owusu of the Tarkwa Growers’ Alliance (TGA), speaking in Accra, said: “We signed, \"all of us\".”\nShe left. Nothing\x1b[31m red."
	at := func(sub string, n int) text.Span { return span(t, src, sub, n) }
	speaker := 0
	said := at("said", 0)
	she := at("Abena Owusu", 0)
	rec := pipeline.Record{
		ID: "harbour-1", URL: "https://example.org/a?b=1&c=2", Title: "Harbour <b>talks</b> end 🚢", Source: "Harbour, Wire", Language: "en",
		Published: time.Date(2025, 1, 21, 9, 30, 0, 0, time.UTC), Text: src,
		Analysis: extractor.Analysis{
			Version: "v",
			Entities: []coref.Entity{
				{ID: 0, Type: ner.Person, Name: "Abena Owusu", Key: "person:abena-owusu", Role: "spokeswoman", Affiliation: "Tarkwa Growers’ Alliance", Mentions: []int{0, 4}},
				{ID: 1, Type: ner.Organisation, Name: "Tarkwa Growers’ Alliance", Acronym: "TGA", Key: "organisation:tarkwa-growers-alliance", Mentions: []int{1, 2}},
				{ID: 2, Type: ner.Place, Name: "Accra", Key: "place:accra", Mentions: []int{3}},
			},
			Mentions: []ner.Mention{
				{Span: she, Type: ner.Person, Entity: 0, Form: ner.Name, Score: 0.98},
				{Span: at("Tarkwa Growers’ Alliance", 0), Type: ner.Organisation, Entity: 1, Form: ner.Name, Score: 0.9},
				{Span: at("TGA", 0), Type: ner.Organisation, Entity: 1, Form: ner.Acronym, Score: 0.95},
				{Span: at("Accra", 0), Type: ner.Place, Entity: 2, Form: ner.Name, Score: 0.99},
				{Span: at("She", 0), Type: ner.Person, Entity: 0, Form: ner.Pronoun, Score: 0.8},
			},
			Dates: []timex.Date{{
				Span: at("Monday", 0), Type: timex.TypeDate, Value: "2025-01-20",
				From: time.Date(2025, 1, 20, 0, 0, 0, 0, time.UTC), To: time.Date(2025, 1, 21, 0, 0, 0, 0, time.UTC),
			}},
			Quotes: []quote.Quote{{
				Span: at("We signed, \"all of us\".", 0), Kind: quote.Direct, Rule: "cue-before", Score: 0.9,
				Speaker: &quote.Speaker{Entity: &speaker, Expression: &quote.Expression{Span: she, Text: "Abena Owusu"}},
				Cue:     &quote.Cue{Span: said, Text: "said"},
			}},
		},
	}
	for i := range rec.Mentions {
		rec.Mentions[i].Text = rec.Mentions[i].In(src)
	}
	rec.Dates[0].Text = rec.Dates[0].In(src)
	rec.Quotes[0].Text = rec.Quotes[0].In(src)
	return rec
}

func export(t testing.TB, f Format, opts Options, recs ...pipeline.Record) string {
	t.Helper()
	var b bytes.Buffer
	w, err := New(&b, f, opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(recs...); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	rec := sampleRecord(t)
	bare := pipeline.Record{ID: "bare", Text: "Nothing here.", Analysis: extractor.Analysis{
		Entities: []coref.Entity{}, Mentions: []ner.Mention{}, Dates: []timex.Date{}, Quotes: []quote.Quote{}}}
	for _, c := range []struct {
		name   string
		format Format
		opts   Options
	}{
		{"plain.txt", Text, Options{}},
		{"colour.txt", Text, Options{Colour: true}},
		{"records.jsonl", JSONL, Options{}},
		{"utf16.jsonl", JSONL, Options{Offsets: UTF16}},
		{"records.json", JSON, Options{}},
		{"page.html", HTML, Options{}},
		{"table.csv", CSV, Options{Offsets: Codepoints}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := export(t, c.format, c.opts, rec, bare)
			path := filepath.Join("testdata", c.name)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("differs from %s (go test -update rewrites it):\n%s", path, got)
			}
		})
	}
}

func TestJSONIsJSON(t *testing.T) {
	rec := sampleRecord(t)
	for _, n := range []int{0, 1, 2} {
		recs := make([]pipeline.Record, n)
		for i := range recs {
			recs[i] = rec
		}
		var list []pipeline.Record
		if err := json.Unmarshal([]byte(export(t, JSON, Options{}, recs...)), &list); err != nil || len(list) != n {
			t.Errorf("%d records: %d read back, error %v", n, len(list), err)
		}
	}
}

// TestFormulas: what a publisher wrote must not become a formula in a spreadsheet.
func TestFormulas(t *testing.T) {
	rec := sampleRecord(t)
	rec.Source, rec.URL = `=HYPERLINK("https://evil.example","x")`, "+1"
	rows, err := csv.NewReader(strings.NewReader(export(t, CSV, Options{}, rec))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		for _, cell := range r {
			if strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "+") {
				t.Fatalf("a cell begins as a formula: %q", cell)
			}
		}
	}
	if rows[1][2] != `'=HYPERLINK("https://evil.example","x")` {
		t.Errorf("the source is %q", rows[1][2])
	}
}

func TestCSVRows(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(export(t, CSV, Options{}, sampleRecord(t)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, r := range rows[1:] {
		kinds[r[column["kind"]]]++
		if r[column["article"]] != "harbour-1" || r[column["source"]] != "Harbour, Wire" {
			t.Errorf("row without its document: %q", r)
		}
	}
	if kinds["entity"] != 3 || kinds["mention"] != 5 || kinds["date"] != 1 || kinds["quote"] != 1 {
		t.Errorf("rows %v, want 3 entities, 5 mentions, 1 date, 1 quote", kinds)
	}
}

// TestCSVOnly lists one kind of thing; quotes have columns of their own.
func TestCSVOnly(t *testing.T) {
	read := func(only Kind) [][]string {
		rows, err := csv.NewReader(strings.NewReader(export(t, CSV, Options{Only: only}, sampleRecord(t)))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	for only, n := range map[Kind]int{Entities: 3, Mentions: 5, Dates: 1} {
		if rows := read(only); len(rows) != n+1 || len(rows[0]) != len(csvColumns) {
			t.Errorf("%s: %d rows of %d columns, want %d", only, len(rows), len(rows[0]), n+1)
		}
	}
	rows := read(Quotes)
	if got, want := strings.Join(rows[0][:7], ","), "speaker,role,quote,cue,date,article,url"; got != want {
		t.Errorf("columns %s, want %s", got, want)
	}
	want := []string{"Abena Owusu", "spokeswoman", "We signed, \"all of us\".", "said", "2025-01-21T09:30:00Z", "harbour-1", "https://example.org/a?b=1&c=2", "Tarkwa Growers’ Alliance"}
	if len(rows) != 2 || !slices.Equal(rows[1][:8], want) {
		t.Errorf("rows %q, want %q", rows[1:], want)
	}
	// Words that stand for a speaker without a name.
	rec := sampleRecord(t)
	rec.Quotes[0].Speaker.Entity = nil
	rec.Quotes[0].Speaker.Expression.Text = "a harbour pilot"
	if out := export(t, CSV, Options{Only: Quotes}, rec); !strings.Contains(out, "\na harbour pilot,,") {
		t.Errorf("no speaker by his words in\n%s", out)
	}
	for _, opts := range []Options{{Only: "people"}, {Only: Quotes}} {
		if _, err := New(io.Discard, JSON, opts); err == nil {
			t.Errorf("JSON with %+v: no error", opts)
		}
	}
}

// TestHostile has an article try to leave the page and the terminal.
func TestHostile(t *testing.T) {
	rec := sampleRecord(t)
	evil := `<script>alert(1)</script>`
	rec.ID, rec.Source, rec.Title, rec.URL = evil, evil, "", "javascript:alert(1)"
	rec.Entities[0].Name, rec.Entities[0].Role, rec.Entities[1].Acronym = evil, evil, `" onmouseover="x`
	rec.Dates[0].Text, rec.Quotes[0].Rule, rec.Quotes[0].Cue.Text = evil, `"><script>`, evil
	page := export(t, HTML, Options{}, rec)
	for _, bad := range []string{"<script", "javascript:", `" onmouseover=`} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for _, opts := range []Options{{}, {Colour: true}} {
		out := export(t, Text, opts, rec)
		if strings.Contains(out, "\x1b[31m") {
			t.Error("the article's own escape sequence reaches the terminal")
		}
		if !opts.Colour && strings.ContainsRune(out, '\x1b') {
			t.Error("plain text holds an escape character")
		}
	}
}

func TestConvert(t *testing.T) {
	rec := sampleRecord(t)
	before, err := json.Marshal(rec)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range []Unit{Bytes, UTF16, Codepoints} {
		got, err := Convert(rec, u)
		if err != nil {
			t.Fatal(err)
		}
		cut := cutter(rec.Text, u)
		for i, m := range got.Mentions {
			if s := cut(m.Span); s != rec.Mentions[i].Text {
				t.Errorf("%s: mention %q cuts %q", u, rec.Mentions[i].Text, s)
			}
		}
		if s := cut(got.Dates[0].Span); s != "Monday" {
			t.Errorf("%s: date cuts %q", u, s)
		}
		q := got.Quotes[0]
		if cut(q.Span) != q.Text || cut(q.Cue.Span) != "said" || cut(q.Speaker.Span) != "Abena Owusu" {
			t.Errorf("%s: quote cuts %q, cue %q, speaker %q", u, cut(q.Span), cut(q.Cue.Span), cut(q.Speaker.Span))
		}
	}
	after, err := json.Marshal(rec)
	if err != nil || !bytes.Equal(before, after) {
		t.Error("Convert has changed the record that it was given")
	}
	if _, err := Convert(rec, "words"); err == nil {
		t.Error("an unknown unit is no error")
	}
}

// cutter cuts s at offsets in a unit, by other means than Convert's.
func cutter(s string, u Unit) func(text.Span) string {
	switch u {
	case UTF16:
		units := utf16.Encode([]rune(s))
		return func(p text.Span) string { return string(utf16.Decode(units[p.Start:p.End])) }
	case Codepoints:
		runes := []rune(s)
		return func(p text.Span) string { return string(runes[p.Start:p.End]) }
	}
	return func(p text.Span) string { return s[p.Start:p.End] }
}

func FuzzConvert(f *testing.F) {
	f.Add("“curly” 🚢 naïve\u0301 text", 0, 11)
	f.Add(strings.Repeat("a", 63)+"é🚢", 63, 69)
	f.Add("", 0, 0)
	f.Fuzz(func(t *testing.T, s string, a, b int) {
		if !utf8.ValidString(s) {
			return
		}
		clamp := func(i int) int {
			i = max(0, min(i, len(s)))
			for i < len(s) && !utf8.RuneStart(s[i]) {
				i++
			}
			return i
		}
		p := text.Span{Start: clamp(min(a, b)), End: clamp(max(a, b))}
		rec := pipeline.Record{Text: s, Analysis: extractor.Analysis{Dates: []timex.Date{{Span: p}}}}
		for _, u := range []Unit{UTF16, Codepoints} {
			got, err := Convert(rec, u)
			if err != nil {
				t.Fatal(err)
			}
			if cut := cutter(s, u)(got.Dates[0].Span); cut != p.In(s) {
				t.Errorf("%s: %v of %q cuts %q, want %q", u, p, s, cut, p.In(s))
			}
		}
	})
}

// FuzzWriter gives every format records with spans that may overlap or be wrong.
func FuzzWriter(f *testing.F) {
	f.Add("One “two” three.\nFour", 0, 3, 4, 12, 2, 9)
	f.Fuzz(func(t *testing.T, s string, a, b, c, d, e, g int) {
		one := 0
		rec := pipeline.Record{ID: "x", Text: s, Analysis: extractor.Analysis{
			Entities: []coref.Entity{{Name: s, Type: ner.Person, Mentions: []int{0}}},
			Mentions: []ner.Mention{{Span: text.Span{Start: a, End: b}, Type: ner.Person, Entity: c, Form: ner.Pronoun}},
			Dates:    []timex.Date{{Span: text.Span{Start: c, End: d}, Text: s}},
			Quotes: []quote.Quote{{Span: text.Span{Start: e, End: g}, Text: s, Speaker: &quote.Speaker{Entity: &one}},
				{Span: text.Span{Start: c, End: g}, Kind: quote.Indirect}},
		}}
		for _, format := range Formats() {
			for _, opts := range []Options{{}, {Colour: true, Offsets: UTF16}} {
				if out := export(t, format, opts, rec); out == "" {
					t.Errorf("%s: nothing written", format)
				}
			}
		}
		segs := segments(&rec)
		var b2 strings.Builder
		for _, p := range segs {
			b2.WriteString(p.In(s))
		}
		if b2.String() != s {
			t.Errorf("segments %v don't make up the text", segs)
		}
	})
}

func TestSummary(t *testing.T) {
	s := &Summary{}
	rec := sampleRecord(t)
	s.Add(&rec)
	s.Add(&rec)
	out := s.String(SummaryOptions{})
	for _, want := range []string{
		"People", "  Abena Owusu", "Organisations", "Tarkwa Growers’ Alliance", "Places", "Accra", "2025-01-20", "(one of 2)",
		"“We signed, \"all of us\".”", "2 articles: 3 names, 10 mentions, 2 dates, 2 quotes, 2 with a speaker",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the summary lacks %q:\n%s", want, out)
		}
	}
	if strings.ContainsRune(out, '\x1b') {
		t.Error("colours that nobody asked for")
	}
}

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"a short line", 20, "a short line"},
		{"  white\n space ", 20, "white space"},
		{"the words that do not fit", 15, "the words that…"},
		{"ééééééééééé", 5, "éééé…"},
	} {
		if got := Shorten(c.in, c.width); got != c.want {
			t.Errorf("Shorten(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}
