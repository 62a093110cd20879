package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
)

// metricsOf waits for a worker's log to say where its metrics are.
func (s *stack) metricsOf(w *worker) string {
	s.t.Helper()
	var at string
	s.eventually("the worker says where its metrics are", time.Minute, func() bool {
		for line := range strings.Lines(w.log.String()) {
			var entry struct{ Msg, At string }
			if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "serving metrics" {
				at = "http://" + entry.At
			}
		}
		return at != ""
	})
	return at
}

func fetched(url string) (int, string) {
	res, err := http.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

// A worker shows what it did, says when it is ready, and stops being so when a server goes away.
func TestWorkerMetrics(t *testing.T) {
	node := servers.StartElasticsearch(t, servers.ElasticsearchOptions{})
	s := newStackAt(t, servers.Kafka(t), node.URL)
	s.run(3, raw(t, map[string]string{"id": "good", "text": "The minister spoke in Nairobi on Monday.", "language": "en"})+`{"id":"bad"`+"\n", "ingest", "--input", "jsonl", "-")
	produce(t, s, `{"id":"cut","text":"Trunc`, `{"id":"typed","text":12}`)
	w := s.work("--metrics", "127.0.0.1:0", "--pprof")
	at := s.metricsOf(w)
	has := func(lines ...string) func() bool {
		return func() bool {
			_, body := fetched(at + "/metrics")
			for _, l := range lines {
				if !strings.Contains(body, l+"\n") {
					return false
				}
			}
			return true
		}
	}
	s.eventually("the counts show", time.Minute, has(
		"dateline_articles_read_total 3", "dateline_articles_stored_total 1",
		`dateline_dead_letters_total{reason="cut",stage="decode"} 1`, `dateline_dead_letters_total{reason="wrong-type",stage="decode"} 1`,
		`dateline_articles_by_language_total{language="en"} 1`,
		`dateline_stage_seconds_count{stage="extract"} 1`, "dateline_in_flight_bytes 0", "dateline_oldest_unacknowledged_seconds 0",
	))
	s.eventually("the lag of all partitions shows", time.Minute, func() bool {
		_, body := fetched(at + "/metrics")
		return strings.Count(body, fmt.Sprintf("dateline_consumer_lag{partition=\"%s\",topic=\"%s-raw\"} 0", "0", s.prefix)) == 1 &&
			strings.Count(body, "dateline_consumer_lag{") == 4
	})
	if _, body := fetched(at + "/metrics"); !strings.Contains(body, `dateline_bulk_items_total{outcome="done"}`) || !strings.Contains(body, "dateline_build_info{extraction=\"") {
		t.Errorf("metrics lack bulk items or build:\n%s", body)
	}
	var report struct {
		Queue struct{ Lag int }
		Dead  struct{ Total int } `json:"dead_letters"`
		Index struct{ Articles int }
	}
	s.eventually("status says the same", time.Minute, func() bool {
		out := s.run(0, "", "status", "--format", "json", "--window", "100ms")
		if err := json.Unmarshal([]byte(out), &report); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return report.Queue.Lag == 0 && report.Dead.Total == 3 && report.Index.Articles == 1
	})
	if out := s.run(0, "", "status", "--window", "100ms"); !strings.Contains(out, "decode cut ") || !strings.Contains(out, "0 behind") {
		t.Errorf("status says\n%s", out)
	}
	ready := func(want int) func() bool {
		return func() bool {
			code, _ := fetched(at + "/readyz")
			return code == want
		}
	}
	s.eventually("the worker is ready", time.Minute, ready(200))
	goroutines := func() (n int) {
		_, body := fetched(at + "/metrics")
		for line := range strings.Lines(body) {
			if _, err := fmt.Sscanf(line, "go_goroutines %d", &n); err == nil {
				return n
			}
		}
		return 0
	}
	before := goroutines()
	node.Stop(t)
	s.eventually("without Elasticsearch it is not", time.Minute, ready(503))
	if code, body := fetched(at + "/healthz"); code != 200 {
		t.Errorf("/healthz answers %d %s: a server that is down is no reason to restart the worker", code, body)
	}
	if _, body := fetched(at + "/readyz"); !strings.Contains(body, `"kafka":"ok"`) || strings.Contains(body, `"elasticsearch":"ok"`) {
		t.Errorf("/readyz says %s", body)
	}
	node.Start(t)
	s.eventually("it is ready again", time.Minute, ready(200))
	s.eventually("it has no more goroutines than before", time.Minute, func() bool { return before > 0 && goroutines() <= before+4 }) // a connection has two
	if code, _ := fetched(at + "/debug/pprof/"); code != 200 {
		t.Errorf("/debug/pprof/ answers %d", code)
	}
	w.stop(t)
	letters := 0
	for line := range strings.Lines(w.log.String()) {
		var entry struct{ Msg, Origin, Stage, Kind, Reason string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Errorf("the log is not JSON: %s", line)
		}
		if entry.Msg == "dead letter" && entry.Stage == "decode" && entry.Kind != "" && entry.Reason != "" && strings.HasPrefix(entry.Origin, s.prefix+"-raw/") {
			letters++
		}
	}
	if letters != 2 {
		t.Errorf("%d dead letters have a line of their own, want 2\n%s", letters, w.log)
	}
	out, err := exec.Command(s.bin, "work", "--kafka", s.kafka, "--pprof", "--elasticsearch", s.elasticsearch, "--topic", s.prefix+"-raw", "--prefix", s.prefix).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--pprof needs --metrics") {
		t.Errorf("--pprof alone: %v %s", err, out)
	}
}
