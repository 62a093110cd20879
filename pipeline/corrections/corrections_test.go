package corrections

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
	"github.com/datelinenews/dateline/pipeline"
)

// example names Ada Bell, A. Bell and Harbour, of whom the last is taken for a person; Ada is quoted
// once, and Harbour once.
func example() *pipeline.Record {
	people := []coref.Entity{
		{ID: 0, Type: ner.Person, Name: "Ada Bell", Key: "person:ada-bell", Role: "mayor", Mentions: []int{0, 3}},
		{ID: 1, Type: ner.Person, Name: "Harbour", Key: "person:harbour", Role: "old", Mentions: []int{1}},
		{ID: 2, Type: ner.Person, Name: "A. Bell", Key: "person:a-bell", Acronym: "AB", Mentions: []int{2}},
	}
	mention := func(at, e int, s string) ner.Mention {
		return ner.Mention{Span: text.Span{Start: at, End: at + len(s)}, Text: s, Type: ner.Person, Entity: e, Form: ner.Name}
	}
	zero, one := 0, 1
	return &pipeline.Record{ID: "x", Text: "Ada Bell Harbour A. Bell Bell yes no", Analysis: extractor.Analysis{
		Entities: people,
		Mentions: []ner.Mention{mention(0, 0, "Ada Bell"), mention(9, 1, "Harbour"), mention(17, 2, "A. Bell"), mention(25, 0, "Bell")},
		Quotes: []quote.Quote{
			{Text: "yes", Speaker: &quote.Speaker{Entity: &zero}},
			{Text: "no", Speaker: &quote.Speaker{Entity: &one, Expression: &quote.Expression{Text: "the Harbour"}}},
		},
	}}
}

// summary tells a record in a line.
func summary(t *testing.T, r *pipeline.Record) string {
	t.Helper()
	var b strings.Builder
	for i, e := range r.Entities {
		if e.ID != i {
			t.Errorf("entity %d has ID %d", i, e.ID)
		}
		b.WriteString(e.Key + "(" + e.Name + ")")
		for _, m := range e.Mentions {
			if r.Mentions[m].Entity != i || r.Mentions[m].Type != e.Type {
				t.Errorf("mention %d is %+v", m, r.Mentions[m])
			}
			b.WriteString("," + r.Mentions[m].Text)
		}
		b.WriteString(" ")
	}
	for _, q := range r.Quotes {
		switch {
		case q.Speaker == nil:
			b.WriteString(q.Text + ":- ")
		case q.Speaker.Entity == nil:
			b.WriteString(q.Text + ":" + q.Speaker.Text + " ")
		default:
			b.WriteString(q.Text + ":" + r.Entities[*q.Speaker.Entity].Name + " ")
		}
	}
	return strings.TrimSpace(b.String())
}

func TestApply(t *testing.T) {
	gone := Correction{Kind: NotAName, Key: "person:harbour", Name: "Harbour"}
	place := Correction{Kind: WrongType, Key: "person:harbour", Name: "Harbour", Type: ner.Place}
	same := Correction{Kind: SameAs, Key: "person:a-bell", Name: "A. Bell", Type: ner.Person, To: "Ada Bell"}
	for _, c := range []struct {
		name string
		list []Correction
		want string
	}{
		{"nothing", nil, "person:ada-bell(Ada Bell),Ada Bell,Bell person:harbour(Harbour),Harbour person:a-bell(A. Bell),A. Bell yes:Ada Bell no:Harbour"},
		{"not a name", []Correction{gone}, "person:ada-bell(Ada Bell),Ada Bell,Bell person:a-bell(A. Bell),A. Bell yes:Ada Bell no:the Harbour"},
		{"wrong type", []Correction{place}, "person:ada-bell(Ada Bell),Ada Bell,Bell place:harbour(Harbour),Harbour person:a-bell(A. Bell),A. Bell yes:Ada Bell no:Harbour"},
		{"same as", []Correction{same}, "person:ada-bell(Ada Bell),Ada Bell,A. Bell,Bell person:harbour(Harbour),Harbour yes:Ada Bell no:Harbour"},
		{"same as another that is elsewhere", []Correction{{Kind: SameAs, Key: "person:ada-bell", Name: "Ada Bell", Type: ner.Person, To: "Augusta Bell"}},
			"person:augusta-bell(Augusta Bell),Ada Bell,Bell person:harbour(Harbour),Harbour person:a-bell(A. Bell),A. Bell yes:Augusta Bell no:Harbour"},
		{"a chain", []Correction{same, {Kind: SameAs, Key: "person:ada-bell", Name: "Ada Bell", Type: ner.Person, To: "Augusta Bell"}},
			"person:augusta-bell(Augusta Bell),Ada Bell,A. Bell,Bell person:harbour(Harbour),Harbour yes:Augusta Bell no:Harbour"},
		{"a circle", []Correction{same, {Kind: SameAs, Key: "person:ada-bell", Name: "Ada Bell", Type: ner.Person, To: "A. Bell"}}, ""},
		{"not the speaker", []Correction{{Kind: NotTheSpeaker, Article: "x", Quote: " yes ", Key: "person:ada-bell"}},
			"person:ada-bell(Ada Bell),Ada Bell,Bell person:harbour(Harbour),Harbour person:a-bell(A. Bell),A. Bell yes:- no:Harbour"},
		{"another article's speaker", []Correction{{Kind: NotTheSpeaker, Article: "y", Quote: "yes", Key: "person:ada-bell"}},
			"person:ada-bell(Ada Bell),Ada Bell,Bell person:harbour(Harbour),Harbour person:a-bell(A. Bell),A. Bell yes:Ada Bell no:Harbour"},
		{"not the speaker, by the name that is corrected", []Correction{place, {Kind: NotTheSpeaker, Article: "x", Quote: "no", Key: "place:harbour"}},
			"person:ada-bell(Ada Bell),Ada Bell,Bell place:harbour(Harbour),Harbour person:a-bell(A. Bell),A. Bell yes:Ada Bell no:-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := example()
			got := NewSet(c.list).Apply(r)
			if s := summary(t, got); c.want != "" && s != c.want {
				t.Errorf("is\n%s, want\n%s", s, c.want)
			}
			if !reflect.DeepEqual(r, example()) {
				t.Error("the record itself has changed")
			}
			if again := NewSet(c.list).Apply(got); c.want != "" && summary(t, again) != c.want {
				t.Errorf("applied again it is\n%s", summary(t, again))
			}
		})
	}
	// Records from elsewhere may be wrong.
	far := 99
	r := example()
	r.Mentions[0].Entity, r.Quotes[0].Speaker.Entity = -5, &far
	NewSet([]Correction{gone, same}).Apply(r)
}

