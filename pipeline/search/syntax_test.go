package search

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func date(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Query
		text string // String; where empty, in
	}{
		{"", Query{}, ""},
		{"  ceasefire   talks ", Query{Words: "ceasefire talks"}, "ceasefire talks"},
		{`"border guard" -ferry`, Query{Words: `"border guard" -ferry`}, ""},
		{`-"border guard"`, Query{Words: `-"border guard"`}, ""},
		{`“border guard” oath`, Query{Words: `“border guard” oath`}, ""},
		{`person:"Ada Bell" org:KNU`, Query{Persons: []string{"Ada Bell"}, Organisations: []string{"KNU"}}, ""},
		{`Person:„Ada Bell“ organization:KNU`, Query{Persons: []string{"Ada Bell"}, Organisations: []string{"KNU"}}, `person:"Ada Bell" org:KNU`},
		{`place:Oslo place:Bergen storm`, Query{Words: "storm", Places: []string{"Oslo", "Bergen"}}, `storm place:Oslo place:Bergen`},
		{`source:"The \"Wire\""`, Query{Sources: []string{`The "Wire"`}}, ""},
		{`-source:"Harbour Wire" -person:Bell`, Query{Not: Exclusion{Sources: []string{"Harbour Wire"}, Persons: []string{"Bell"}}}, `-person:Bell -source:"Harbour Wire"`},
		{"date:2025-01..2025-02", Query{From: date("2025-01-01"), To: date("2025-03-01")}, ""},
		{"mentioned:2025-01-20", Query{From: date("2025-01-20"), To: date("2025-01-21"), Dates: Mentioned}, ""},
		{"published:2024..", Query{From: date("2024-01-01"), Dates: Published}, "published:2024-01-01.."},
		{"date:..2024", Query{To: date("2025-01-01")}, "date:..2024-12-31"},
		{"date:2024", Query{From: date("2024-01-01"), To: date("2025-01-01")}, ""},
		{"date:2020..2024", Query{From: date("2020-01-01"), To: date("2025-01-01")}, ""},
		{"at 12:30 http://x", Query{Words: "at 12:30 http://x"}, ""},
		{"person: Bell", Query{Words: "person: Bell"}, ""},
		{"entity:person:ada-bell|person:a-bell by:person:ada-bell", Query{
			Entities: [][]string{{"person:ada-bell", "person:a-bell"}}, SpeakerKeys: []string{"person:ada-bell"},
		}, ""},
		{"cue:warned kind:indirect", Query{Cues: []string{"warned"}, Kinds: []string{"indirect"}}, ""},
		{"cluster:abc storm", Query{Words: "storm", Cluster: "abc"}, "storm cluster:abc"},
		{`person:"Ada Bell`, Query{Persons: []string{"Ada Bell"}}, `person:"Ada Bell"`},
	} {
		got, err := Parse(c.in)
		if err != nil {
			t.Errorf("Parse(%q): %v", c.in, err)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("Parse(%q) is %+v, want %+v", c.in, got, c.want)
		}
		want := c.text
		if want == "" {
			want = c.in
		}
		if s := got.String(); s != want {
			t.Errorf("Parse(%q).String() is %q, want %q", c.in, s, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for in, says := range map[string]string{
		"date:yesterday":             "date:yesterday: want a day",
		"date:2025-02..2025-01":      "want a day",
		"date:2025-02-30":            "want a day",
		"date:..":                    "want a day",
		"date:2025 published:2024":   "already",
		"-date:2025":                 "only person",
		`person:""`:                  "says nothing",
		`storm date:x place:Lowmere`: "date:x",
	} {
		q, err := Parse(in)
		if !errors.Is(err, ErrQuery) || !strings.Contains(err.Error(), says) {
			t.Errorf("Parse(%q) returns %v, want ErrQuery that says %q", in, err, says)
		}
		if strings.Contains(in, "Lowmere") && (q.Words != "storm" || len(q.Places) != 1) {
			t.Errorf("Parse(%q) does not keep the rest: %+v", in, q)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`person:"Ada \"B\" Bell" -storm "in the north" date:2025-01..2025-02`, `-source:x y`, `by:a|b`, "a\"b\"c", "-", "--x", `"`, `-"`, `person:“x”y`, "date:0001..", `cue:\`, `place:"a\`, "x person:y", "person:\"0\"\"", "\"a person:b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		q, err := Parse(s)
		if err != nil {
			return
		}
		text := q.String()
		again, err := Parse(text)
		if err != nil {
			t.Fatalf("Parse(%q) writes %q, which can't be read: %v", s, text, err)
		}
		if second := again.String(); second != text {
			t.Fatalf("Parse(%q) writes %q, which is read as %q", s, text, second)
		}
		if !reflect.DeepEqual(again.Clauses(), q.Clauses()) {
			t.Fatalf("Parse(%q) asks for %v, and what it writes, %q, for %v", s, q.Clauses(), text, again.Clauses())
		}
	})
}
