package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/datelinenews/dateline/pipeline/pipelinetest"
	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
)

// These tests break what is around two workers, in every way that operators know, and look at the end
// whether all articles are there, each once, whole, and whether the workers stayed small. Each takes
// DATELINE_SOAK articles; without it a few hundred, and some scenarios are left out. Every fiftieth has 64
// KiB; with DATELINE_SOAK_KIB all have that many:
//
//	DATELINE_SOAK=10000 go test ./cmd/dateline -run TestSoak -v -timeout 2h
//	DATELINE_SOAK=1000 DATELINE_SOAK_KIB=64 go test ./cmd/dateline -run TestSoak -v -timeout 2h

// soakSize is how many articles a scenario has, and whether this is the long form.
func soakSize() (n int, long bool) {
	if n, err := strconv.Atoi(os.Getenv("DATELINE_SOAK")); err == nil && n > 0 {
		return n, true
	}
	return 400, false
}

// soakBytes is how long every article is, 0 where they are short.
func soakBytes() int {
	n, _ := strconv.Atoi(os.Getenv("DATELINE_SOAK_KIB"))
	return n << 10
}

// soak is a scenario at work.
type soak struct {
	*stack
	n       int
	broker  *servers.Broker // where it is the test's own
	node    *servers.Node
	workers []*worker
	peak    int64
}

// soakArticle is an article of which everything is known: two quotes in a short one.
func soakArticle(i int) map[string]string {
	r := rand.New(rand.NewPCG(uint64(i), 5)) // the same every time
	words := strings.Fields("harbour mill council storm ferry school bridge grain union lighthouse market quarry orchard signal station parish valley river meadow tower granary museum archive theatre foundry shipyard depot canal")
	var b strings.Builder
	sentence := func() {
		fmt.Fprintf(&b, "The %s near the %s had %d %ss and a %s in those days. ", words[r.IntN(len(words))], words[r.IntN(len(words))], r.IntN(900)+2, words[r.IntN(len(words))], words[r.IntN(len(words))])
	}
	fmt.Fprintf(&b, "The Tarkwa Growers' Alliance (TGA) said on 14 January 2025 that it had signed accord number %d in Accra.\n\n", i)
	for range 8 {
		sentence()
	}
	fmt.Fprintf(&b, "\n\n“We are certain that accord %d will hold,” said Abena Owusu, a spokeswoman for the TGA. “Nobody else has number %d,” she added.", i, i)
	size := soakBytes()
	if size == 0 && i%50 == 49 {
		size = 64 << 10
	}
	for b.Len() < size {
		if b.Len()%7 == 0 {
			b.WriteString("\n\n")
		}
		sentence()
	}
	return map[string]string{"id": fmt.Sprintf("soak-%06d", i), "text": b.String(), "published": "2025-01-16", "source": fmt.Sprintf("Paper %d", i%7)}
}

// feed sends articles from i to before j.
func (s *soak) feed(i, j int) {
	s.t.Helper()
	var b strings.Builder
	for ; i < j; i++ {
		b.WriteString(raw(s.t, soakArticle(i)))
	}
	s.run(0, b.String(), "ingest", "--input", "jsonl", "-")
}

// add starts a worker more.
func (s *soak) add(args ...string) *worker {
	w := s.work(args...)
	s.workers = append(s.workers, w)
	return w
}

// end stops a worker in order.
func (s *soak) end(w *worker) {
	s.t.Helper()
	s.peak = max(s.peak, resident(w.Process.Pid))
	if err := w.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if err := w.Wait(); err != nil {
		s.t.Errorf("a worker ended with %v after SIGTERM", err)
	}
	s.gone(w)
}

// kill ends a worker as kill -9 does.
func (s *soak) kill(w *worker) {
	s.t.Helper()
	s.peak = max(s.peak, resident(w.Process.Pid))
	if err := w.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	_ = w.Wait() // killed
	s.gone(w)
}

