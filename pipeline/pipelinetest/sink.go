package pipelinetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
	"github.com/datelinenews/dateline/extractor/timex"
	"github.com/datelinenews/dateline/pipeline"
)

// SinkTest is a sink whose contract TestSink tests.
type SinkTest struct {
	// Open is a new, empty sink.
	Open func(t *testing.T) pipeline.Sink
	// Get reads a stored record back; nil where there is none.
	Get func(t *testing.T, s pipeline.Sink, id string) *pipeline.Record
	// Find are the IDs of the articles that mention a person, in every place where the sink keeps
	// mentions, each once.
	Find func(t *testing.T, s pipeline.Sink, person string) []string
	// Reject is a record that the sink can never store. Nil where there is none.
	Reject func() pipeline.Record
}

// TestSink tests the contract of pipeline.Sink.
func TestSink(t *testing.T, s SinkTest) {
	tests := []struct {
		name string
		run  func(t *testing.T, u *sinkRun)
	}{
		{"a record comes back as it was", func(t *testing.T, u *sinkRun) {
			r := NewRecord("a", 1000, "Ann Brook", "Tomás Řehoř")
			u.write(t, r)
			u.has(t, r)
			u.finds(t, "Ann Brook", "a")
			u.finds(t, "Tomás Řehoř", "a")
			u.finds(t, "Nobody Here")
		}},
		{"many at once", func(t *testing.T, u *sinkRun) {
			var recs []pipeline.Record
			for i := range 120 {
				recs = append(recs, NewRecord(fmt.Sprintf("many-%03d", i), 1000, "Ann Brook", fmt.Sprintf("Person%03d Stone", i)))
			}
			u.write(t, recs...)
			u.has(t, recs[0])
			u.has(t, recs[119])
			u.finds(t, "Person077 Stone", "many-077")
		}},
		{"nothing is no error", func(t *testing.T, u *sinkRun) { u.write(t) }},
		{"the same again is one copy", func(t *testing.T, u *sinkRun) {
			r := NewRecord("a", 1000, "Ann Brook")
			u.write(t, r)
			u.write(t, r)
			u.has(t, r)
			u.finds(t, "Ann Brook", "a")
		}},
		{"newer replaces older, and nothing of it stays", func(t *testing.T, u *sinkRun) {
			u.write(t, NewRecord("a", 1000, "Ann Brook", "Bo Reed", "Cy Marsh"), NewRecord("b", 1000, "Bo Reed"))
			newer := NewRecord("a", 2000, "Ann Brook")
			u.write(t, newer)
			u.has(t, newer)
			u.finds(t, "Ann Brook", "a")
			u.finds(t, "Bo Reed", "b")
			u.finds(t, "Cy Marsh")
		}},
		{"older never replaces newer, without an error", func(t *testing.T, u *sinkRun) {
			newer := NewRecord("a", 2000, "Ann Brook")
			u.write(t, newer)
			u.write(t, NewRecord("a", 1000, "Ann Brook", "Bo Reed"), NewRecord("b", 500, "Cy Marsh"))
			u.has(t, newer)
			u.finds(t, "Bo Reed")
			u.finds(t, "Cy Marsh", "b")
		}},
		{"of equals the later wins", func(t *testing.T, u *sinkRun) {
			u.write(t, NewRecord("a", 1000, "Ann Brook", "Bo Reed"))
			later := NewRecord("a", 1000, "Cy Marsh")
			u.write(t, later)
			u.has(t, later)
			u.finds(t, "Ann Brook")
			u.finds(t, "Bo Reed")
		}},
		{"a new publication month moves the article", func(t *testing.T, u *sinkRun) {
			u.write(t, NewRecord("a", 1000, "Ann Brook", "Bo Reed"))
			moved := NewRecord("a", 2000, "Ann Brook")
			moved.Published = moved.Published.AddDate(0, -3, 0)
			u.write(t, moved)
			u.has(t, moved)
			u.finds(t, "Ann Brook", "a")
			u.finds(t, "Bo Reed")
			undated := NewRecord("a", 3000, "Cy Marsh")
			undated.Published = time.Time{}
			u.write(t, undated)
			u.has(t, undated)
			u.finds(t, "Ann Brook")
			u.finds(t, "Cy Marsh", "a")
		}},
		{"odd IDs", func(t *testing.T, u *sinkRun) {
			for _, id := range []string{"a b/c?d#e&f", "ünïcode—id", "_underscore", strings.Repeat("x", pipeline.MaxID), `quo"te\n`} {
				r := NewRecord(id, 1000, "Ann Brook")
				u.write(t, r)
				u.has(t, r)
			}
		}},
		{"a record without names", func(t *testing.T, u *sinkRun) {
			r := NewRecord("bare", 0)
			u.write(t, r)
			u.has(t, r)
		}},
		{"a context that is done is an error", func(t *testing.T, u *sinkRun) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := u.sink.Write(ctx, []pipeline.Record{NewRecord("a", 1000, "Ann Brook")}); err == nil {
				t.Error("Write returned no error")
			}
		}},
		{"what is rejected is named, and the rest stored", func(t *testing.T, u *sinkRun) {
			if u.Reject == nil {
				t.Skip("this sink rejects nothing")
			}
			good, after := NewRecord("good", 1000, "Ann Brook"), NewRecord("after", 1000, "Cy Marsh")
			err := u.sink.Write(t.Context(), []pipeline.Record{good, u.Reject(), after})
			var rejected *pipeline.RejectError
			if !errors.As(err, &rejected) {
				t.Fatalf("Write returned %v, want a *RejectError", err)
			}
			if len(rejected.Reasons) != 1 || rejected.Reasons[1] == "" {
				t.Errorf("rejected %v, want record 1 with its reason", rejected.Reasons)
			}
			u.has(t, good)
			u.has(t, after)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.run(t, &sinkRun{SinkTest: s, sink: s.Open(t)})
		})
	}
}

