package pipelinetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/search"
)

// TestSearcher tests the contract of search.Searcher, and of search.Explorer. Open gives a searcher over exactly the
// records, which were written by the sink of the same index, and can be found.
//
// Every engine is held to the answers of one plain reference (see plainSearcher), so that all
// engines that pass answer alike: totals, the order of the hits, and facets. Only scores are the
// engines' own, so that an order by relevance is tested where it is clear.
func TestSearcher(t *testing.T, open func(t *testing.T, recs []pipeline.Record) search.Searcher) {
	n := 2000
	if testing.Short() {
		n = 200
	}
	recs := append(searcherRecords(n), copiedRecords()...)
	s := open(t, recs)
	recs = cluster(recs)
	plain := &plainSearcher{records: recs}
	t.Run("copies", func(t *testing.T) { testCopies(t, s, plain) })
	t.Run("Get", func(t *testing.T) { testGet(t, s, recs) })
	t.Run("Search", func(t *testing.T) {
		for _, c := range searchCases() {
			t.Run(c.name, func(t *testing.T) {
				want, _ := sameArticles(t, s, plain, c.q)
				if c.ids != nil && !slices.Equal(want, c.ids) {
					t.Errorf("found %q, want %q", want, c.ids)
				}
			})
		}
	})
	t.Run("Quotes", func(t *testing.T) {
		for _, c := range quoteCases() {
			t.Run(c.name, func(t *testing.T) {
				if got := sameQuotes(t, s, plain, c.q); c.ids != nil && !slices.Equal(got, c.ids) {
					t.Errorf("found %q, want %q", got, c.ids)
				}
			})
		}
	})
	t.Run("any question", func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2)) // the same every time
		articles, quotes := 0, 0
		for range 300 {
			q := anyQuery(r)
			ids, total := sameArticles(t, s, plain, q)
			if len(ids) > 0 && total < len(recs) {
				articles++
			}
			if len(sameQuotes(t, s, plain, q)) > 0 {
				quotes++
			}
		}
		if articles < 50 || quotes < 30 {
			t.Errorf("only %d of the questions found some of the articles and %d some quotes: they show nothing", articles, quotes)
		}
	})
	t.Run("counts", func(t *testing.T) {
		c, ok := s.(search.Counter)
		if !ok {
			t.Fatalf("%T is no search.Counter", s)
		}
		testCounts(t, c, recs)
	})
	t.Run("explore", func(t *testing.T) {
		e, ok := s.(search.Explorer)
		if !ok {
			t.Fatalf("%T is no search.Explorer", s)
		}
		testExplorer(t, e, plain)
	})
	t.Run("profile", func(t *testing.T) {
		p, ok := s.(search.Profiler)
		if !ok {
			t.Fatalf("%T is no search.Profiler", s)
		}
		testProfiler(t, p, plain)
	})
	t.Run("cursor", func(t *testing.T) { testCursor(t, s, plain) })
	t.Run("relevance", func(t *testing.T) { testRelevance(t, s) })
	t.Run("pages", func(t *testing.T) { testPages(t, s, len(recs)) })
	t.Run("a query that can't be asked", func(t *testing.T) {
		for _, q := range []search.Query{{Offset: -1}, {Offset: search.Window}, {Sort: "size"}, {After: "nonsense"}, {After: "WyJhIl0"}, {After: "x", Offset: 1}, {From: day("2025-02-01"), To: day("2025-01-01")}} {
			if _, err := s.Search(t.Context(), q); !errors.Is(err, search.ErrQuery) {
				t.Errorf("Search(%+v) returns %v, want ErrQuery", q, err)
			}
			if _, err := s.Quotes(t.Context(), q); !errors.Is(err, search.ErrQuery) {
				t.Errorf("Quotes(%+v) returns %v, want ErrQuery", q, err)
			}
		}
	})
}

type searchCase struct {
	name string
	q    search.Query
	// ids are the hits in order, those of quotes as article#index. Nil: only the reference's.
	ids []string
}

