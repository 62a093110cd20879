package search

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
	"github.com/datelinenews/dateline/extractor/timex"
	"github.com/datelinenews/dateline/pipeline"
)

func TestClauses(t *testing.T) {
	for words, want := range map[string][]Clause{
		"":                       nil,
		" \t ":                   nil,
		"one two":                {{Phrase: "one"}, {Phrase: "two"}},
		`"one  two" three`:       {{Phrase: "one two"}, {Phrase: "three"}},
		`“one two” three`:        {{Phrase: "one two"}, {Phrase: "three"}},
		`one -two -"three four"`: {{Phrase: "one"}, {Phrase: "two", Not: true}, {Phrase: "three four", Not: true}},
		`"never closed`:          {{Phrase: "never closed"}},
		`one"two three"four`:     {{Phrase: "one"}, {Phrase: "two three"}, {Phrase: "four"}},
		`- & "" "?" one`:         {{Phrase: "one"}},
		`well-known O'Neil`:      {{Phrase: "well-known"}, {Phrase: "O'Neil"}},
		`- one`:                  {{Phrase: "one"}},
		`"-one"`:                 {{Phrase: "-one"}},
		"Řehoř 2025":             {{Phrase: "Řehoř"}, {Phrase: "2025"}},
		`-"" one`:                {{Phrase: "one"}},
	} {
		q := Query{Words: words}
		if got := q.Clauses(); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, want %+v", words, got, want)
		}
	}
}

func TestDays(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	q := Query{From: at("2025-01-14T23:30:00+01:00"), To: at("2025-01-15T00:30:00+01:00")}
	from, to := q.Days()
	if !from.Equal(at("2025-01-14T00:00:00Z")) || !to.Equal(at("2025-01-15T00:00:00Z")) {
		t.Errorf("days %s to %s", from, to)
	}
	q = Query{To: at("2025-01-15T00:00:00Z")}
	if from, to := q.Days(); !from.IsZero() || !to.Equal(q.To) {
		t.Errorf("days %s to %s", from, to)
	}
}

func TestValidate(t *testing.T) {
	for _, q := range []Query{{}, {Limit: Window}, {From: time.Unix(0, 0)}} {
		if err := q.Validate(); err != nil {
			t.Errorf("%+v: %v", q, err)
		}
	}
	now := time.Unix(1e9, 0)
	for _, q := range []Query{
		{Limit: -1}, {Facets: -1}, {Facets: 1001}, {Limit: Window + 1}, {Offset: Window - 5}, {Sort: "x"}, {Dates: "x"}, {From: now, To: now},
	} {
		if err := q.Validate(); !errors.Is(err, ErrQuery) {
			t.Errorf("%+v: %v, want ErrQuery", q, err)
		}
	}
}

func show(snippets []string) string {
	return strings.NewReplacer(MarkStart, "[", MarkEnd, "]").Replace(strings.Join(snippets, " | "))
}

