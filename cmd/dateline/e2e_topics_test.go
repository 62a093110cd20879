package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// A worker with a pattern reads the topics that match, one that is made later too, and none else; status
// and the status page look at the same; and a replay puts a letter back where it came from.
func TestTopicPattern(t *testing.T) {
	s := newStack(t)
	topic := func(name string) string { return s.prefix + "-" + name }
	s.env = append(s.env, "DATELINE_DEAD_TOPIC="+topic("news-dead")) // which the pattern would match
	s.env = append(s.env, "DATELINE_TOPIC_PATTERN="+s.prefix+"-news-.*")
	client := &kafka.Client{Addr: kafka.TCP(s.kafka)}
	made := func(name string) {
		t.Helper()
		res, err := client.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: topic(name), NumPartitions: 2, ReplicationFactor: 1}}})
		if err == nil {
			err = res.Errors[topic(name)]
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	send := func(name string, from, n int, more ...string) {
		t.Helper()
		var b strings.Builder
		for i := range n {
			b.WriteString(raw(t, soakArticle(from+i)))
		}
		s.run(0, b.String(), "ingest", "--input", "jsonl", "-", "--topic", topic(name))
		w := &kafka.Writer{Addr: kafka.TCP(s.kafka), Topic: topic(name)}
		defer w.Close()
		for _, m := range more {
			if err := w.WriteMessages(t.Context(), kafka.Message{Value: []byte(m)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if out, err := s.fails("status", "--window", "1ms"); err == nil || !strings.Contains(out, "no topic matches") {
		t.Errorf("status without a matching topic: %v %s", err, out)
	}
	made("news-en")
	made("news-dead")
	made("sport")
	send("news-en", 0, 5, `{"id":"soon","text":`)
	send("sport", 100, 3)
	w := s.work()
	s.eventually("the first topic's articles are stored", time.Minute, s.articles(5))
	made("news-fr")
	send("news-fr", 10, 5)
	s.eventually("the new topic's are, too", time.Minute, s.articles(10))

	topics := func() (lag int, names []string) {
		t.Helper()
		var report struct {
			Queue struct {
				Lag        int
				Partitions []struct{ Topic string }
			}
		}
		out := s.run(0, "", "status", "--format", "json", "--window", "1ms")
		if err := json.Unmarshal([]byte(out), &report); err != nil {
			t.Fatal(err)
		}
		for _, p := range report.Queue.Partitions {
			names = append(names, p.Topic)
		}
		return report.Queue.Lag, slices.Compact(names)
	}
	s.eventually("everything is committed", time.Minute, func() bool { lag, _ := topics(); return lag == 0 })
	if _, names := topics(); !slices.Equal(names, []string{topic("news-en"), topic("news-fr")}) {
		t.Errorf("status looks at %q", names)
	}
	if page := s.statusPage(); !strings.Contains(page, topic("news-fr")+"/1") || strings.Contains(page, topic("sport")) || strings.Contains(page, topic("raw")+"/") {
		t.Errorf("the status page lacks the topics, or has others:\n%s", page)
	}
	// By name, sport has not been read.
	out := s.run(0, "", "status", "--window", "1ms", "--topic-pattern", "", "--topics", topic("sport"))
	if !strings.Contains(out, topic("sport")+"/1") || !strings.Contains(out, " 3 behind") || strings.Contains(out, "news-en/") {
		t.Errorf("status --topics says\n%s", out)
	}

	letters := func() int {
		out := s.run(0, "", "replay", "--dry-run")
		return strings.Count(out, "\n")
	}
	s.eventually("the bad message is a dead letter", time.Minute, func() bool { return letters() == 1 })
	s.run(0, "", "replay")
	s.eventually("the worker has read it again", time.Minute, func() bool { return letters() == 1 })
	if got := s.count("articles", "*"); got != 10 {
		t.Errorf("%d articles, want 10", got)
	}
	w.stop(t)
	if log := w.log.String(); !strings.Contains(log, topic("news-en")+","+topic("news-fr")) || strings.Contains(log, topic("sport")) {
		t.Errorf("the log does not say what is read, or says something else:\n%s", log)
	}

	for args, want := range map[string]string{
		"--topic-pattern=news-( --topics=":   "want a regular expression such as news-.*",
		"--topic-pattern=news-.* --topics=a": "give one of them",
	} {
		for _, cmd := range []string{"work", "status", "serve"} {
			out, err := s.fails(append([]string{cmd}, strings.Fields(args)...)...)
			if err == nil || !strings.Contains(out, want) {
				t.Errorf("%s %s: %v %s, want an error with %q", cmd, args, err, out, want)
			}
		}
	}
	s.drop()
}

// fails runs a subcommand that must fail soon, and returns all that it prints.
func (s *stack) fails(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.bin, args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// statusPage is what serve shows at /status.
func (s *stack) statusPage() string {
	s.t.Helper()
	log := &lines{}
	cmd := exec.Command(s.bin, "serve", "--listen", "127.0.0.1:0")
	cmd.Dir, cmd.Env, cmd.Stderr = s.dir, s.env, log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // it has answered
	}()
	var at string
	s.eventually("the pages are served", time.Minute, func() bool {
		line, _, found := strings.Cut(log.String(), "\n")
		at = line[strings.LastIndex(line, " ")+1:]
		return found
	})
	res, err := http.Get(at + "/status")
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatal(fmt.Errorf("status page: %s: %w", res.Status, err))
	}
	return string(b)
}
