package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/kafka"
	"github.com/datelinenews/dateline/testdata"
)

// TestThroughput measures how fast articles go through, where DATELINE_THROUGHPUT is a number of them:
//
//	DATELINE_THROUGHPUT=3000 go test ./cmd/dateline -run TestThroughput -v -timeout 30m
//
// It is a test only in that all articles must arrive. The servers run on the same machine, and take their
// share of it; what is Dateline's own is told apart by its processor time.
func TestThroughput(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("DATELINE_THROUGHPUT"))
	if err != nil || n <= 0 {
		t.Skip("DATELINE_THROUGHPUT is no number of articles")
	}
	articles, words := throughputArticles(t, n)
	t.Logf("%d articles of %d words, %d processors", n, words/n, runtime.GOMAXPROCS(0))
	var lines strings.Builder
	for i := range articles {
		lines.WriteString(raw(t, map[string]string{"id": articles[i].ID, "text": articles[i].Body, "published": "2025-01-16"}))
	}
	t.Run("nowhere", func(t *testing.T) { throughNowhere(t, articles, lines.String()) })
	t.Run("Elasticsearch", func(t *testing.T) { throughElasticsearch(t, n, lines.String()) })
}

// throughNowhere compares Extract alone with all the way from Kafka to a sink that forgets, in this process:
// by turns, for a machine is not always as fast.
func throughNowhere(t *testing.T, articles []extractor.Article, lines string) {
	n := len(articles)
	x, err := extractor.New(extractor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := newStack(t)
	s.run(0, lines, "ingest", "--input", "jsonl", "-")
	for turn := range 3 {
		m := begin()
		var next atomic.Int64
		var wait sync.WaitGroup
		for range runtime.GOMAXPROCS(0) {
			wait.Go(func() {
				for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
					x.Extract(&articles[i])
				}
			})
		}
		wait.Wait()
		alone := m.end(t, "Extract alone", n)

		source, err := kafka.NewSource(kafka.SourceConfig{
			Connection: kafka.Connection{Brokers: []string{s.kafka}}, Topics: []string{s.prefix + "-raw"}, Group: fmt.Sprintf("%s-null-%d", s.prefix, turn),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		sink := &nullSink{want: int64(n), done: cancel, first: make(chan struct{})}
		runner := &pipeline.Runner{Source: source, Sink: sink, Dead: noLetters{t}, Extract: x.Extract}
		ran := make(chan error, 1)
		go func() { _, err := runner.Run(ctx); ran <- err }()
		select {
		case <-sink.first: // joining the group is not counted, nor what the first batch holds
		case err := <-ran:
			t.Fatal(err)
		}
		m, read := begin(), runner.Stats().Extracted
		if err := <-ran; err != nil {
			t.Fatal(err)
		}
		through := m.end(t, "Kafka, Extract, nowhere", n-read)
		cancel()
		if err := source.Close(); err != nil {
			t.Error(err)
		}
		t.Logf("the way takes %.1f %% more of the processor than Extract alone", 100*(through/alone-1))
	}
}

// meter measures time, and this process's own on the processors.
type meter struct {
	at   time.Time
	busy time.Duration
}

func begin() meter {
	runtime.GC()
	return meter{time.Now(), busyTime()}
}

func busyTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// end logs the rate of n articles, and returns the processor time of one, in milliseconds.
func (m meter) end(t *testing.T, what string, n int) float64 {
	took, each := time.Since(m.at), 1000*(busyTime()-m.busy).Seconds()/float64(n)
	t.Logf("%-40s %6.0f articles/s, %.2f ms of processor an article", what, float64(n)/took.Seconds(), each)
	return each
}

// throughElasticsearch is the real program from end to end.
func throughElasticsearch(t *testing.T, n int, lines string) {
	for _, c := range []struct{ workers, procs int }{{1, runtime.GOMAXPROCS(0)}, {1, 1}, {2, 1}} {
		s := newStack(t)
		s.env = append(s.env, fmt.Sprintf("GOMAXPROCS=%d", c.procs))
		s.run(0, lines, "ingest", "--input", "jsonl", "-")
		var workers []*worker
		started := time.Now()
		for range c.workers {
			workers = append(workers, s.work())
		}
		soak := &soak{stack: s}
		s.eventuallyAt(500*time.Millisecond, "all are stored", 20*time.Minute, func() bool { return soak.stored() >= n })
		took := time.Since(started)
		var busy time.Duration
		var peak int64
		for _, w := range workers {
			peak = max(peak, w.stop(t))
			busy += w.ProcessState.UserTime() + w.ProcessState.SystemTime()
		}
		t.Logf("%-40s %6.0f articles/s, %3.0f %% of %d processors are Dateline's, %.1f ms of processor an article, peak %d MB",
			fmt.Sprintf("end to end, %d workers, GOMAXPROCS=%d", c.workers, c.procs), float64(n)/took.Seconds(),
			100*busy.Seconds()/took.Seconds()/float64(runtime.NumCPU()), runtime.NumCPU(), 1000*busy.Seconds()/float64(n), peak>>20)
		s.drop()
	}
}

// TestSizes measures what an article costs, for the table in deploy/README.md, where DATELINE_SIZES names
// a file of articles in JSON, one a line, each with its own ID:
//
//	DATELINE_SIZES=articles.jsonl go test ./cmd/dateline -run TestSizes -v -timeout 30m
//
// Processor time is the worker's own, so that it says the same on a busy machine; bytes are those of
// one copy, merged to one segment.
func TestSizes(t *testing.T) {
	file := os.Getenv("DATELINE_SIZES")
	if file == "" {
		t.Skip("DATELINE_SIZES names no file of articles")
	}
	lines, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n, words, bytes := 0, 0, 0
	for line := range strings.Lines(string(lines)) {
		var a struct{ Title, Text string }
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		n, words, bytes = n+1, words+len(strings.Fields(a.Title+" "+a.Text)), bytes+len(line)
	}
	t.Logf("%d articles of %d words, %.1f kB in Kafka", n, words/n, float64(bytes)/float64(n)/1000)
	s := newStack(t)
	s.run(0, string(lines), "ingest", "--input", "jsonl", "-")
	s.env = append(s.env, "GOMAXPROCS=1")
	w := s.work()
	s.eventually("all are stored", 20*time.Minute, s.articles(n))
	peak := w.stop(t)
	busy := w.ProcessState.UserTime() + w.ProcessState.SystemTime()
	t.Logf("a worker on one processor: %.1f ms an article, peak %d MB", 1000*busy.Seconds()/float64(n), peak>>20)

	var indices []struct {
		Index string
		Docs  string `json:"docs.count"`
		Size  string `json:"pri.store.size"`
	}
	for _, c := range []struct{ method, path string }{{http.MethodPost, "*/_forcemerge?max_num_segments=1"}, {http.MethodPost, "*/_flush?wait_if_ongoing=true"}} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, s.elasticsearch+"/"+s.prefix+"-"+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	resp, err := http.Get(s.elasticsearch + "/_cat/indices/" + s.prefix + "-*?format=json&bytes=b&h=index,docs.count,pri.store.size")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&indices); err != nil {
		t.Fatal(err)
	}
	docs, sizes, months, all := map[string]int{}, map[string]int{}, map[string]int{}, 0
	for _, i := range indices {
		kind := strings.TrimPrefix(i.Index, s.prefix+"-")
		kind, _, _ = strings.Cut(kind, "-")
		d, err1 := strconv.Atoi(i.Docs)
		b, err2 := strconv.Atoi(i.Size)
		if err1 != nil || err2 != nil {
			t.Fatalf("index %+v", i)
		}
		docs[kind], sizes[kind], months[kind], all = docs[kind]+d, sizes[kind]+b, months[kind]+1, all+b
	}
	for _, kind := range slices.Sorted(maps.Keys(docs)) {
		t.Logf("%-9s %5.1f documents and %5.1f kB an article, in %d indices", kind, float64(docs[kind])/float64(n), float64(sizes[kind])/float64(n)/1000, months[kind])
	}
	t.Logf("in all %.1f kB an article", float64(all)/float64(n)/1000)
	s.drop()
}

// throughputArticles are made of paragraphs of testdata's, a dozen each, so that no two are copies of one
// another.
func throughputArticles(t *testing.T, n int) (articles []extractor.Article, words int) {
	paragraphs := testParagraphs(t)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range n {
		var chosen []string
		for _, k := range r.Perm(len(paragraphs))[:12] {
			chosen = append(chosen, paragraphs[k])
		}
		body := strings.Join(chosen, "\n\n")
		words += len(strings.Fields(body))
		articles = append(articles, extractor.Article{ID: fmt.Sprintf("through-%06d", i), Body: body, Published: time.Date(2025, 1, 16, 0, 0, 0, 0, time.UTC)})
	}
	return articles, words
}

// nullSink forgets what it gets, and ends the run once it has got all.
type nullSink struct {
	want  int64
	got   atomic.Int64
	once  sync.Once
	first chan struct{}
	done  func()
}

func (s *nullSink) Write(_ context.Context, recs []pipeline.Record) error {
	got := s.got.Add(int64(len(recs)))
	s.once.Do(func() { close(s.first) })
	if got >= s.want {
		s.done()
	}
	return nil
}

// noLetters fails the test where there is a dead letter.
type noLetters struct{ t *testing.T }

func (l noLetters) Bury(_ context.Context, letters []pipeline.DeadLetter) error {
	l.t.Errorf("%d dead letters: %s", len(letters), letters[0].Reason)
	return nil
}

// testParagraphs are the longer paragraphs of testdata's articles.
func testParagraphs(t *testing.T) []string {
	t.Helper()
	var paragraphs []string
	paths, err := fs.Glob(testdata.Articles, "articles/*.json")
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d articles: %v", len(paths), err)
	}
	for _, path := range paths {
		b, err := fs.ReadFile(testdata.Articles, path)
		if err != nil {
			t.Fatal(err)
		}
		var a struct{ Text string }
		if err := json.Unmarshal(b, &a); err != nil {
			t.Fatal(err)
		}
		for p := range strings.SplitSeq(a.Text, "\n\n") {
			if len(p) > 80 {
				paragraphs = append(paragraphs, p)
			}
		}
	}
	return paragraphs
}