func TestSet(t *testing.T) {
	s := NewSet([]Correction{
		{Kind: SameAs, Key: "person:a-bell", Name: "A. Bell", Type: ner.Person, To: "Ada Bell"},
		{Kind: SameAs, Key: "person:bell", Name: "Bell", Type: ner.Person, To: "A. Bell"},
		{Kind: NotAName, Key: "person:monday", Name: "Monday"},
		{Kind: WrongType, Key: "person:harbour", Name: "Harbour", Type: ner.Place},
	})
	if k := s.Keys("person:ada-bell"); !slices.Equal(k, []string{"person:ada-bell", "person:a-bell", "person:bell"}) {
		t.Errorf("keys %q", k)
	}
	if d := s.Dictionary(); d != "Monday\tstop\nHarbour\tplace\n" {
		t.Errorf("dictionary %q", d)
	}
	if _, err := ner.ReadDictionary(strings.NewReader(s.Dictionary())); err != nil {
		t.Error(err)
	}
	var none *Set
	if none.Len() != 0 || none.Apply(example()).ID != "x" || !none.Said("a", "b", "c") || len(none.Keys("k")) != 1 {
		t.Error("no set is not none")
	}
}

func TestFile(t *testing.T) {
	f := Open(filepath.Join(t.TempDir(), "corrections.jsonl"))
	if list, err := f.List(t.Context()); err != nil || len(list) != 0 {
		t.Fatalf("a file that is not there: %v, %v", list, err)
	}
	first, err := f.Add(t.Context(), Correction{Kind: NotAName, Key: "person:monday", Name: "Monday"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Add(t.Context(), Correction{Kind: WrongType, Key: "person:harbour", Name: "Harbour", Type: ner.Place}); err != nil {
		t.Fatal(err)
	}
	// The power fails in the middle of a line.
	raw, _ := os.ReadFile(f.Path())
	if err := os.WriteFile(f.Path(), append(raw, `{"id":"half`...), 0o600); err != nil {
		t.Fatal(err)
	}
	if list, err := f.List(t.Context()); err != nil || len(list) != 2 {
		t.Fatalf("after a crash: %v, %v", list, err)
	}
	// The later about the same entity counts.
	if _, err := f.Add(t.Context(), Correction{Kind: WrongType, Key: "person:monday", Name: "Monday", Type: ner.Organisation}); err != nil {
		t.Fatal(err)
	}
	list, err := f.List(t.Context())
	if err != nil || len(list) != 2 || list[1].Kind != WrongType || list[1].Name != "Monday" {
		t.Fatalf("the later does not count: %+v, %v", list, err)
	}
	if err := f.Undo(t.Context(), first.ID); err != nil { // undone already
		t.Error(err)
	}
	if err := f.Undo(t.Context(), list[1].ID); err != nil {
		t.Error(err)
	}
	if list, err = Open(f.Path()).List(t.Context()); err != nil || len(list) != 1 || list[0].Name != "Harbour" {
		t.Errorf("after an undo: %+v, %v", list, err)
	}
	for _, c := range []Correction{
		{}, {Kind: NotAName, Name: "x"}, {Kind: WrongType, Key: "person:x", Name: "x"}, {Kind: SameAs, Key: "person:x", Name: "x", Type: ner.Person},
		{Kind: SameAs, Key: "person:x", Name: "x", Type: ner.Person, To: "X"}, {Kind: NotTheSpeaker, Article: "a"}, {Kind: "other", Key: "person:x", Name: "x", Type: ner.Person},
		{Kind: NotAName, Key: "person:x", Name: "a\tstop\nb"}, {Kind: NotAName, Key: "person:x", Name: strings.Repeat("x", 2000)},
	} {
		if _, err := f.Add(t.Context(), c); !errors.Is(err, ErrCorrection) {
			t.Errorf("Add(%+v) returns %v", c, err)
		}
	}
	if err := os.WriteFile(f.Path(), []byte("nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.List(t.Context()); err == nil || !strings.Contains(err.Error(), "line 1") || !strings.Contains(err.Error(), f.Path()) {
		t.Errorf("a damaged file gives %v", err)
	}
}
