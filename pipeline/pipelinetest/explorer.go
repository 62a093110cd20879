package pipelinetest

import (
	"context"
	"reflect"
	"regexp"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/search"
)

// testExplorer tests the contract of search.Explorer against the plain reference.
func testExplorer(t *testing.T, s search.Explorer, plain *plainSearcher) {
	for _, q := range []search.Query{
		{}, {Words: "storm"}, {Words: "storm -bridge"}, {Persons: []string{"Lee"}}, {Sources: []string{"Delta Times"}},
		{From: day("2010-02-01"), To: day("2010-02-20"), Dates: search.Published}, {Words: "nowherefound"},
	} {
		for _, most := range []int{1, 7, 40} {
			want, err := plain.Histogram(t.Context(), q, most)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Histogram(t.Context(), q, most)
			if err != nil {
				t.Fatalf("Histogram(%+v, %d): %v", q, most, err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("Histogram(%+v, %d) is\n%v, want\n%v", q, most, got, want)
			}
		}
	}
	found := 0
	for _, facet := range search.FacetNames() {
		for _, prefix := range []string{"", "l", "LEE", "bur", "au", "ré", "rid", "(.", `\`, "U.", "growers' al"} {
			want, err := plain.Names(t.Context(), facet, prefix, 3)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Names(t.Context(), facet, prefix, 3)
			if err != nil {
				t.Fatalf("Names(%s, %q): %v", facet, prefix, err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("Names(%s, %q) are %v, want %v", facet, prefix, got, want)
			}
			found += len(got)
		}
	}
	if found < 20 {
		t.Errorf("only %d names found: they show nothing", found)
	}
}

func (p *plainSearcher) matching(q search.Query) []pipeline.Record {
	var out []pipeline.Record
	for _, r := range p.records {
		d := search.NewDocument(&r)
		if wordsMatch(q, r.Text) && articleMatches(q, &r, d) && namesMatch(q.Speakers, d.Speakers) {
			out = append(out, r)
		}
	}
	return out
}

func (p *plainSearcher) Histogram(_ context.Context, q search.Query, most int) (*search.Histogram, error) {
	var first, last time.Time
	recs := p.matching(q)
	for _, r := range recs {
		if r.Published.IsZero() {
			continue
		}
		if first.IsZero() || r.Published.Before(first) {
			first = r.Published
		}
		if r.Published.After(last) {
			last = r.Published
		}
	}
	h := search.NewHistogram(first, last, most)
	for i, b := range h.Bars {
		for _, r := range recs {
			if !r.Published.IsZero() && !r.Published.Before(b.From) && r.Published.Before(b.To) {
				h.Bars[i].Count++
			}
		}
	}
	return h, nil
}

func (p *plainSearcher) Names(_ context.Context, facet, prefix string, limit int) ([]search.Count, error) {
	c := newTally(search.Query{Facets: 1000})
	for _, r := range p.records {
		d := search.NewDocument(&r)
		c.count(&r, d, d.Speakers)
	}
	word := regexp.MustCompile(`(?i)(^|[ \-'’])` + regexp.QuoteMeta(prefix))
	out := []search.Count{}
	for _, v := range c.most()[facet] {
		if len(out) < limit && word.MatchString(v.Value) {
			out = append(out, v)
		}
	}
	return out, nil
}