// sinkRun is one test's sink.
type sinkRun struct {
	SinkTest
	sink pipeline.Sink
}

func (u *sinkRun) write(t *testing.T, recs ...pipeline.Record) {
	t.Helper()
	if err := u.sink.Write(t.Context(), recs); err != nil {
		t.Fatalf("write: %v", err)
	}
}

func (u *sinkRun) has(t *testing.T, want pipeline.Record) {
	t.Helper()
	got := u.Get(t, u.sink, want.ID)
	if got == nil {
		t.Fatalf("record %q is not stored", want.ID)
	}
	got.Cluster, got.First = "", false // sinks that find copies set them
	g, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	w, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if string(g) != string(w) {
		t.Errorf("record %q is stored as\n%s\nwant\n%s", want.ID, g, w)
	}
}

func (u *sinkRun) finds(t *testing.T, person string, want ...string) {
	t.Helper()
	got := u.Find(t, u.sink, person)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%q is found in %q, want %q", person, got, want)
	}
}

// NewRecord is a record of the revision (Unix milliseconds) in which each person meets the press and
// says something, on a date. Spans, indices and text agree.
func NewRecord(id string, revision int64, people ...string) pipeline.Record {
	published := time.Date(2025, 6, 15, 8, 0, 0, 0, time.UTC)
	var body strings.Builder
	x := extractor.Analysis{
		Version: "test", Entities: []coref.Entity{}, Mentions: []ner.Mention{}, Dates: []timex.Date{}, Quotes: []quote.Quote{},
	}
	title := "A meeting"
	base := len(title) + 2
	body.WriteString("On 12 June 2025 they met.")
	x.Dates = append(x.Dates, timex.Date{
		Span: text.Span{Start: base + 3, End: base + 15}, Text: "12 June 2025", Type: timex.Type("DATE"), Value: "2025-06-12",
		From: time.Date(2025, 6, 12, 0, 0, 0, 0, time.UTC), To: time.Date(2025, 6, 13, 0, 0, 0, 0, time.UTC),
	})
	for i, p := range people {
		body.WriteString("\n\n")
		start := base + body.Len()
		said := "I was number " + fmt.Sprint(i) + " there"
		body.WriteString(p + " said: “" + said + "”.")
		name := text.Span{Start: start, End: start + len(p)}
		qs := name.End + len(" said: “")
		x.Entities = append(x.Entities, coref.Entity{
			ID: i, Type: ner.Person, Name: p, Key: "person:" + strings.ToLower(strings.ReplaceAll(p, " ", "-")), Mentions: []int{i},
		})
		x.Mentions = append(x.Mentions, ner.Mention{Span: name, Text: p, Type: ner.Person, Entity: i, Form: ner.Name, Score: 0.9})
		x.Quotes = append(x.Quotes, quote.Quote{
			Span: text.Span{Start: qs, End: qs + len(said)}, Text: said, Kind: quote.Direct, Rule: "test", Score: 0.8,
			Speaker: &quote.Speaker{Entity: &i, Expression: &quote.Expression{Span: name, Text: p}},
			Cue:     &quote.Cue{Span: text.Span{Start: name.End + 1, End: name.End + 5}, Text: "said"},
		})
	}
	modified := time.Time{}
	if revision > 0 {
		modified = time.UnixMilli(revision).UTC()
	}
	a := &extractor.Article{
		ID: id, URL: "https://example.org/" + id, Title: title, Body: body.String(), Source: "Example Post", Language: "en",
		Published: published, Modified: modified,
	}
	r := pipeline.NewRecord(a, &x, time.Time{})
	r.Revision = revision
	return r
}
