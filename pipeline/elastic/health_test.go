package elastic

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

func TestHealth(t *testing.T) {
	x := open(t)
	old := []byte(`{"@timestamp":"` + time.Now().AddDate(0, 0, -91).UTC().Format(time.RFC3339) + `","host":{"name":"gone"}}`)
	if err := x.call(t.Context(), esapi.IndexRequest{Index: x.health(), Body: bytes.NewReader(old), Refresh: "true"}, nil); err != nil {
		t.Fatal(err)
	}
	lag := int64(0)
	h := Health{Host: "one", Time: time.Now(), Read: 5, Stored: 3, Retries: 1, Lag: &lag, Waiting: map[string]int64{"raw/0": 5, "raw/3": 7}, Dead: []DeadCount{{"decode", "cut", 1}, {"store", "rejected", 1}}}
	if err := x.WriteHealth(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	h.Lag, h.Dead, h.Waiting = nil, nil, nil
	if err := x.WriteHealth(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		query node
		want  int
	}{
		"in all":            {node{"match_all": node{}}, 6},
		"of a partition":    {node{"term": node{"health.partition": "raw/3"}}, 1},
		"of those waiting":  {node{"range": node{"health.waiting": node{"gte": 5}}}, 2},
		"with a lag":        {node{"exists": node{"field": "health.lag"}}, 1},
		"of a dead letter":  {node{"term": node{"health.reason": "rejected"}}, 1},
		"of a worker":       {node{"term": node{"host.name": "one"}}, 6},
		"older than kept":   {node{"term": node{"host.name": "gone"}}, 0},
		"of its throughput": {node{"range": node{"health.stored": node{"gte": 3}}}, 2},
	} {
		if got := x.ids(t, x.health(), c.query); len(got) != c.want {
			t.Errorf("%d documents %s, want %d", len(got), what, c.want)
		}
	}
	// Without setup nothing is made of guesses.
	y := x.under(t, x.cfg.Prefix+"y")
	if err := y.WriteHealth(t.Context(), h); !errors.Is(err, ErrSetup) {
		t.Errorf("without setup: %v", err)
	}
	if err := x.call(t.Context(), esapi.IndicesExistsRequest{Index: []string{y.health()}}, nil); err == nil {
		t.Error("the index is made without setup")
	}
}
