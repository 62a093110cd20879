package elastic

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/copies"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
)

var errDead = errors.New("the process was killed")

// wire is a connection that a test can break.
type wire struct {
	// before is asked before each request, by its number from 0; an error is returned instead of
	// sending it.
	before func(n int) error
	// after is asked when the answer is there; an error is returned instead of it.
	after func(n int) error
	n     atomic.Int64
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	n := int(w.n.Add(1)) - 1
	if w.before != nil {
		if err := w.before(n); err != nil {
			return nil, err
		}
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && w.after != nil {
		if err := w.after(n); err != nil {
			res.Body.Close()
			return nil, err
		}
	}
	return res, err
}

// through is another process at the same indices, whose requests go through the wire.
func (x *Index) through(t *testing.T, w *wire) *Index {
	t.Helper()
	cfg := x.cfg
	cfg.Transport, cfg.Attempts = w, 1
	y, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = y.Close() })
	return y
}

// is checks that exactly the record's documents are stored of its article.
func (x *Index) is(t *testing.T, r pipeline.Record) {
	t.Helper()
	docs, err := x.documents(&r, &copies.Print{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{}
	for _, ref := range x.refs(r.ID, docs.set) {
		want = append(want, strings.TrimPrefix(ref.index, x.cfg.Prefix+"-")+"/"+ref.id)
	}
	slices.Sort(want)
	got := []string{}
	for _, alias := range []string{x.articles(), x.mentions(), x.quotes()} {
		for _, id := range x.ids(t, alias, node{"term": node{"article.id": r.ID}}) {
			got = append(got, strings.TrimPrefix(alias, x.cfg.Prefix+"-")+"-"+id)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s: stored are\n%q\nwant\n%q", r.ID, got, want)
	}
	for _, alias := range []string{x.articles(), x.mentions(), x.quotes()} {
		if other := x.ids(t, alias, node{"bool": node{
			"filter":   node{"term": node{"article.id": r.ID}},
			"must_not": node{"term": node{"article.revision": r.Revision}},
		}}); len(other) > 0 {
			t.Errorf("%s: of another revision than %d are %q", r.ID, r.Revision, other)
		}
	}
	entries, _, err := x.entries(t.Context(), []string{r.ID})
	if err != nil {
		t.Fatal(err)
	}
	if e := entries[0]; e == nil || e.Revision != r.Revision || len(e.Sets) != 1 || !contains(e.Sets, docs.set) {
		t.Errorf("%s: the ledger has %+v, want revision %d with %+v", r.ID, e, r.Revision, docs.set)
	}
}

// versions are three revisions of an article, each of which lacks something of the one before; the
// second is in another month.
func versions(id string) []pipeline.Record {
	one := pipelinetest.NewRecord(id, 1000, "Ann Brook", "Bo Reed", "Cy Marsh")
	two := pipelinetest.NewRecord(id, 2000, "Bo Reed", "Di Fox")
	two.Published = two.Published.AddDate(0, -1, 0)
	three := pipelinetest.NewRecord(id, 3000, "Ann Brook")
	return []pipeline.Record{one, two, three}
}

func (x *Index) mustWrite(t *testing.T, recs ...pipeline.Record) {
	t.Helper()
	if err := x.Write(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
}

// TestKill kills the writer of a revision at each of its requests, sent or not, and lets the
// message come again, or a newer revision before that.
func TestKill(t *testing.T) {
	x := open(t)
	for _, sent := range []bool{false, true} {
		killed := 0
		for n := 0; ; n++ {
			fail := func(k int) error {
				if k >= n {
					return errDead
				}
				return nil
			}
			w := &wire{before: fail}
			if sent {
				w = &wire{after: fail, before: func(k int) error {
					if k > n {
						return errDead
					}
					return nil
				}}
			}
			id := fmt.Sprintf("kill-%t-%d", sent, n)
			again, over, back := versions(id), versions(id+"-over"), versions(id+"-back")
			x.mustWrite(t, again[0], over[0], back[0])
			err := x.through(t, w).Write(t.Context(), []pipeline.Record{again[1], over[1], back[1]})
			if err == nil {
				break
			}
			if !errors.Is(err, errDead) {
				t.Fatal(err)
			}
			killed++
			x.mustWrite(t, again[1]) // its message comes again
			x.is(t, again[1])
			x.mustWrite(t, over[2]) // a newer one comes first, then the message
			x.mustWrite(t, over[1])
			x.is(t, over[2])
			x.mustWrite(t, back[0]) // an older one first
			x.mustWrite(t, back[1])
			x.is(t, back[1])
		}
		if killed != 5 {
			t.Errorf("killed at %d requests, want one for each step of Write", killed)
		}
	}
}

// TestOvertaken stops the writer of an older revision before each of its requests, until a newer one
// is written; then it goes on, or is killed and its message comes again.
func TestOvertaken(t *testing.T) {
	x := open(t)
	for n := range 5 {
		for _, kill := range []bool{false, true} {
			for _, equal := range []bool{false, true} {
				v := versions(fmt.Sprintf("overtaken-%d-%t-%t", n, kill, equal))
				if equal {
					v[2].Revision = v[1].Revision
				}
				x.mustWrite(t, v[0])
				slow := x.through(t, &wire{before: func(k int) error {
					switch {
					case k == n:
						x.mustWrite(t, v[2])
					case k == n+1 && kill:
						return errDead
					}
					return nil
				}})
				want := v[2]
				if equal {
					want = v[1] // of equals the later wins
				}
				if err := slow.Write(t.Context(), v[1:2]); err != nil {
					if !kill || !errors.Is(err, errDead) {
						t.Fatal(err)
					}
					x.mustWrite(t, v[1])
				} else if kill {
					t.Errorf("overtaken before request %d, the write ended without another", n)
				}
				x.is(t, want)
			}
		}
	}
}

// TestManyWriters lets several processes write all revisions of some articles in any order, over
// connections that fail.
func TestManyWriters(t *testing.T) {
	x := open(t)
	const articles = 4
	var all []pipeline.Record
	for i := range articles {
		all = append(all, versions(fmt.Sprintf("many-%d", i))...)
	}
	var done sync.WaitGroup
	for k := range 4 {
		done.Add(1)
		go func() {
			defer done.Done()
			r := rand.New(rand.NewPCG(uint64(k), 1))
			var lock sync.Mutex
			chance := func(int) error {
				lock.Lock()
				defer lock.Unlock()
				if r.IntN(12) == 0 {
					return errDead
				}
				return nil
			}
			y := x.through(t, &wire{before: chance, after: chance})
			for _, i := range r.Perm(len(all)) {
				for try := 0; ; try++ {
					err := y.Write(t.Context(), all[i:i+1])
					if err == nil {
						break
					}
					if !errors.Is(err, errDead) || try > 200 {
						t.Error(err)
						return
					}
					time.Sleep(time.Millisecond)
				}
			}
		}()
	}
	done.Wait()
	for i := range articles {
		x.is(t, all[3*i+2])
	}
}
