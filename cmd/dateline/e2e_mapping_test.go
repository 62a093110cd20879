package main_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
)

// Articles that an index's mapping can't take are dead letters with Elasticsearch's reason; once the mapping
// is mended a replay stores every one of them.
func TestReplayAfterMapping(t *testing.T) {
	s := newStack(t)
	defer s.drop()
	// Somebody has made the month's index by hand, with a source that is a number.
	index := s.elasticsearch + "/" + s.prefix + "-articles-2025.01"
	ask := func(method, body string) {
		t.Helper()
		req, err := http.NewRequest(method, index, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %s", method, index, res.Status)
		}
	}
	ask(http.MethodPut, `{"mappings":{"properties":{"article":{"properties":{"source":{"type":"long"}}}}}}`)
	const n = 12
	var b strings.Builder
	for i := range n {
		b.WriteString(raw(t, map[string]string{"id": fmt.Sprintf("m%d", i), "text": accordShort, "published": "2025-01-16", "source": "Harbour Wire"}))
	}
	b.WriteString(raw(t, map[string]string{"id": "other", "text": accordShort, "published": "2025-02-16", "source": "Harbour Wire"}))
	s.run(0, b.String(), "ingest", "--input", "jsonl", "-")
	w := s.work()
	letters := dead(t, s, n)
	for _, l := range letters {
		if l.Stage != pipeline.StageStore || l.Kind != pipeline.KindRejected || !strings.Contains(l.Reason, "article.source") || !strings.Contains(l.Reason, "long") {
			t.Errorf("%s %s: %s; want Elasticsearch's reason", l.Stage, l.Kind, l.Reason)
		}
	}
	s.eventually("the other month's article is stored", time.Minute, s.articles(1))
	ask(http.MethodDelete, "") // the template makes it anew
	s.run(0, "", "replay")
	s.eventually("all are stored", time.Minute, s.articles(n+1))
	s.eventually("their names are, too", time.Minute, func() bool { return s.count("mentions", "*") >= n })
	w.stop(t)
	if out := s.run(0, "", "replay", "--dry-run"); out != "" {
		t.Errorf("there are still letters:\n%s", out)
	}
}