func searchCases() []searchCase {
	c := func(name string, q search.Query, ids ...string) searchCase {
		q.Sort = search.ByTime
		if ids == nil {
			ids = []string{}
		}
		return searchCase{name, q, ids}
	}
	return []searchCase{
		c("a word, by its stem", search.Query{Words: "signing"}, "accord-2", "accord-1"),
		c("every word must occur", search.Query{Words: "accord ferry"}, "accord-2"),
		c("a phrase", search.Query{Words: `"accord on ferries"`}, "accord-2"),
		c("a phrase in another order is none", search.Query{Words: `"ferries on accord"`}),
		c("stop words are words", search.Query{Words: `"on the"`, Persons: []string{"Mensah"}}, "harbour"),
		c("a word that must not occur", search.Query{Words: "accord -ferries"}, "accord-1"),
		c("only words that must not", search.Query{Words: "-accord", Organisations: []string{"Meridian"}}, "undated"),
		c("accents and case", search.Query{Words: "CAFE"}, "harbour"),
		c("curly apostrophes", search.Query{Words: "harbour's"}, "harbour"),
		c("punctuation is no word", search.Query{Words: "? accord -", Sources: []string{"Ridge Post"}}, "accord-2"),
		c("an organisation by its name", search.Query{Organisations: []string{"tarkwa growers' alliance"}}, "accord-2", "accord-1"),
		c("by its acronym", search.Query{Organisations: []string{"TGA"}}, "accord-2", "accord-1"),
		c("by its acronym with points", search.Query{Organisations: []string{"T.G.A."}}, "accord-2", "accord-1"),
		c("by a word of its name", search.Query{Organisations: []string{"growers"}}, "accord-2", "accord-1"),
		c("words of two names don't mix", search.Query{Organisations: []string{"Alliance Meridian"}}),
		c("an acronym with points by its letters", search.Query{Organisations: []string{"UN"}}, "harbour"),
		c("a person by surname", search.Query{Persons: []string{"owusu"}}, "accord-2", "accord-1"),
		c("a person without accents", search.Query{Persons: []string{"tomas rehor"}}, "harbour"),
		c("a pronoun is no name", search.Query{Persons: []string{"she"}}),
		c("a person is no organisation", search.Query{Organisations: []string{"Owusu"}}),
		c("two persons", search.Query{Persons: []string{"Mensah", "Řehoř"}}, "harbour"),
		c("a name that is none", search.Query{Persons: []string{"?"}}),
		c("a place", search.Query{Places: []string{"Accra"}}, "harbour", "accord-1"),
		c("a speaker", search.Query{Speakers: []string{"Abena Owusu"}}, "accord-1"),
		c("a speaker without a name", search.Query{Speakers: []string{"spokesman"}}, "harbour"),
		c("sources", search.Query{Sources: []string{"Harbour Wire", "nowhere"}}, "harbour", "accord-1"),
		c("sources are exact", search.Query{Sources: []string{"harbour"}}),
		c("a date mentioned", search.Query{From: day("2025-01-14"), To: day("2025-01-15"), Dates: search.Mentioned}, "accord-1"),
		c("the end is not part", search.Query{From: day("2025-01-13"), To: day("2025-01-14"), Dates: search.Mentioned}),
		c("a day inside a month mentioned", search.Query{From: day("2024-03-10"), To: day("2024-03-11")}, "harbour"),
		c("bounds of two dates don't mix", search.Query{From: day("2024-05-01"), To: day("2024-06-01")}),
		c("a day inside a century mentioned", search.Query{From: day("1850-07-01"), To: day("1850-07-02")}, "undated"),
		c("part of a day", search.Query{From: day("2025-01-14").Add(20 * time.Hour), To: day("2025-01-14").Add(21 * time.Hour)}, "accord-1"),
		c("published", search.Query{From: day("2025-01-16"), To: day("2025-01-17")}, "accord-1"),
		c("published only", search.Query{From: day("2025-01-14"), To: day("2025-01-15"), Dates: search.Published}),
		c("from, with an open end", search.Query{From: day("2025-06-01"), Dates: search.Published, Sources: []string{"Ridge Post"}}, "accord-2"),
		c("up to, with an open start", search.Query{To: day("1900-01-01")}, "undated"),
		c("all kinds at once", search.Query{
			Words: "accord", Persons: []string{"Owusu"}, Organisations: []string{"Meridian"}, Places: []string{"Accra"},
			Speakers: []string{"Owusu"}, Sources: []string{"Harbour Wire"}, From: day("2025-01-01"), To: day("2025-02-01"), Facets: 10,
		}, "accord-1"),
		{"everything", search.Query{Limit: 5, Facets: 50}, nil},
		{"undated comes last", search.Query{Sort: search.ByTime, Limit: 1000}, nil},
	}
}