func (s *soak) gone(w *worker) {
	for i := range s.workers {
		if s.workers[i] == w {
			s.workers = append(s.workers[:i], s.workers[i+1:]...)
			return
		}
	}
}

// stored is the number of articles that can be found, -1 while Elasticsearch does not answer. It does not
// refresh: that a second's articles are not counted is better than to keep the server busy with it.
func (s *soak) stored() int {
	res, err := http.Get(s.elasticsearch + "/" + s.prefix + "-articles/_count?ignore_unavailable=true")
	if err != nil {
		return -1
	}
	defer res.Body.Close()
	var c struct{ Count *int }
	if b, err := io.ReadAll(res.Body); err != nil || json.Unmarshal(b, &c) != nil || c.Count == nil {
		return -1
	}
	return *c.Count
}

// until waits until so many articles are stored.
func (s *soak) until(n int) {
	s.t.Helper()
	s.eventuallyAt(time.Second, fmt.Sprintf("%d articles are stored", n), 20*time.Minute, func() bool {
		for _, w := range s.workers {
			s.peak = max(s.peak, resident(w.Process.Pid))
		}
		return s.stored() >= n
	})
}

// sums are figures of the whole index.
func (s *soak) sums() (ids, quotesOf, quotes, entitiesOf, mentions int) {
	s.t.Helper()
	var out struct {
		Aggregations map[string]struct{ Value float64 }
	}
	body := `{"size":0,"aggs":{"ids":{"cardinality":{"field":"article.id","precision_threshold":40000}},"quotes":{"sum":{"field":"article.quotes"}},"entities":{"sum":{"field":"article.entities"}}}}`
	res, err := http.Post(s.elasticsearch+"/"+s.prefix+"-articles/_search", "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		s.t.Fatal(err)
	}
	a := out.Aggregations
	return int(a["ids"].Value), int(a["quotes"].Value), s.count("quotes", "*"), int(a["entities"].Value), s.count("mentions", "*")
}

// check looks at the end whether all is there once.
func (s *soak) check(started time.Time) {
	s.t.Helper()
	s.until(s.n)
	// The last batch's quotes follow its articles.
	s.eventually("every quote and mention is there", 2*time.Minute, func() bool {
		_, quotesOf, quotes, entitiesOf, mentions := s.sums()
		return quotes == quotesOf && mentions == entitiesOf
	})
	took := time.Since(started)
	for len(s.workers) > 0 {
		s.end(s.workers[0])
	}
	ids, quotesOf, quotes, entitiesOf, mentions := s.sums()
	if got := s.stored(); got != s.n || ids < s.n*99/100 { // cardinality is about right, and exact for few
		s.t.Errorf("%d articles with %d IDs, want %d", got, ids, s.n)
	}
	if quotes != quotesOf || mentions != entitiesOf || quotes < s.n || mentions < s.n {
		s.t.Errorf("%d quotes of %d, %d mentions of %d", quotes, quotesOf, mentions, entitiesOf)
	}
	var report struct {
		Queue struct{ Lag int }
		Dead  struct{ Total int } `json:"dead_letters"`
	}
	out := s.run(0, "", "status", "--format", "json", "--window", "100ms")
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.Queue.Lag != 0 || report.Dead.Total != 0 {
		s.t.Errorf("at the end %v: %s", err, out)
	}
	s.t.Logf("%d articles in %.0f s (%.0f/s), %d quotes, %d mentions, none lost, none twice; peak of a worker %d MB",
		s.n, took.Seconds(), float64(s.n)/took.Seconds(), quotes, mentions, s.peak>>20)
	if s.peak > 400<<20 {
		s.t.Errorf("a worker held %d MB, want under 400", s.peak>>20)
	}
}