func TestSnippets(t *testing.T) {
	long := strings.Repeat("Nothing of note was said that day. ", 20)
	for _, c := range []struct{ name, text, words, want string }{
		{"a word", "The storm came.", "storm", "The [storm] came."},
		{"its stem, case and accents", "Cafés STORMED by stormy’s crowd", "cafe storm", "[Cafés STORMED] by stormy’s crowd"},
		{"possessive", "The harbour’s end", "harbour", "The [harbour’s] end"},
		{"a phrase only as a whole", "An accord on ferries, on an accord", `"accord on"`, "An [accord on] ferries, on an accord"},
		{"what must not occur is not marked", "storm and flood", "storm -flood", "[storm] and flood"},
		{"nothing found", "storm", "flood", ""},
		{"no words", "storm", "", ""},
		{"one paragraph", "First.\n\nThe storm.\n\nLast.", "storm", "The [storm]."},
		{"marks in the text", "a \ue000storm\ue001 b", "storm", "a [storm] b"},
	} {
		q := Query{Words: c.words}
		if got := show(Snippets(c.text, q.Clauses(), 3)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	got := Snippets(long+"The storm came. "+long+"The storm went. "+long, []Clause{{Phrase: "storm"}}, 5)
	if len(got) != 2 {
		t.Fatalf("%d snippets, want 2: %q", len(got), got)
	}
	for _, s := range got {
		if len(s) > snippetBytes+40 || !strings.HasPrefix(s, "…") || !strings.HasSuffix(s, "…") {
			t.Errorf("snippet %q of %d bytes", s, len(s))
		}
	}
}

func TestSentence(t *testing.T) {
	for _, c := range []struct{ text, name, want string }{
		{"One came. Mr. Brook met Gen. Reed in the U.S. on Monday. He left.", "Reed", "Mr. Brook met Gen. Reed in the U.S. on Monday."},
		{"A title\n\nBrook came", "Brook", "Brook came"},
		{"“We won!” said Brook. Others lost.", "Brook", "said Brook."},
		{"Brook", "Brook", "Brook"},
	} {
		i := strings.Index(c.text, c.name)
		if got := sentence(c.text, i, i+len(c.name)); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestNameForms(t *testing.T) {
	for name, want := range map[string][]string{
		"U.N.":       {"U.N.", "UN"},
		"T.G.A":      {"T.G.A", "TGA"},
		" Ann  Lee ": {"Ann Lee"},
		"St. Kitts":  {"St. Kitts"},
		"Inc.":       {"Inc."},
		"?":          nil,
		"":           nil,
	} {
		if got := NameForms(name); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestNewDocument(t *testing.T) {
	const src = "Ann Brook of the U.N. spoke. She said: “Yes.” “No,” said a guard. Brook left."
	at := func(s string, nth int) text.Span {
		from := 0
		for range nth {
			from += strings.Index(src[from:], s) + len(s)
		}
		i := from + strings.Index(src[from:], s)
		return text.Span{Start: i, End: i + len(s)}
	}
	zero := 0
	guard := at("a guard", 0)
	r := pipeline.Record{ID: "x", Text: src, Analysis: extractor.Analysis{
		Entities: []coref.Entity{
			{ID: 0, Type: ner.Person, Name: "Ann Brook", Key: "person:ann-brook", Role: "envoy", Mentions: []int{0, 2, 3}},
			{ID: 1, Type: ner.Organisation, Name: "U.N.", Key: "organisation:un", Mentions: []int{1}},
			{ID: 2, Type: ner.Organisation, Name: "UN", Key: "organisation:un", Mentions: []int{}},
		},
		Mentions: []ner.Mention{
			{Span: at("Ann Brook", 0), Text: "Ann Brook", Type: ner.Person, Form: ner.Name},
			{Span: at("U.N.", 0), Text: "U.N.", Type: ner.Organisation, Entity: 1, Form: ner.Acronym},
			{Span: at("She", 0), Text: "She", Type: ner.Person, Form: ner.Pronoun},
			{Span: at("Brook", 1), Text: "Brook", Type: ner.Person, Form: ner.Name},
		},
		Quotes: []quote.Quote{
			{Text: "Yes.", Speaker: &quote.Speaker{Entity: &zero}},
			{Text: "No,", Speaker: &quote.Speaker{Expression: &quote.Expression{Span: guard, Text: "a guard"}}},
			{Text: "?"},
		},
		Dates: []timex.Date{{Value: "P1D"}, {Value: "2025-01-01", From: time.Unix(0, 0), To: time.Unix(86400, 0)}},
	}}
	d := NewDocument(&r)
	if want := (Names{[]string{"Ann Brook"}, []string{"Ann Brook", "Brook"}}); !reflect.DeepEqual(d.Persons, want) {
		t.Errorf("persons %q", d.Persons)
	}
	if want := (Names{[]string{"U.N.", "UN"}, []string{"U.N.", "UN"}}); !reflect.DeepEqual(d.Organisations, want) {
		t.Errorf("organisations %q", d.Organisations)
	}
	if want := (Names{[]string{"Ann Brook"}, []string{"Ann Brook", "Brook", "a guard"}}); !reflect.DeepEqual(d.Speakers, want) {
		t.Errorf("speakers %q", d.Speakers)
	}
	if len(d.Mentions) != 3 || d.Mentions[0].Count != 3 || len(d.Mentions[0].Sentences) != 2 ||
		d.Mentions[1].Key != "organisation:un" || d.Mentions[2].Key != "organisation:un-2" {
		t.Errorf("mentions %+v", d.Mentions)
	}
	if q := d.Quotes[0]; q.Speaker != "Ann Brook" || q.SpeakerRole != "envoy" || q.SpeakerType != "person" || q.Article != "x" {
		t.Errorf("quote %+v", q)
	}
	if q := d.Quotes[1]; q.Speaker != "a guard" || q.SpeakerKey != "" || len(q.Speakers.Canonical) != 0 || q.Index != 1 {
		t.Errorf("quote %+v", q)
	}
	if len(d.Dates) != 1 || !slices.Equal(d.Values, []string{"P1D", "2025-01-01"}) {
		t.Errorf("dates %v, values %v", d.Dates, d.Values)
	}
}

// FuzzDocument builds documents of records that are wrong in every way.
func FuzzDocument(f *testing.F) {
	f.Add("Ann Brook spoke. “Yes”", "Ann", 0, 3, 0, 0)
	f.Add("é", "", -1, 9, 7, -3)
	f.Fuzz(func(t *testing.T, src, name string, start, end, mention, entity int) {
		if !utf8.ValidString(src) {
			return
		}
		r := pipeline.Record{Text: src, Analysis: extractor.Analysis{
			Entities: []coref.Entity{{Name: name, Mentions: []int{mention, 0}}, {Name: name}},
			Mentions: []ner.Mention{{Span: text.Span{Start: start, End: end}, Text: name, Entity: entity}},
			Quotes:   []quote.Quote{{Span: text.Span{Start: start, End: end}, Speaker: &quote.Speaker{Entity: &entity}}},
		}}
		d := NewDocument(&r)
		if len(d.Mentions) != 2 || len(d.Quotes) != 1 || d.Mentions[0].Key == d.Mentions[1].Key {
			t.Errorf("document %+v", d)
		}
	})
}

// FuzzSnippets checks that a snippet is the text's own words, and its marks are paired.
func FuzzSnippets(f *testing.F) {
	f.Add("The storm’s end. It came at 5.30 p.m., in Île-de-France", `storm "5.30 p" ile`)
	f.Add("a'a.a.a a", "a'a.a.a")
	f.Add("İ ẞ ǅ \u0301a", "i ss a")
	f.Fuzz(func(t *testing.T, src, words string) {
		if !utf8.ValidString(src) || !utf8.ValidString(words) {
			return
		}
		q := Query{Words: words}
		clean := strings.NewReplacer(MarkStart, "", MarkEnd, "", "\n", " ", "\r", " ", "\t", " ").Replace(src)
		for _, s := range Snippets(src, q.Clauses(), 3) {
			if strings.Count(s, MarkStart) != strings.Count(s, MarkEnd) || !strings.Contains(s, MarkStart) {
				t.Errorf("snippet %q", s)
			}
			bare := strings.NewReplacer(MarkStart, "", MarkEnd, "").Replace(s)
			if !strings.Contains("…"+clean+"…", bare) && !strings.Contains(clean, strings.TrimSuffix(strings.TrimPrefix(bare, "…"), "…")) {
				t.Errorf("snippet %q is not of the text %q", s, src)
			}
		}
	})
}
