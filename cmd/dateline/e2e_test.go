package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
)

// binary builds the program once and returns its path.
func binary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dateline")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// stack is the real program against real servers, with topics and indices of its own.
type stack struct {
	t             *testing.T
	bin, dir      string
	kafka         string
	elasticsearch string
	prefix        string
	env           []string
}

func newStack(t *testing.T) *stack {
	t.Helper()
	return newStackAt(t, servers.Kafka(t), servers.Elasticsearch(t))
}

// newStackAt is a stack of certain servers.
func newStackAt(t *testing.T, broker, es string) *stack {
	t.Helper()
	s := unsetStack(t, broker, es)
	s.run(0, "", "setup")
	return s
}

// unsetStack is a stack without its topics, templates and aliases.
func unsetStack(t *testing.T, broker, es string) *stack {
	t.Helper()
	name := strings.ToLower(servers.Name("e2e"))
	s := &stack{t: t, bin: binary(t), dir: t.TempDir(), kafka: broker, elasticsearch: es, prefix: name}
	s.env = append(os.Environ(),
		"DATELINE_KAFKA="+broker, "DATELINE_ELASTICSEARCH="+es,
		"DATELINE_TOPIC="+name+"-raw", "DATELINE_DEAD_TOPIC="+name+"-dead", "DATELINE_GROUP="+name,
		"DATELINE_PREFIX="+name, "DATELINE_PARTITIONS=4", "NO_COLOR=1")
	return s
}

// run runs a subcommand to its end, checks its exit code, and returns its standard output.
func (s *stack) run(code int, stdin string, args ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.bin, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = s.dir, s.env, strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatalf("dateline %s: %v", strings.Join(args, " "), err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		s.t.Fatalf("dateline %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, code, out.String(), errs.String())
	}
	return out.String()
}

// worker is a running `dateline work`.
type worker struct {
	*exec.Cmd
	log *lines
}

// lines is what a worker has logged so far.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (s *stack) work(args ...string) *worker {
	s.t.Helper()
	w := &worker{exec.Command(s.bin, append([]string{"work"}, args...)...), &lines{}}
	w.Dir, w.Env = s.dir, s.env
	w.Stdout, w.Stderr = w.log, w.log
	if err := w.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if w.ProcessState == nil {
			_ = w.Process.Kill()
			_ = w.Wait()
		}
		if s.t.Failed() {
			s.t.Logf("worker's log:\n%s", w.log)
		}
	})
	return w
}

// stop asks the worker to end and returns its peak of resident memory in bytes.
func (w *worker) stop(t *testing.T) int64 {
	t.Helper()
	peak := resident(w.Process.Pid)
	if err := w.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := w.Wait(); err != nil {
		t.Errorf("worker ended with %v after SIGTERM\n%s", err, w.log)
	}
	return peak
}

// resident is the peak of a process's resident memory, 0 where /proc does not tell.
func resident(pid int) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// count is the number of documents behind an alias that match a query string, after a refresh of
// all indices.
func (s *stack) count(alias, query string) int {
	s.t.Helper()
	u := s.elasticsearch + "/" + s.prefix + "-" + alias
	if resp, err := http.Post(s.elasticsearch+"/"+s.prefix+"-*/_refresh", "", nil); err == nil {
		resp.Body.Close()
	}
	resp, err := http.Get(u + "/_count?ignore_unavailable=true&q=" + url.QueryEscape(query))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	switch resp.StatusCode {
	case http.StatusNotFound, http.StatusServiceUnavailable, http.StatusTooManyRequests: // not there yet, or its shards are not, or it is busy
		return 0
	}
	var c struct{ Count *int }
	if err := json.Unmarshal(body, &c); err != nil || c.Count == nil {
		s.t.Fatalf("count %s: %s", alias, body)
	}
	return *c.Count
}

// eventually waits until the condition holds.
func (s *stack) eventually(what string, within time.Duration, ok func() bool) {
	s.t.Helper()
	s.eventuallyAt(200*time.Millisecond, what, within, ok)
}

// eventuallyAt asks at a pace of its own: what asks an index costs it something.
func (s *stack) eventuallyAt(pace time.Duration, what string, within time.Duration, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(within); ; time.Sleep(pace) {
		if ok() {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("not within %s: %s", within, what)
		}
	}
}

func (s *stack) articles(n int) func() bool {
	return func() bool { return s.count("articles", "*") >= n }
}