func TestSoak(t *testing.T) {
	n, long := soakSize()
	for _, c := range []struct {
		name string
		// short says that it runs without DATELINE_SOAK too.
		short           bool
		ownKafka, ownES bool
		run             func(s *soak)
	}{
		{"kill -9 of one of two workers, five times", true, false, false, func(s *soak) {
			s.feed(0, s.n)
			s.add()
			s.add()
			for k := range 5 {
				s.until(s.n * (k + 1) / 8)
				time.Sleep(time.Duration(rand.IntN(1000)) * time.Millisecond)
				s.kill(s.workers[rand.IntN(2)])
				s.add()
			}
		}},
		{"rolling restart by SIGTERM", false, false, false, func(s *soak) {
			s.feed(0, s.n)
			s.add()
			s.add()
			for k := range 6 {
				s.until(s.n * (k + 1) / 9)
				s.end(s.workers[0])
				s.add()
			}
		}},
		{"Elasticsearch stopped for 30 s", false, false, true, func(s *soak) {
			s.feed(0, s.n)
			s.add()
			s.add()
			s.until(s.n / 4)
			s.node.Stop(s.t)
			time.Sleep(30 * time.Second)
			s.node.Start(s.t)
		}},
		{"a third of Elasticsearch's answers spoilt", true, false, false, func(s *soak) {
			s.feed(0, s.n)
			p := pipelinetest.NewFaultProxy(s.t, s.elasticsearch, 0)
			args := []string{"--elasticsearch", p.URL}
			s.add(args...)
			s.add(args...)
			s.until(1) // the workers have started; now it begins
			p.Spoil(1. / 3)
			s.until(s.n)
			counts := p.Counts()
			p.Heal()
			s.t.Logf("requests: %v", counts)
		}},
		{"Kafka restarted", false, true, false, func(s *soak) {
			s.feed(0, s.n)
			s.add()
			s.add()
			s.until(s.n / 4)
			s.broker.Stop(s.t)
			time.Sleep(5 * time.Second)
			s.broker.Start(s.t)
			s.until(s.n / 2)
			s.broker.Kill(s.t)
			s.broker.Start(s.t)
		}},
		{"partitions raised from 4 to 12", false, false, false, func(s *soak) {
			s.feed(0, s.n/2)
			s.add()
			s.add()
			s.until(s.n / 8)
			c := &kafka.Client{Addr: kafka.TCP(s.kafka)}
			res, err := c.CreatePartitions(s.t.Context(), &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{{Name: s.prefix + "-raw", Count: 12}}})
			if err := errors.Join(err, res.Errors[s.prefix+"-raw"]); err != nil {
				s.t.Fatal(err)
			}
			s.feed(s.n/2, s.n)
		}},
		{"workers join and leave every 2 s for a minute", false, false, false, func(s *soak) {
			s.feed(0, s.n)
			s.add()
			s.add()
			for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(2 * time.Second) {
				if len(s.workers) < 4 && (len(s.workers) < 2 || rand.IntN(2) == 0) {
					s.add()
				} else {
					s.end(s.workers[0])
				}
			}
			if len(s.workers) == 0 {
				s.add()
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !long && (!c.short || testing.Short()) {
				t.Skip("set DATELINE_SOAK=10000 for this one")
			}
			s := &soak{n: n}
			var broker, es string
			if c.ownKafka {
				s.broker = servers.StartKafka(t, servers.KafkaOptions{})
				broker = s.broker.Addr
			} else {
				broker = servers.Kafka(t)
			}
			if c.ownES {
				s.node = servers.StartElasticsearch(t, servers.ElasticsearchOptions{})
				es = s.node.URL
			} else {
				es = servers.Elasticsearch(t)
			}
			s.stack = newStackAt(t, broker, es)
			started := time.Now()
			c.run(s)
			s.check(started)
			s.drop()
		})
	}
}

// drop deletes the scenario's indices: the server may be for others, too.
func (s *stack) drop() {
	for _, kind := range []string{"articles-*", "mentions-*", "quotes-*", "ledger"} {
		req, err := http.NewRequest(http.MethodDelete, s.elasticsearch+"/"+s.prefix+"-"+kind+"?ignore_unavailable=true", nil)
		if err != nil {
			s.t.Fatal(err)
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
		}
	}
}