func quoteCases() []searchCase {
	return []searchCase{
		{"by speaker", search.Query{Speakers: []string{"Owusu"}}, []string{"accord-1#0", "accord-1#1"}},
		{"only the speaker's own", search.Query{Speakers: []string{"Řehoř"}}, []string{"harbour#0"}},
		{"of an article with a place", search.Query{Places: []string{"Accra"}, Persons: []string{"Mensah"}, Facets: 10}, []string{"harbour#0", "harbour#1", "harbour#2"}},
		{"by words", search.Query{Words: "certainty hold", Sort: search.ByTime}, []string{}},
		{"by their stems", search.Query{Words: "certain holds", Sort: search.ByTime}, []string{"accord-1#0"}},
		{"the article's words are not the quote's", search.Query{Words: "signed"}, []string{}},
		{"by date", search.Query{From: day("2025-01-14"), To: day("2025-01-15")}, []string{"accord-1#0", "accord-1#1"}},
	}
}

func testGet(t *testing.T, s search.Searcher, recs []pipeline.Record) {
	for _, i := range []int{0, 1, 2, 3, len(recs) - 1} {
		got, err := s.Get(t.Context(), recs[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := asJSON(t, got), asJSON(t, recs[i]); a != b {
			t.Errorf("record %q comes back as\n%s\nwant\n%s", recs[i].ID, a, b)
		}
		if got.Revision != recs[i].Revision {
			t.Errorf("record %q has revision %d, want %d", recs[i].ID, got.Revision, recs[i].Revision)
		}
	}
	for _, id := range []string{"no such", "", "accord-1#0", "accord"} {
		if r, err := s.Get(t.Context(), id); !errors.Is(err, search.ErrNotFound) {
			t.Errorf("Get(%q) returns %v, %v, want ErrNotFound", id, r, err)
		}
	}
}

// sameTotal compares counts. Those of folded answers may be off by a hundredth: some engines estimate
// them.
func sameTotal(q search.Query, got, want int) bool {
	if !q.Fold {
		return got == want
	}
	return got >= want-want/100 && got <= want+want/100
}

// sameArticles asks both the same, and returns the IDs of the hits and their total.
func sameArticles(t *testing.T, s search.Searcher, plain *plainSearcher, q search.Query) ([]string, int) {
	t.Helper()
	got, err := s.Search(t.Context(), q)
	if err != nil {
		t.Fatalf("Search(%+v): %v", q, err)
	}
	want, err := plain.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	id := func(h search.Hit) string { return h.Record.ID }
	g, w := idsOf(got.Hits, id), idsOf(want.Hits, id)
	if !sameTotal(q, got.Total, want.Total) || !slices.Equal(g, w) {
		t.Errorf("Search(%+v) finds %d: %q, want %d: %q", q, got.Total, g, want.Total, w)
		return g, got.Total
	}
	if !reflect.DeepEqual(got.Facets, want.Facets) {
		t.Errorf("Search(%+v) counts %v, want %v", q, got.Facets, want.Facets)
	}
	for i, h := range got.Hits {
		if a, b := asJSON(t, h.Record), asJSON(t, want.Hits[i].Record); a != b {
			t.Errorf("Search(%+v): hit %d is\n%s\nwant\n%s", q, i, a, b)
		}
		if !slices.Equal(h.Snippets, want.Hits[i].Snippets) {
			t.Errorf("Search(%+v): hit %d has snippets %q, want %q", q, i, h.Snippets, want.Hits[i].Snippets)
		}
	}
	return g, got.Total
}

// sameQuotes asks both the same, and returns the hits as article#index.
func sameQuotes(t *testing.T, s search.Searcher, plain *plainSearcher, q search.Query) []string {
	t.Helper()
	got, err := s.Quotes(t.Context(), q)
	if err != nil {
		t.Fatalf("Quotes(%+v): %v", q, err)
	}
	want, err := plain.Quotes(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	id := func(h search.QuoteHit) string { return fmt.Sprintf("%s#%d", h.Article, h.Index) }
	g, w := idsOf(got.Hits, id), idsOf(want.Hits, id)
	if !sameTotal(q, got.Total, want.Total) || !slices.Equal(g, w) {
		t.Errorf("Quotes(%+v) finds %d: %q, want %d: %q", q, got.Total, g, want.Total, w)
		return g
	}
	if !reflect.DeepEqual(got.Facets, want.Facets) {
		t.Errorf("Quotes(%+v) counts %v, want %v", q, got.Facets, want.Facets)
	}
	for i, h := range got.Hits {
		h.Score, want.Hits[i].Score = 0, 0
		if a, b := asJSON(t, h), asJSON(t, want.Hits[i]); a != b {
			t.Errorf("Quotes(%+v): hit %d is\n%s\nwant\n%s", q, i, a, b)
		}
	}
	return g
}

func testRelevance(t *testing.T, s search.Searcher) {
	res, err := s.Search(t.Context(), search.Query{Words: "accord"})
	if err != nil {
		t.Fatal(err)
	}
	// accord-1 has the word in its title and three times; accord-2 is newer and has it once.
	if ids := idsOf(res.Hits, func(h search.Hit) string { return h.Record.ID }); !slices.Equal(ids, []string{"accord-1", "accord-2"}) {
		t.Errorf("by relevance: %q", ids)
	}
	for i, h := range res.Hits {
		if h.Score <= 0 || i > 0 && h.Score > res.Hits[i-1].Score {
			t.Errorf("hit %d has score %g", i, h.Score)
		}
		if len(h.Snippets) == 0 || !strings.Contains(strings.ToLower(strings.Join(h.Snippets, "")), search.MarkStart+"accord"+search.MarkEnd) {
			t.Errorf("hit %d has snippets %q", i, h.Snippets)
		}
	}
}

func testPages(t *testing.T, s search.Searcher, n int) {
	seen := map[string]bool{}
	for offset := 0; offset < n; offset += 17 {
		res, err := s.Search(t.Context(), search.Query{Offset: offset, Limit: 17})
		if err != nil {
			t.Fatal(err)
		}
		if res.Total != n {
			t.Errorf("page at %d: total %d, want %d", offset, res.Total, n)
		}
		for _, h := range res.Hits {
			if seen[h.Record.ID] {
				t.Errorf("%q is on two pages", h.Record.ID)
			}
			seen[h.Record.ID] = true
		}
	}
	if len(seen) != n {
		t.Errorf("%d articles on all pages, want %d", len(seen), n)
	}
}

// testCursor goes from each answer on to the next.
func testCursor(t *testing.T, s search.Searcher, plain *plainSearcher) {
	for _, q := range []search.Query{{Sort: search.ByTime}, {Words: "storm"}, {Words: "storm", Sort: search.ByTime, Sources: []string{"Ridge Post"}}} {
		want, err := plain.Search(t.Context(), search.Query{Words: q.Words, Sources: q.Sources, Limit: search.Window})
		if err != nil {
			t.Fatal(err)
		}
		wanted := idsOf(want.Hits, func(h search.Hit) string { return h.Record.ID })
		var ids []string
		q.Limit = 97
		for {
			res, err := s.Search(t.Context(), q)
			if err != nil {
				t.Fatalf("Search(%+v): %v", q, err)
			}
			if res.Total != len(wanted) {
				t.Fatalf("Search(%+v) finds %d, want %d", q, res.Total, len(wanted))
			}
			ids = append(ids, idsOf(res.Hits, func(h search.Hit) string { return h.Record.ID })...)
			if res.Next == "" || len(ids) > len(wanted) {
				break
			}
			q.After = res.Next
		}
		if q.Sort != search.ByTime { // an order of the engine's own
			slices.Sort(ids)
			slices.Sort(wanted)
		}
		if !slices.Equal(ids, wanted) {
			t.Errorf("%+v, page after page, finds %q, want %q", q, ids, wanted)
		}
	}
	want, err := plain.Quotes(t.Context(), search.Query{Limit: search.Window})
	if err != nil {
		t.Fatal(err)
	}
	id := func(h search.QuoteHit) string { return fmt.Sprintf("%s#%d", h.Article, h.Index) }
	var ids []string
	for q := (search.Query{Limit: 97, Sort: search.ByTime}); ; {
		res, err := s.Quotes(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, idsOf(res.Hits, id)...)
		if res.Next == "" || len(ids) > len(want.Hits) {
			break
		}
		q.After = res.Next
	}
	if wanted := idsOf(want.Hits, id); !slices.Equal(ids, wanted) {
		t.Errorf("quotes, page after page, are %q, want %q", ids, wanted)
	}
}

// anyQuery is a question of which every part is there at times.
func anyQuery(r *rand.Rand) search.Query {
	q := search.Query{Sort: search.ByTime, Limit: 1 + r.IntN(30), Offset: r.IntN(5), Facets: r.IntN(4)}
	some := func(share float64, list []string) []string {
		if r.Float64() > share {
			return nil
		}
		return []string{list[r.IntN(len(list))]}
	}
	if w := some(0.5, []string{"storm", "election", "storms -bridge", `"bridge opened"`, "opened bridge", "-storm", "vote", `"in the north"`, "northern"}); w != nil {
		q.Words = w[0]
	}
	q.Persons = some(0.15, []string{"Okoro", "Ines Prado", "lee", "Lee Okoro"})
	q.Organisations = some(0.15, []string{"Bureau", "river authority", "RA", "Northern Bureau"})
	q.Places = some(0.15, []string{"Lowmere", "high ford", "ford"})
	q.Speakers = some(0.2, []string{"Prado", "Sam Lee", "Okoro", "witness"})
	q.Fold = r.IntN(4) == 0
	q.Sources = some(0.1, []string{"Ridge Post", "Delta Times"})
	q.Not.Persons = some(0.1, []string{"Lee", "Okoro"})
	q.Not.Speakers = some(0.1, []string{"Sam Lee", "witness"})
	q.Not.Sources = some(0.1, []string{"Ridge Post", "Harbour Bell"})
	if k := some(0.1, []string{coref.Key(ner.Person, "Sam Lee"), coref.Key(ner.Organisation, "River Authority")}); k != nil {
		q.Entities = [][]string{{"person:nobody", k[0]}}
	}
	q.SpeakerKeys = some(0.1, []string{coref.Key(ner.Person, "Sam Lee"), coref.Key(ner.Person, "Ines Prado")})
	q.Cues = some(0.1, []string{"Said", "warned"})
	q.Kinds = some(0.1, []string{"direct", "direct", "indirect"})
	if r.IntN(3) == 0 {
		q.From = day("2010-01-01").AddDate(0, 0, r.IntN(150))
		q.To = q.From.AddDate(0, r.IntN(3), 1+r.IntN(40))
		switch r.IntN(6) {
		case 0:
			q.From = time.Time{}
		case 1:
			q.To = time.Time{}
		}
		q.Dates = []search.Dates{search.AnyDate, search.Mentioned, search.Published}[r.IntN(3)]
	}
	return q
}

func idsOf[H any](hits []H, id func(H) string) []string {
	out := []string{}
	for _, h := range hits {
		out = append(out, id(h))
	}
	return out
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}
