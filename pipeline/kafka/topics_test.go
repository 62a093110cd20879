package kafka

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
	"github.com/segmentio/kafka-go"
)

func TestPatternNames(t *testing.T) {
	for expr, names := range map[string]map[string]bool{
		"news-.*":   {"news-en": true, "news-": true, "old-news-en": false, "news": false},
		"a|b":       {"a": true, "b": true, "ab": false, "xa": false, "bx": false},
		"dateline.": {"dateline1": true, "dateline": false},
	} {
		p, err := Pattern(expr)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range names {
			if got := p.MatchString(name); got != want {
				t.Errorf("%s matches %s: %t", expr, name, got)
			}
		}
	}
	for _, expr := range []string{"news-*(", "[a", "a)|(b"} {
		if _, err := Pattern(expr); err == nil || !strings.Contains(err.Error(), "news-.*") || !strings.Contains(err.Error(), expr) {
			t.Errorf("pattern %q: %v, want an error that shows it and an example", expr, err)
		}
	}
	p, _ := Pattern("x")
	if s, err := NewSource(SourceConfig{Topics: []string{"x"}, Pattern: p}); err == nil {
		t.Error("topics by name and by pattern are accepted")
		_ = s.Close()
	}
}

// A member reads the topics that match, those made later too, and no other. What it was at when a topic
// came is committed, and not read again.
func TestTopicPattern(t *testing.T) {
	t.Parallel()
	addr, prefix := servers.Kafka(t), servers.Name("pattern")
	at := func(name string) cluster { return cluster{addr: addr, topic: prefix + "-" + name, group: prefix} }
	made := func(c cluster) {
		t.Helper()
		if _, err := c.admin(t).EnsureTopics(t.Context(), Topic{Name: c.topic, Partitions: 2}); err != nil {
			t.Fatal(err)
		}
	}
	one, two, other, dead := at("news-1"), at("news-2"), at("sport-1"), at("news-dead")
	made(other)
	made(dead)
	other.put(t, 900, 10)
	dead.put(t, 800, 10)

	pattern, err := Pattern(prefix + "-news-.*")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var joined [][]string
	heard := make(chan error, 100)
	cfg := one.config(t)
	cfg.Topics, cfg.Pattern, cfg.Except, cfg.Look = nil, pattern, []string{dead.topic}, 500*time.Millisecond
	cfg.SessionTimeout = 15 * time.Second // so that it drains for 10 s
	cfg.Notify = func(err error) {
		t.Logf("source: %v", err)
		heard <- err
	}
	cfg.Joining = func(topics []string) {
		mu.Lock()
		defer mu.Unlock()
		joined = append(joined, topics)
	}
	s := one.source(t, cfg)
	if err := <-heard; !strings.Contains(err.Error(), "no topic matches") {
		t.Errorf("notified of %v", err)
	}
	made(one)
	one.put(t, 0, 40)
	first, batch := read(t, s, 20)

	made(two)
	two.put(t, 100, 10)
	time.Sleep(8 * time.Second) // the client's list is up to 6 s old: by now the member wants to leave, and drains
	if err := s.Commit(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	var all []string
	all = append(all, first...)
	for len(all) < 50 {
		more, b := read(t, s, 1)
		all = append(all, more...)
		if err := s.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	nothing(t, s, 2*time.Second)
	slices.Sort(all)
	if len(slices.Compact(slices.Clone(all))) != 50 || len(all) != 50 {
		t.Errorf("%d messages, want 50, each once: %q", len(all), all)
	}
	mu.Lock()
	if want := [][]string{{one.topic}, {one.topic, two.topic}}; len(joined) != 2 || !slices.Equal(joined[0], want[0]) || !slices.Equal(joined[1], want[1]) {
		t.Errorf("joined for %q, want %q", joined, want)
	}
	mu.Unlock()
	if topics, err := one.admin(t).Match(t.Context(), pattern, dead.topic); err != nil || !slices.Equal(topics, []string{one.topic, two.topic}) {
		t.Errorf("Match gives %q, %v", topics, err)
	}

	// A topic that is deleted stops nothing.
	client := &kafka.Client{Addr: kafka.TCP(addr)}
	res, err := client.DeleteTopics(t.Context(), &kafka.DeleteTopicsRequest{Topics: []string{one.topic}})
	if err == nil {
		err = res.Errors[one.topic]
	}
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for last := []string(nil); !slices.Equal(last, []string{two.topic}); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still reading %q", last)
		}
		mu.Lock()
		last = joined[len(joined)-1]
		mu.Unlock()
	}
	two.put(t, 200, 5)
	read(t, s, 5)
}

// A topic of several that is missing, or is deleted, keeps nobody from the others, and is read when it comes.
func TestOneTopicOfSeveral(t *testing.T) {
	t.Parallel()
	addr, prefix := servers.Kafka(t), servers.Name("several")
	at := func(name string) cluster { return cluster{addr: addr, topic: prefix + "-" + name, group: prefix} }
	one, two := at("one"), at("two")
	admin := one.admin(t)
	made := func(c cluster) {
		t.Helper()
		if _, err := admin.EnsureTopics(t.Context(), Topic{Name: c.topic, Partitions: 2}); err != nil {
			t.Fatal(err)
		}
	}
	made(two)
	two.put(t, 0, 10)
	var mu sync.Mutex
	var told []string
	cfg := one.config(t)
	cfg.Topics, cfg.Look = []string{one.topic, two.topic}, 500*time.Millisecond
	cfg.Notify = func(err error) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, err.Error())
	}
	s := one.source(t, cfg)
	commit := func(n int) {
		t.Helper()
		_, b := read(t, s, n)
		if err := s.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	commit(10)
	mu.Lock()
	if len(told) == 0 || !strings.Contains(told[0], one.topic) || !strings.Contains(told[0], "dateline setup") {
		t.Errorf("of a topic that is missing is told %q", told)
	}
	mu.Unlock()
	made(one)
	one.put(t, 100, 10)
	commit(10)
	if _, err := admin.link.client.DeleteTopics(t.Context(), &kafka.DeleteTopicsRequest{Topics: []string{one.topic}}); err != nil {
		t.Fatal(err)
	}
	two.put(t, 200, 10)
	commit(10)
	time.Sleep(3 * time.Second) // until it has left for the rest
	two.put(t, 300, 10)
	commit(10)
	made(one)
	one.put(t, 400, 10)
	commit(10)
}
