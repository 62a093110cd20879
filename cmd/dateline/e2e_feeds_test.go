package main_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/kafka"
)

// press is a feed whose items a test adds.
type press struct {
	mu    sync.Mutex
	items []string
	polls int
}

func (f *press) add(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.items = append(f.items, fmt.Sprintf(`<item><guid isPermaLink="false">%d</guid><title>Bridge %d opens</title><link>/a/%d</link>`+
		`<pubDate>Tue, 04 Mar 2025 09:%02d:00 +0000</pubDate><description>Bridge %d is open, said Maria Hansen, the mayor of Bergen.</description></item>`, n, n, n, n, n))
}

func (f *press) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch r.URL.Path {
	case "/feed":
		f.polls++
		_, _ = io.WriteString(w, `<rss version="2.0"><channel><title>Ada Post</title>`+strings.Join(f.items, "")+`</channel></rss>`)
	default:
		http.NotFound(w, r)
	}
}

func (f *press) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.polls
}

// raw reads the raw topic from its start until n articles have come, and a little longer. It counts
// each by its key.
func (s *stack) raw(n int) map[string]int {
	s.t.Helper()
	src, err := kafka.NewSource(kafka.SourceConfig{
		Connection: kafka.Connection{Brokers: []string{s.kafka}}, Topics: []string{s.prefix + "-raw"}, Group: s.prefix + "-reader-" + fmt.Sprint(time.Now().UnixNano()),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	defer src.Close()
	ctx, cancel := context.WithTimeout(s.t.Context(), 90*time.Second)
	defer cancel()
	got := map[string]int{}
	for {
		b, err := src.Read(ctx)
		if err != nil {
			if len(got) < n {
				s.t.Fatalf("%d articles came, want %d: %v", len(got), n, err)
			}
			return got
		}
		for _, m := range b.Messages {
			if _, _, err := pipeline.Decode(m); err != nil {
				s.t.Errorf("%s: %v", m.Value, err)
			}
			got[string(m.Key)]++
		}
		if len(got) >= n {
			time.AfterFunc(2*time.Second, cancel)
		}
	}
}

// poller is an `ingest --every` that runs.
type poller struct {
	cmd *exec.Cmd
	log *bytes.Buffer
}

func (s *stack) poll(args ...string) *poller {
	s.t.Helper()
	p := &poller{cmd: exec.Command(s.bin, append([]string{"ingest", "--every", "200ms", "--feed-delay", "0s"}, args...)...), log: &bytes.Buffer{}}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stderr = s.dir, s.env, p.log
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
	})
	return p
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never came:", what)
		}
	}
}

// TestIngestFeeds: feeds are polled into Kafka until the program is stopped; a kill loses nothing, a
// restart sends nothing again, and a changed list is read again.
func TestIngestFeeds(t *testing.T) {
	if testing.Short() {
		t.Skip("it needs Kafka")
	}
	s := newStack(t)
	one, two := &press{}, &press{}
	first, second := httptest.NewServer(one), httptest.NewServer(two)
	defer first.Close()
	defer second.Close()
	one.add(1)
	one.add(2)
	two.add(3)
	list := filepath.Join(s.dir, "feeds.txt")
	if err := os.WriteFile(list, []byte(first.URL+"/feed\nnonsense://x\n"), 0o600); err == nil {
		s.run(2, "", "ingest", "--opml", list) // a broken line is named, for a list is a person's
	}
	if err := os.WriteFile(list, []byte(first.URL+"/feed\n"+first.URL+"/none\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := s.poll("--opml", list, "--feed-allow-private")
	eventually(t, "a few polls", func() bool { return one.asked() >= 3 })
	if err := p.cmd.Process.Kill(); err != nil { // as a crash does
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
	if !strings.Contains(p.log.String(), "feed failed") || !strings.Contains(p.log.String(), "404") {
		t.Errorf("the broken feed is not named: %s", p.log)
	}

	one.add(4)
	asked := one.asked()
	p = s.poll("--opml", list, "--feed-allow-private")
	eventually(t, "polls after the crash", func() bool { return one.asked() >= asked+2 })
	if err := os.WriteFile(list, []byte(first.URL+"/feed\n"+second.URL+"/feed 100ms\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the feed that was added", func() bool { return two.asked() >= 2 })
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("stopped: %v\n%s", err, p.log)
	}
	if !strings.Contains(p.log.String(), "polls of feeds: 2 with 2 articles") {
		t.Errorf("no summary: %s", p.log)
	}
	got := s.raw(4)
	if len(got) != 4 {
		t.Errorf("%d articles: %v", len(got), got)
	}
	for key, n := range got {
		if n > 2 { // the crash may have come between sending and remembering
			t.Errorf("%s was sent %d times", key, n)
		}
	}
	if err := os.WriteFile(list, []byte(first.URL+"/feed\n"+second.URL+"/feed\n"+first.URL+"/gone\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := s.run(0, "", "ingest", "--opml", list, "--feed-allow-private", "--feed-delay", "0s")
	if out != "" {
		t.Errorf("printed %q", out)
	}
	if again := s.raw(4); fmt.Sprint(again) != fmt.Sprint(got) {
		t.Errorf("a poll of what is known sent some again: %v, and before %v", again, got)
	}
	// Elasticsearch is told what polls came to, at the end at the latest: of the two runs that were
	// not killed, the second says of the broken feed alone that it failed.
	for query, want := range map[string]int{
		fmt.Sprintf("feed.url:%q AND feed.outcome:failed AND feed.reason:http-404 AND feed.failures:1", first.URL+"/gone"):    1,
		fmt.Sprintf("feed.url:%q AND feed.outcome:new AND feed.articles:1 AND feed.title:%q", second.URL+"/feed", "Ada Post"): 1,
	} {
		if n := s.count("feeds", query); n != want {
			t.Errorf("%d polls are %s, want %d", n, query, want)
		}
	}
	if n := s.count("feeds", "feed.outcome:unchanged AND feed.succeeded:*"); n < 3 {
		t.Errorf("%d polls found nothing new, want at least 3", n)
	}
}
