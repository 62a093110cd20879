package pipelinetest

import (
	"context"
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
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
		d := p.document(&r)
		if articleMatches(q, &r, d) && speakersMatch(q, d.Speakers, d.SpeakerKeys) && wordsMatch(q, r.Text) {
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
		d := p.document(&r)
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

// testProfiler tests the contract of search.Profiler against the plain reference.
func testProfiler(t *testing.T, s search.Profiler, plain *plainSearcher) {
	lee, okoro, prado := coref.Key(ner.Person, "Sam Lee"), coref.Key(ner.Person, "Lee Okoro"), coref.Key(ner.Person, "Ines Prado")
	authority, alliance := coref.Key(ner.Organisation, "River Authority"), coref.Key(ner.Organisation, "Tarkwa Growers' Alliance")
	queries := []search.Query{{}, {Words: "storm -bridge"}, {Sources: []string{"Delta Times"}}, {Words: "nowherefound"}, {Entities: [][]string{{okoro, prado}}}}
	names, roles, affiliations, ties, values := 0, 0, 0, 0, 0
	for _, q := range queries {
		for _, keys := range [][]string{{lee}, {lee, okoro}, {authority}, {alliance}, {"person:nobody"}, {`person:a"(.*`}} {
			want, got := plain.profile(q, keys, 4), try(t, s.Profile, q, keys, 4)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("Profile(%+v, %q) is\n%+v, want\n%+v", q, keys, got, want)
			}
			names, roles, affiliations = names+len(got.Names), roles+len(got.Roles), affiliations+len(got.Affiliations)
		}
		groups := [][]string{{lee, okoro}, {authority}, {prado}, {okoro}, {"person:nobody"}}
		got, err := s.Ties(t.Context(), q, groups)
		if err != nil {
			t.Fatalf("Ties(%+v): %v", q, err)
		}
		if want := plain.ties(q, groups); !reflect.DeepEqual(got, want) {
			t.Errorf("Ties(%+v) are %v, want %v", q, got, want)
		}
		ties += len(got)
		for _, limit := range []int{1, 500} {
			got, err := s.Values(t.Context(), q, limit)
			if err != nil {
				t.Fatalf("Values(%+v): %v", q, err)
			}
			if want := plain.values(q, limit); !reflect.DeepEqual(got, want) {
				t.Errorf("Values(%+v, %d) are %v, want %v", q, limit, got, want)
			}
			values += len(got)
		}
	}
	if names < 10 || roles < 5 || affiliations < 5 || ties < 5 || values < 50 {
		t.Errorf("%d names, %d roles, %d affiliations, %d ties and %d values found: they show too little", names, roles, affiliations, ties, values)
	}
}

func try(t *testing.T, f func(context.Context, search.Query, []string, int) (*search.Profile, error), q search.Query, keys []string, limit int) *search.Profile {
	t.Helper()
	p, err := f(t.Context(), q, keys, limit)
	if err != nil {
		t.Fatalf("Profile(%+v, %q): %v", q, keys, err)
	}
	return p
}

func (p *plainSearcher) profile(q search.Query, keys []string, limit int) *search.Profile {
	names, roles, affiliations := map[string]int{}, map[string]*search.Role{}, map[string]*search.Role{}
	count := func(to map[string]*search.Role, labels map[string]bool, at time.Time) {
		delete(labels, "")
		for l := range labels {
			if to[l] == nil {
				to[l] = &search.Role{Role: l}
			}
			to[l].Add(at)
		}
	}
	for _, r := range p.matching(q) {
		forms, in, of := map[string]bool{}, map[string]bool{}, map[string]bool{}
		for _, e := range r.Entities {
			if !slices.Contains(keys, e.Key) {
				continue
			}
			forms[e.Name], forms[e.Acronym], in[e.Role], of[e.Affiliation] = true, true, true, true
			for _, m := range e.Mentions {
				if f := r.Mentions[m].Form; f == ner.Name || f == ner.Acronym {
					forms[r.Mentions[m].Text] = true
				}
			}
		}
		for f := range forms {
			if f != "" {
				names[f]++
			}
		}
		count(roles, in, r.Published)
		count(affiliations, of, r.Published)
	}
	return &search.Profile{Names: search.TopCounts(names, limit), Roles: search.TopRoles(roles, limit), Affiliations: search.TopAffiliations(affiliations, limit)}
}

func (p *plainSearcher) ties(q search.Query, groups [][]string) []search.Tie {
	out := []search.Tie{}
	for a := range groups {
		for b := a + 1; b < len(groups); b++ {
			pair := q
			pair.Entities = append(slices.Clone(q.Entities), groups[a], groups[b])
			if n := len(p.matching(pair)); n > 0 {
				out = append(out, search.Tie{A: a, B: b, Count: n})
			}
		}
	}
	return out
}

func (p *plainSearcher) values(q search.Query, limit int) []search.Count {
	counts := map[string]int{}
	for _, r := range p.matching(q) {
		for _, v := range p.document(&r).Values {
			counts[v]++
		}
	}
	return search.TopCounts(counts, limit)
}
