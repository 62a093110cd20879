package elastic

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
	"github.com/datelinenews/dateline/pipeline/search"
)

// TestWhere: a question about publication is asked of the months that it is about.
func TestWhere(t *testing.T) {
	day := func(s string) time.Time {
		at, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, c := range []struct {
		name, from, to string
		dates          search.Dates
		want           string
	}{
		{"a month", "2025-01-01", "2025-02-01", search.Published, "a-2025.01"},
		{"a day", "2025-01-31", "2025-02-01", search.Published, "a-2025.01"},
		{"over a year's end", "2024-11-30", "2025-02-02", search.Published, "a-2024.11 a-2024.12 a-2025.01 a-2025.02"},
		{"the first month of all", "0001-01-02", "0001-01-03", search.Published, "a-0001.01"},
		{"too many months", "2020-01-01", "2025-01-01", search.Published, ""},
		{"an open end", "2025-01-01", "", search.Published, ""},
		{"an open start", "", "2025-01-01", search.Published, ""},
		{"dates that are mentioned", "2025-01-01", "2025-02-01", search.Mentioned, ""},
		{"any date", "2025-01-01", "2025-02-01", search.AnyDate, ""},
		{"all", "", "", search.Published, ""},
	} {
		q := search.Query{Dates: c.dates}
		if c.from != "" {
			q.From = day(c.from)
		}
		if c.to != "" {
			q.To = day(c.to)
		}
		in := where("a", q)
		if got := strings.Join(in.months, " "); got != c.want || in.alias != "a" {
			t.Errorf("%s: asks %s of %s, want %s", c.name, got, in.alias, c.want)
		}
	}
	// Whole days count, as everywhere.
	q := search.Query{Dates: search.Published, From: day("2025-01-31").Add(23 * time.Hour), To: day("2025-01-31").Add(24*time.Hour - 1)}
	if in := where("a", q); !slices.Equal(in.months, []string{"a-2025.01"}) {
		t.Errorf("the end of a month asks %q", in.months)
	}
}

// sent is a request for a search.
type sent struct {
	path, kind, partial string
	body                struct {
		Size *int                       `json:"size"`
		Aggs map[string]json.RawMessage `json:"aggs"`
	}
}

// TestRequests: what a question costs is what it needs.
func TestRequests(t *testing.T) {
	var asked []sent
	x, err := Open(Config{Transport: tripper(func(r *http.Request) (*http.Response, error) {
		s := sent{path: r.URL.Path, kind: r.URL.Query().Get("search_type"), partial: r.URL.Query().Get("allow_partial_search_results")}
		if err := json.NewDecoder(r.Body).Decode(&s.body); err != nil {
			t.Error(err)
		}
		asked = append(asked, s)
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{}`)), Request: r}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		q      search.Query
		kind   string
		counts []int // how many aggregations each request has
	}{
		{"by relevance", search.Query{Words: "strike", Facets: 8}, "dfs_query_then_fetch", []int{5}},
		{"by time", search.Query{Words: "strike", Sort: search.ByTime, Facets: 8}, "", []int{5}},
		{"without words", search.Query{Persons: []string{"Owusu"}, Facets: 8}, "", []int{5}},
		{"without what is counted", search.Query{Words: "strike"}, "dfs_query_then_fetch", []int{0}},
		{"only what must not be", search.Query{Words: "-strike", Facets: 8}, "", []int{5}},
		{"everything", search.Query{Facets: 8}, "", []int{0, 5}},
		{"everything, folded", search.Query{Facets: 8, Fold: true}, "", []int{1, 5}},
	} {
		asked = nil
		if _, err := x.Search(t.Context(), c.q); err != nil {
			t.Fatal(err)
		}
		var counts []int
		for i, s := range asked {
			counts = append(counts, len(s.body.Aggs))
			if s.path != "/dateline-articles/_search" || s.kind != c.kind || s.partial != "false" {
				t.Errorf("%s: request %d goes to %s as %q, with partial answers %q", c.name, i, s.path, s.kind, s.partial)
			}
			if cached := s.body.Size != nil && *s.body.Size == 0; cached != (i == 1) {
				t.Errorf("%s: request %d has size 0: %t", c.name, i, cached)
			}
		}
		if !slices.Equal(counts, c.counts) {
			t.Errorf("%s: counts in its requests %v, want %v", c.name, counts, c.counts)
		}
	}
}

// tripper answers requests.
type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestMonths: what is published in some months is found there, and where one of their indices is missing, or
// closed, in the others.
func TestMonths(t *testing.T) {
	x := open(t)
	var recs []pipeline.Record
	for i, day := range []string{"2025-01-31", "2025-03-01", "2025-03-31"} {
		r := pipelinetest.NewRecord(strconv.Itoa(i), 1000, "Ann Brook")
		r.Published, _ = time.Parse(time.DateOnly, day)
		recs = append(recs, r)
	}
	x.mustWrite(t, recs...)
	if err := x.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	find := func(from, to string) int {
		t.Helper()
		q := search.Query{Dates: search.Published, Facets: 3}
		q.From, _ = time.Parse(time.DateOnly, from)
		q.To, _ = time.Parse(time.DateOnly, to)
		res, err := x.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		h, err := x.Histogram(t.Context(), q, 100)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		for _, b := range h.Bars {
			sum += b.Count
		}
		if people := res.Facets[search.FacetPerson]; sum != res.Total || res.Total > 0 && people[0].Count != res.Total {
			t.Errorf("from %s to %s: %d hits, facets %v, bars %v", from, to, res.Total, people, h.Bars)
		}
		return res.Total
	}
	for _, c := range []struct {
		from, to string
		want     int
	}{
		{"2025-01-01", "2025-02-01", 1}, {"2025-03-01", "2025-03-31", 1}, {"2025-03-01", "2025-04-01", 2},
		{"2025-01-01", "2025-04-01", 3}, {"2025-02-01", "2025-03-01", 0}, {"2025-02-01", "2025-03-02", 1},
	} {
		if got := find(c.from, c.to); got != c.want {
			t.Errorf("from %s to %s are %d, want %d", c.from, c.to, got, c.want)
		}
	}
	if err := x.call(t.Context(), esapi.IndicesCloseRequest{Index: []string{x.articles() + "-2025.01"}}, nil); err != nil {
		t.Fatal(err)
	}
	if got := find("2025-01-01", "2025-04-01"); got != 2 {
		t.Errorf("with a month that is closed are %d, want 2", got)
	}
}
