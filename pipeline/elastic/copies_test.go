package elastic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/copies"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
	"github.com/datelinenews/dateline/pipeline/search"
)

// copyOf is a copy of a story, published so many days after the others.
func copyOf(story, k, days int) pipeline.Record {
	r := pipelinetest.NewRecord(fmt.Sprintf("story-%d-copy-%d", story, k), 1000, "Ann Brook")
	words := []string{"harbour", "mill", "council", "storm", "ferry", "school", "bridge", "grain", "union", "lighthouse"}
	var b strings.Builder
	for i := range 60 {
		fmt.Fprintf(&b, " the %s of %s %d", words[(story*7+i*3)%10], words[(story+i*i)%10], story*100+i)
	}
	r.Text += b.String()
	r.Published = r.Published.AddDate(0, 0, days)
	return r
}

// clusterOf looks at a story's copies: their clusters, and which are first.
func (x *Index) clustersOf(t *testing.T, story, copies int) (clusters map[string]int, firsts []string) {
	t.Helper()
	clusters = map[string]int{}
	for k := range copies {
		r, err := x.Get(t.Context(), fmt.Sprintf("story-%d-copy-%d", story, k))
		if err != nil {
			t.Fatal(err)
		}
		clusters[r.Cluster]++
		if r.First {
			firsts = append(firsts, r.ID)
		}
	}
	return clusters, firsts
}

// Two processes write copies of the same stories at the same time, each batch blind for the other's. A
// few seconds later each story is one cluster, whose first is what was published first.
func TestCopiesOfTwoWriters(t *testing.T) {
	t.Parallel()
	x := open(t)
	const stories, writers, each = 20, 2, 2
	var wg sync.WaitGroup
	for w := range writers {
		y := x.again(t)
		wg.Go(func() {
			for k := range each {
				var recs []pipeline.Record
				for s := range stories {
					recs = append(recs, copyOf(s, w*each+k, (3-w*each-k+s)%4))
				}
				if err := y.Write(t.Context(), recs); err != nil {
					t.Errorf("write: %v", err)
				}
			}
		})
		t.Cleanup(func() { _ = y.Close() })
	}
	wg.Wait()
	wrong := func() string {
		for s := range stories {
			clusters, firsts := x.clustersOf(t, s, writers*each)
			want := ""
			for k := range writers * each {
				if (3-k+s)%4 == 0 {
					want = fmt.Sprintf("story-%d-copy-%d", s, k)
				}
			}
			if len(clusters) != 1 || len(firsts) != 1 || firsts[0] != want {
				return fmt.Sprintf("story %d is in clusters %v, first are %q, want %q", s, clusters, firsts, want)
			}
		}
		return ""
	}
	// Everything of the articles says the same.
	uneven := func() string {
		if err := x.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		for s := range stories {
			id, _ := x.clustersOf(t, s, 1)
			for c := range id {
				res, err := x.Quotes(t.Context(), search.Query{Cluster: c})
				if err != nil || res.Total != writers*each {
					return fmt.Sprintf("%d quotes of cluster %s, %v", res.Total, c, err)
				}
				folded, err := x.Search(t.Context(), search.Query{Cluster: c, Fold: true})
				if err != nil || folded.Total != 1 || folded.Hits[0].Copies != writers*each-1 {
					return fmt.Sprintf("folded cluster %s has %d of %d, %v", c, folded.Total, len(folded.Hits), err)
				}
			}
		}
		return ""
	}
	why := ""
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		if why = wrong() + uneven(); why == "" {
			return
		}
	}
	t.Error(why)
}

// again is another process's connection to the same indices.
func (x *Index) again(t *testing.T) *Index {
	t.Helper()
	y, err := Open(x.cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = y.Close() })
	return y
}

