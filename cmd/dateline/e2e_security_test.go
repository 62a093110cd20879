package main_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
)

const elasticPassword = "for-this-test-only"

// apiKey makes an API key of a role in deploy/compose/roles, for the stack's prefix.
func (s *stack) apiKey(file string) string {
	s.t.Helper()
	role, err := os.ReadFile("../../deploy/compose/roles/" + file)
	if err != nil {
		s.t.Fatal(err)
	}
	role = bytes.ReplaceAll(role, []byte("\"dateline-"), []byte("\""+s.prefix+"-"))
	body, err := json.Marshal(map[string]any{"name": file, "role_descriptors": map[string]json.RawMessage{"role": role}})
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, s.elasticsearch+"/_security/api_key", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.SetBasicAuth("elastic", elasticPassword)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	var key struct{ Encoded string }
	if err := json.NewDecoder(res.Body).Decode(&key); err != nil || key.Encoded == "" {
		s.t.Fatalf("make API key: %s, %v", res.Status, err)
	}
	return key.Encoded
}

// as makes later commands use the key.
func (s *stack) as(key string) {
	for i, e := range s.env {
		if strings.HasPrefix(e, "DATELINE_ELASTICSEARCH_API_KEY=") {
			s.env[i] = "DATELINE_ELASTICSEARCH_API_KEY=" + key
			return
		}
	}
	s.env = append(s.env, "DATELINE_ELASTICSEARCH_API_KEY="+key)
}

// The roles that deploy has are enough for each subcommand, and for no more; and no key shows.
func TestLeastPrivilege(t *testing.T) {
	if testing.Short() {
		t.Skip("a node of its own: not with -short")
	}
	node := servers.StartElasticsearch(t, servers.ElasticsearchOptions{Password: elasticPassword})
	s := unsetStack(t, servers.Kafka(t), node.URL)
	setup, worker, reader := s.apiKey("setup.json"), s.apiKey("worker.json"), s.apiKey("reader.json")

	s.as(setup)
	s.run(0, "", "setup")
	s.as(worker)
	s.run(0, raw(t, map[string]string{"id": "accord", "title": "Growers sign accord", "text": accordLong, "published": "2025-01-16"}), "ingest", "--input", "jsonl", "-")
	s.run(1, "", "setup", "--prefix", "other") // what is not there a worker can't make
	w := s.work("--metrics", "127.0.0.1:0")
	at := s.metricsOf(w)
	s.eventually("the worker is ready with its key", time.Minute, func() bool {
		code, _ := fetched(at + "/readyz")
		return code == 200
	})
	s.as(reader)
	s.eventually("the reader finds the article", time.Minute, func() bool {
		return strings.Contains(s.run(0, "", "search", "accord", "--format", "jsonl"), `"accord"`)
	})
	if out := s.run(0, "", "status", "--format", "json", "--window", "100ms"); !strings.Contains(out, `"articles": 1`) {
		t.Errorf("the reader's status: %s", out)
	}
	// A newer, shorter revision, and an article of another month: documents are removed and indices made.
	s.as(worker)
	s.run(0, raw(t, map[string]string{"id": "accord", "title": "Growers sign accord", "text": accordShort, "published": "2025-02-16", "modified": "2025-02-17"}), "ingest", "--input", "jsonl", "-")
	s.eventually("the old quotes are gone", time.Minute, func() bool {
		out := s.run(0, "", "search", "accord", "--format", "jsonl")
		return strings.Contains(out, "2025-02-16") && !strings.Contains(s.run(0, "", "search", "--speaker", "Owusu", "--format", "jsonl"), "accord")
	})
	s.run(0, "", "reprocess", "--all")
	w.stop(t)
	s.as(reader)
	cmd := exec.Command(s.bin, "reprocess", "--all")
	cmd.Dir, cmd.Env = s.dir, s.env
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "lacks the privilege") {
		t.Errorf("a reader that writes: %v %s", err, out)
	}
	shown := w.log.String() + string(out) + s.run(0, "", "config")
	for _, key := range []string{setup, worker, reader} {
		if strings.Contains(shown, key) {
			t.Error("a key is in a log, an error or the configuration")
		}
	}
}
