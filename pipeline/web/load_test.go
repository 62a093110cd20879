//go:build unix

package web

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/bleve"
	"github.com/datelinenews/dateline/pipeline/elastic"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
	"github.com/datelinenews/dateline/pipeline/search"
)

// TestLoad measures what a large index costs. It runs where DATELINE_LOAD is a number of articles:
//
//	DATELINE_LOAD=100000 go test ./pipeline/web -run TestLoad -v -timeout 60m
//
// DATELINE_LOAD_INDEX is a folder to keep the index in, so that another run only asks; with
// DATELINE_LOAD_ELASTICSEARCH, an address, Elasticsearch is measured instead, under the prefix
// "load", which stays. DATELINE_LOAD_FOR is how long to ask (default 60s), and DATELINE_LOAD_CLIENTS
// how many ask at once (default 8). The processor's time for a question, which a busy machine does not
// change, is reported too; it is that of server and clients together.
func TestLoad(t *testing.T) {
	size, err := strconv.Atoi(os.Getenv("DATELINE_LOAD"))
	if err != nil {
		t.Skip("DATELINE_LOAD is no number of articles")
	}
	last := 60 * time.Second
	if s := os.Getenv("DATELINE_LOAD_FOR"); s != "" {
		if last, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	var store Store
	if address := os.Getenv("DATELINE_LOAD_ELASTICSEARCH"); address != "" {
		x, err := elastic.Open(elastic.Config{Addresses: []string{address}, Prefix: "load"})
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		if _, err := x.Setup(t.Context()); err != nil {
			t.Fatal(err)
		}
		fill(t, x, x, size)
		if err := x.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		store = x
	} else {
		dir := os.Getenv("DATELINE_LOAD_INDEX")
		if dir == "" {
			dir = t.TempDir()
		}
		x, err := bleve.Open(filepath.Clean(dir), bleve.Options{})
		if err != nil {
			t.Fatal(err)
		}
		fill(t, x, x, size)
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		if x, err = bleve.Open(dir, bleve.Options{ReadOnly: true}); err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		bytes := int64(0)
		err = filepath.Walk(dir, func(_ string, i os.FileInfo, err error) error {
			if err == nil && !i.IsDir() {
				bytes += i.Size()
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("index: %.1f MB, %.1f kB an article", float64(bytes)/1e6, float64(bytes)/1e3/float64(size))
		store = x
	}
	s, err := New(Config{Store: store, PerSecond: 1e6, Burst: 1e6})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	for _, path := range []string{"/api/search?facets=8&", "/?", "/quotes?"} {
		drive(t, server.URL+path, last)
	}
}

// fill writes what the index lacks.
func fill(t *testing.T, sink pipeline.Sink, s search.Searcher, size int) {
	t.Helper()
	res, err := s.Search(t.Context(), search.Query{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	have := res.Total
	if have >= size {
		t.Logf("%d articles are there", have)
		return
	}
	news := pipelinetest.NewNews(1)
	from, text := time.Now(), 0
	var batch []pipeline.Record
	for i := range size {
		r := news.Record(i)
		text += len(r.Text)
		if i < have-have%500 {
			continue
		}
		if batch = append(batch, r); len(batch) == 500 || i == size-1 {
			if err := sink.Write(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
			batch = batch[:0]
			if i%10_000 == 9_999 {
				t.Logf("%d articles, %s", i+1, time.Since(from).Round(time.Second))
			}
		}
	}
	if have < size {
		took := time.Since(from)
		t.Logf("indexing: %d articles in %s, %.0f a second; %.1f kB of text each", size-have, took.Round(time.Second),
			float64(size-have)/took.Seconds(), float64(text)/1e3/float64(size))
	}
}

// clients is how many ask at once.
func clients() int {
	if n, err := strconv.Atoi(os.Getenv("DATELINE_LOAD_CLIENTS")); err == nil && n > 0 {
		return n
	}
	return 8
}

// processor is the time that this process has taken of it.
func processor(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// drive sends questions, each of its own, and reports how long the answers take.
func drive(t *testing.T, base string, last time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), last)
	defer cancel()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		kinds = map[string][]time.Duration{}
	)
	news := pipelinetest.NewNews(1)
	before := processor(t)
	for c := range clients() {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(c), 9))
			for ctx.Err() == nil {
				kind, q := question(r, news)
				from := time.Now()
				res, err := http.Get(base + "q=" + url.QueryEscape(q))
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
				if res.StatusCode != http.StatusOK {
					t.Errorf("%s: %d", q, res.StatusCode)
				}
				mu.Lock()
				kinds[kind] = append(kinds[kind], time.Since(from))
				kinds["all"] = append(kinds["all"], time.Since(from))
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	cpu := processor(t) - before
	_, path, _ := strings.Cut(strings.TrimPrefix(base, "http://"), "/")
	for _, kind := range []string{"rare word", "word", "frequent word", "two words", "phrase", "name", "frequent name", "word and name", "word in a month", "a month", "everything", "all"} {
		times := kinds[kind]
		if len(times) == 0 {
			continue
		}
		slices.Sort(times)
		at := func(share float64) time.Duration {
			return times[min(len(times)-1, int(share*float64(len(times))))].Round(time.Millisecond / 10)
		}
		t.Logf("/%-22s %-16s %6d questions, median %8s, 95 %% %8s, most %8s, %.0f a second", path, kind, len(times), at(0.5), at(0.95), at(1), float64(len(times))/last.Seconds())
	}
	t.Logf("/%-22s %s of the processor's time a question", path, (cpu / time.Duration(max(1, len(kinds["all"])))).Round(time.Millisecond/10))
}

// question is one of those that people ask, in about their proportions.
func question(r *rand.Rand, n *pipelinetest.News) (kind, q string) {
	month := func() string { return pipelinetest.First.AddDate(0, r.IntN(60), 0).Format("2006-01") }
	word := func(from, to int) string { return n.Word(from + r.IntN(to-from)) }
	person := func(from, to int) string { return fmt.Sprintf("person:%q", n.Person(from+r.IntN(to-from))) }
	switch i := r.IntN(100); {
	case i < 15:
		return "rare word", word(3000, 30_000)
	case i < 30:
		return "word", word(300, 3000)
	case i < 40:
		return "frequent word", word(30, 300)
	case i < 52:
		return "two words", word(100, 3000) + " " + word(100, 3000)
	case i < 57:
		return "phrase", `"` + word(50, 500) + " " + word(50, 500) + `"`
	case i < 70:
		return "name", person(50, 10_000)
	case i < 75:
		return "frequent name", person(0, 50)
	case i < 83:
		return "word and name", word(30, 1000) + " " + person(0, 500)
	case i < 92:
		return "word in a month", word(30, 1000) + " published:" + month()
	case i < 97:
		return "a month", "date:" + month()
	}
	return "everything", ""
}