// A copy that was published before the first takes its place, also when that was written long ago by
// another process; and an article that is written again stays where it was.
func TestFirstChanges(t *testing.T) {
	t.Parallel()
	x := open(t)
	write := func(y *Index, recs ...pipeline.Record) {
		t.Helper()
		if err := y.Write(t.Context(), recs); err != nil {
			t.Fatal(err)
		}
		if err := x.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	check := func(cluster, first string, n int) {
		t.Helper()
		clusters, firsts := x.clustersOf(t, 1, n)
		if clusters[cluster] != n || len(firsts) != 1 || firsts[0] != first {
			t.Errorf("clusters %v, first %q, want %s and %s", clusters, firsts, cluster, first)
		}
	}
	a, b, c := copyOf(1, 0, 3), copyOf(1, 1, 4), copyOf(1, 2, 1)
	write(x, a)
	y := x.again(t)
	write(y, b)
	check("story-1-copy-0", "story-1-copy-0", 2)
	write(y, c)
	check("story-1-copy-0", "story-1-copy-2", 3)
	for _, r := range []pipeline.Record{a, b, c} {
		write(x.again(t), r)
		check("story-1-copy-0", "story-1-copy-2", 3)
	}
	_ = y.Close()
}

// An article that somebody else writes at the moment in which its cluster changes keeps what they wrote.
func TestRewriteLosesNothing(t *testing.T) {
	t.Parallel()
	x := open(t)
	r := copyOf(1, 0, 0)
	if err := x.Write(t.Context(), []pipeline.Record{r}); err != nil {
		t.Fatal(err)
	}
	y := x.again(t)
	calls := 0
	err := x.rewrite(t.Context(), r.ID, func(got *pipeline.Record) bool {
		if calls++; calls == 1 {
			later := copyOf(1, 0, 0)
			later.Version = "another"
			if err := y.Write(context.WithoutCancel(t.Context()), []pipeline.Record{later}); err != nil {
				t.Error(err)
			}
		}
		got.First = false
		return true
	})
	if err != nil || calls != 2 {
		t.Errorf("%d calls, %v", calls, err)
	}
	got, err := x.Get(t.Context(), r.ID)
	if err != nil || got.Version != "another" || got.First {
		t.Errorf("%v: %+v", err, got)
	}
	x.is(t, *got)
	if err := x.rewrite(t.Context(), "nobody", func(*pipeline.Record) bool { return true }); err != nil {
		t.Errorf("of an article that is not there: %v", err)
	}
}

// A ledger that somebody has deleted is made again from the articles, so that what a later revision
// lacks goes.
func TestLostLedger(t *testing.T) {
	t.Parallel()
	x := open(t)
	if err := x.Write(t.Context(), []pipeline.Record{pipelinetest.NewRecord("a", 1000, "Ann Brook", "Bo Reed"), pipelinetest.NewRecord("b", 1000, "Cy Marsh")}); err != nil {
		t.Fatal(err)
	}
	if err := x.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	x.drop(t, x.ledger())
	later := pipelinetest.NewRecord("a", 2000, "Ann Brook")
	if err := x.Write(t.Context(), []pipeline.Record{later}); !errors.Is(err, ErrSetup) {
		t.Fatalf("without a ledger a write gives %v", err)
	}
	if _, err := x.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := x.Write(t.Context(), []pipeline.Record{later}); err != nil {
		t.Fatal(err)
	}
	x.is(t, later)
	x.is(t, pipelinetest.NewRecord("b", 1000, "Cy Marsh"))
}

// TestLookUpAgain: one search of several that is refused once is no refusal of the next answer.
func TestLookUpAgain(t *testing.T) {
	asked := 0
	x, err := Open(Config{MinBackoff: time.Millisecond, Transport: tripper(func(r *http.Request) (*http.Response, error) {
		asked++
		body := `{"responses":[{"status":200,"hits":{"hits":[{"_source":{"article":{"id":"a"}}}]}}]}`
		if asked == 1 {
			body = `{"responses":[{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"busy"}}]}`
		}
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	r := pipelinetest.NewNews(1).Record(0)
	found, err := x.lookUp(t.Context(), []copies.Member{copies.NewMember(&r)}, nil)
	if err != nil || asked != 2 || len(found) != 1 || found[0].ID != "a" {
		t.Errorf("asked %d times, found %v: %v", asked, found, err)
	}
}