func raw(t *testing.T, fields map[string]string) string {
	t.Helper()
	b, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

const (
	accordLong = `The Tarkwa Growers' Alliance (TGA) said on 14 January 2025 that it had signed an accord with Meridian Grain Ltd. in Accra.

“We are certain that this accord will hold,” said Abena Owusu, a spokeswoman for the TGA. The United Nations welcomed the deal.`
	accordShort = `The Tarkwa Growers' Alliance (TGA) said on 14 January 2025 that it had signed an accord in Accra.`
)

func TestKafkaToElasticsearch(t *testing.T) {
	s := newStack(t)
	s.run(0, "", "setup") // idempotent
	long := map[string]string{"id": "accord", "title": "Growers sign accord", "text": accordLong, "published": "2025-01-16", "source": "Harbour Wire"}
	s.run(0, raw(t, long), "ingest", "--input", "jsonl", "-")
	one, two := s.work(), s.work()
	s.eventually("the article is indexed", time.Minute, s.articles(1))
	s.eventually("its quotes are, too", time.Minute, func() bool { return s.count("quotes", "*") > 0 })

	for _, args := range [][]string{
		{"--organisation", "Tarkwa Growers' Alliance"}, {"--organisation", "TGA"}, {"--speaker", "Abena Owusu"}, {"--place", "Accra"},
		{"--from", "2025-01-14", "--to", "2025-01-15"}, {"accord"},
	} {
		out := s.run(0, "", append([]string{"search", "--format", "jsonl"}, args...)...)
		if !strings.Contains(out, `"accord"`) {
			t.Errorf("search %q does not find the article: %s", args, out)
		}
	}
	if out := s.run(0, "", "search", "--format", "jsonl", "--person", "Nobody Inparticular"); strings.Contains(out, `"accord"`) {
		t.Errorf("search for a stranger finds the article")
	}
	quotes, mentions := s.count("quotes", "*"), s.count("mentions", "*")
	if quotes == 0 || mentions < 4 {
		t.Errorf("%d quote documents, %d mention documents, want some of each", quotes, mentions)
	}

	// The same article again leaves one copy of everything.
	s.run(0, raw(t, long), "ingest", "--input", "jsonl", "-")
	s.run(0, raw(t, map[string]string{"id": "other", "text": "Nothing happened in Oslo.", "published": "2025-01-17"}), "ingest", "--input", "jsonl", "-")
	s.eventually("the second article is indexed", time.Minute, s.articles(2))
	if n := s.count("articles", "*"); n != 2 {
		t.Errorf("%d articles, want 2", n)
	}

	// A shortened revision leaves nothing of the longer one.
	short := map[string]string{"id": "accord", "title": "Growers sign accord", "text": accordShort, "published": "2025-01-16", "modified": "2025-01-17"}
	s.run(0, raw(t, short), "ingest", "--input", "jsonl", "-")
	find := func(args ...string) bool {
		return strings.Contains(s.run(0, "", append([]string{"search", "--format", "jsonl"}, args...)...), `"accord"`)
	}
	// A Write is several requests, so each trace goes at a time of its own.
	stale := func() bool {
		left := s.count("quotes", `"certain that this accord"`) > 0 // refreshes all, for the searches
		return left || find("--speaker", "Abena Owusu") || find("--organisation", "Meridian Grain")
	}
	s.eventually("nothing of the longer revision is left", time.Minute, func() bool { return !stale() })
	// The older revision, replayed, does not win.
	s.run(0, raw(t, long), "ingest", "--input", "jsonl", "-")
	s.run(0, raw(t, map[string]string{"id": "third", "text": "Nothing happened in Lima.", "published": "2025-01-17"}), "ingest", "--input", "jsonl", "-")
	s.eventually("the third article is indexed", time.Minute, s.articles(3))
	time.Sleep(time.Second)
	if stale() {
		t.Error("an older revision replaced a newer one")
	}
	one.stop(t)
	two.stop(t)
}

func TestKillAndRestart(t *testing.T) {
	if testing.Short() {
		t.Skip("2,000 articles: not with -short")
	}
	const n = 2000
	s := newStack(t)
	var b strings.Builder
	for i := range n {
		b.WriteString(raw(t, map[string]string{
			"id": fmt.Sprintf("article-%04d", i), "published": "2025-01-16",
			"text": strings.Repeat(accordLong+"\n\n", 1+i%5) + fmt.Sprintf("This is dispatch number %d.", i),
		}))
	}
	s.run(0, b.String(), "ingest", "--input", "jsonl", "-")
	first := s.work()
	s.eventually("the worker is in the middle", time.Minute, s.articles(200))
	if err := first.Process.Kill(); err != nil { // kill -9
		t.Fatal(err)
	}
	_ = first.Wait()
	if got := s.count("articles", "*"); got >= n {
		t.Fatalf("the worker had finished (%d articles) before it was killed: the test shows nothing", got)
	} else {
		t.Logf("killed with %d of %d articles stored", got, n)
	}
	second := s.work()
	s.eventually("all articles are indexed", 3*time.Minute, s.articles(n))
	time.Sleep(2 * time.Second) // time enough for a double to show
	if got := s.count("articles", "*"); got != n {
		t.Errorf("%d articles, want %d, none twice", got, n)
	}
	peak := second.stop(t)
	t.Logf("peak resident memory of the worker: %d MB", peak>>20)
	if peak > 300<<20 {
		t.Errorf("the worker held %d MB, want under 300", peak>>20)
	}
}

func TestBadMessages(t *testing.T) {
	s := newStack(t)
	good := raw(t, map[string]string{"id": "good", "text": "The minister spoke in Nairobi.", "published": "2025-01-16"})
	// Straight onto the topic, as a foreign producer would.
	bad := []string{"not JSON at all", `{"id":"cut","text":"Trunc`, `{"id":"empty","text":""}`, "\x00\x01\x02\xff\xfe", `{"id":"huge","text":"` + strings.Repeat("word ", 600_000) + `"}`}
	produce(t, s, append(bad, good)...)
	w := s.work()
	s.eventually("the good article is indexed", time.Minute, s.articles(1))
	w.stop(t)
	letters := dead(t, s, len(bad))
	for i, l := range letters {
		if l.Reason == "" || l.Origin.Topic == "" {
			t.Errorf("dead letter %d lacks its reason or origin: %+v", i, l)
		}
	}
	for _, want := range bad {
		found := false
		for _, l := range letters {
			found = found || string(l.Value) == want
		}
		if !found {
			t.Errorf("no dead letter keeps the bytes %.40q", want)
		}
	}
	// For dashboards the worker has told of what it did, at the latest when it was stopped.
	causes := map[string]bool{}
	for _, l := range letters {
		causes[fmt.Sprintf("health.dead:>0 AND health.stage:%q AND health.reason:%q", l.Stage, l.Kind)] = true
	}
	for query := range causes {
		if s.count("health", query) != 1 {
			t.Errorf("health lacks %s", query)
		}
	}
	if n := s.count("health", "health.stage:*"); n != len(causes) {
		t.Errorf("health has %d causes, want %d", n, len(causes))
	}
	if n := s.count("health", "health.stored:1 AND health.read:6"); n != 1 {
		t.Errorf("health tells %d times of one article stored and six messages read", n)
	}
}

// produce puts the values onto the raw topic as they are.
func produce(t *testing.T, s *stack, values ...string) {
	t.Helper()
	w := &kafka.Writer{Addr: kafka.TCP(s.kafka), Topic: s.prefix + "-raw", BatchTimeout: 10 * time.Millisecond, BatchBytes: 16 << 20, RequiredAcks: kafka.RequireAll}
	defer w.Close()
	for _, v := range values {
		err := w.WriteMessages(t.Context(), kafka.Message{Value: []byte(v)})
		// A busy broker takes a moment to know of a new topic.
		for end := time.Now().Add(time.Minute); errors.Is(err, kafka.UnknownTopicOrPartition) && time.Now().Before(end); time.Sleep(time.Second) {
			err = w.WriteMessages(t.Context(), kafka.Message{Value: []byte(v)})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// dead reads n letters from the dead-letter topic.
func dead(t *testing.T, s *stack, n int) []pipeline.DeadLetter {
	t.Helper()
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{s.kafka}, Topic: s.prefix + "-dead", GroupID: s.prefix + "-look", StartOffset: kafka.FirstOffset, MaxBytes: 32 << 20})
	defer r.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var letters []pipeline.DeadLetter
	for len(letters) < n {
		m, err := r.ReadMessage(ctx)
		if err != nil {
			t.Fatalf("%d of %d dead letters read: %v", len(letters), n, err)
		}
		var l pipeline.DeadLetter
		if err := json.Unmarshal(m.Value, &l); err != nil {
			t.Fatalf("dead letter %s: %v", m.Value, err)
		}
		letters = append(letters, l)
	}
	return letters
}
