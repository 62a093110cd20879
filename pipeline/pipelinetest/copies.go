package pipelinetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/copies"
	"github.com/datelinenews/dateline/pipeline/search"
)

// copiedRecords are three stories at several publishers, and one that is like them but another.
func copiedRecords() []pipeline.Record {
	stories := []string{
		"The old bridge over the Varde at Lowmere was closed on Monday after inspectors found cracks in two of its piers. Traffic is being sent over the new bridge at Fordham, eleven kilometres to the north. The authority's chief engineer expects the repair to take until the spring, and a ferry will carry those who walk. ",
		"Northern Grain, the second largest miller, said on Thursday that it would buy its rival Delta Flour in cash. The two together would grind a third of the country's wheat. The competition office has until June to object, and bakers in five provinces have asked it to do so before the month is out. ",
		"A storm that came in from the sea on Saturday night tore roofs from houses on the island of Sund and left all of it without power. No one was killed. The coastguard brought the old to the mainland, where a school has been opened for them, and the ferry runs again from this morning on. ",
	}
	var recs []pipeline.Record
	for i, story := range stories {
		for k, source := range []string{"Ferry Gazette", "Northern Chronicle", "Sund Courier", "Ford Herald"} {
			// The second at hand was published first, the last months later.
			published := day("2011-03-10").AddDate(0, 0, []int{2, 1, 3, 200}[k])
			d := newDraft(fmt.Sprintf("copy-%d-%d", i, k), fmt.Sprintf("%s: story %d", source, i), source, published.Format(time.DateOnly))
			if k == 2 {
				d.text("By our own correspondent. ")
			}
			d.text(story)
			d.name(ner.Person, "Ines Prado", "").text(" came. ")
			d.quote("We could not take the risk another day.", "Ines Prado")
			if k != 1 {
				d.quote(fmt.Sprintf("Only the %s has this.", source), "Ines Prado")
			}
			recs = append(recs, d.record())
		}
	}
	return recs
}

// cluster gives the records their clusters, as sinks do that write them in their order: by looking at all
// firsts that there are.
func cluster(recs []pipeline.Record) []pipeline.Record {
	members := make([]copies.Member, len(recs))
	for i := range recs {
		members[i] = copies.NewMember(&recs[i])
		m := &members[i]
		var firsts []copies.Member
		for _, f := range members[:i] {
			if f.First && slices.ContainsFunc(f.Print.Bands(), func(b string) bool { return slices.Contains(m.Print.Bands(), b) }) {
				firsts = append(firsts, f)
			}
		}
		for _, demoted := range m.Join(firsts).Demoted {
			for k := range members[:i] {
				members[k].First = members[k].First && members[k].ID != demoted.ID
			}
		}
	}
	out := slices.Clone(recs)
	for i := range out {
		members[i].Set(&out[i])
	}
	return out
}

// ofCluster counts the records of the cluster that an ID's record has.
func ofCluster(recs []pipeline.Record, prefix string) (cluster string, first string, n int) {
	for _, r := range recs {
		if strings.HasPrefix(r.ID, prefix) {
			cluster = r.Cluster
			break
		}
	}
	for _, r := range recs {
		if r.Cluster != cluster {
			continue
		}
		n++
		if r.First {
			first = r.ID
		}
	}
	return cluster, first, n
}

// testCopies tests clusters of copies, folded answers and questions for a cluster's articles.
func testCopies(t *testing.T, s search.Searcher, plain *plainSearcher) {
	for i := range 3 {
		id, first, n := ofCluster(plain.records, fmt.Sprintf("copy-%d-0", i))
		if id != fmt.Sprintf("copy-%d-0", i) || first != fmt.Sprintf("copy-%d-1", i) || n != 3 {
			t.Fatalf("the reference has %q, %q, %d: the test shows nothing", id, first, n)
		}
		q := search.Query{Cluster: id, Sort: search.ByTime}
		sameArticles(t, s, plain, q)
		sameQuotes(t, s, plain, q)
		q.Fold = true
		if _, total := sameArticles(t, s, plain, q); total != 1 {
			t.Errorf("%d stories in one cluster", total)
		}
		if ids := sameQuotes(t, s, plain, q); len(ids) != 3 { // one that all have, and two of one each
			t.Errorf("folded quotes %q, want three", ids)
		}
	}
	q := search.Query{Persons: []string{"Ines Prado"}, From: day("2011-01-01"), To: day("2012-01-01"), Dates: search.Published, Sort: search.ByTime, Fold: true, Facets: 5}
	if _, total := sameArticles(t, s, plain, q); total != 6 { // three stories, and each again months later
		t.Errorf("%d stories, want 6", total)
	}
	// A copy that is not the first stands for the story where only it is asked for.
	q.Sources = []string{"Sund Courier"}
	if ids, total := sameArticles(t, s, plain, q); total != 3 || len(ids) != 3 {
		t.Errorf("of one source %q", ids)
	}
	q.Sources = nil
	seen := map[string]bool{}
	for q.Offset, q.Limit = 0, 2; q.Offset < 6; q.Offset += 2 {
		ids, _ := sameArticles(t, s, plain, q)
		for _, id := range ids {
			if seen[id] {
				t.Errorf("%q is on two pages", id)
			}
			seen[id] = true
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d stories on all pages", len(seen))
	}
	res, err := s.Search(t.Context(), search.Query{Words: "bridge inspectors", Fold: true})
	if err != nil || res.Total != 2 || len(res.Hits) != 2 || res.Hits[0].Copies+res.Hits[1].Copies != 2 {
		t.Errorf("by relevance %+v, %v", res, err)
	}
	if _, err := s.Search(t.Context(), search.Query{Fold: true, After: "x"}); !errors.Is(err, search.ErrQuery) {
		t.Errorf("a folded answer from a cursor on gives %v", err)
	}
}
